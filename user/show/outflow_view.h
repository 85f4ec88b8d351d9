/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outflow breaker as people and scripts see it: its state with names for the numbers, and the
 * suspects of a trip. Filled by one function, rendered by the pure ones. Not here: what is done
 * about it.
 */
#ifndef SEKISHO_SHOW_OUTFLOW_H
#define SEKISHO_SHOW_OUTFLOW_H

#include <jansson.h>
#include <stdio.h>
#include "kernel/outflow.h"
#include "show/members.h"

#define OUTFLOW_NAME_SIZE    64
#define OUTFLOW_CGROUP_SIZE  256
#define OUTFLOW_SUSPECTS     8
#define OUTFLOW_DESTINATIONS 5
/* Attempts so long before a trip's first held one are evidence too: they used up the tokens. */
#define OUTFLOW_BEFORE_NS (60 * 1000000000ULL)

/* One sender in one cgroup, from the last attempts. */
struct outflow_suspect {
	struct outflow_key who; /* port 0 */
	uint64_t cgroup;
	uint64_t attempts, held; /* held: not passed at first, in either mode */
	uint64_t last_ns;
	struct address destinations[OUTFLOW_DESTINATIONS]; /* the most recent first */
	size_t destination_count;
	bool more; /* destinations than these */
	char name[OUTFLOW_NAME_SIZE];
	char cgroup_path[OUTFLOW_CGROUP_SIZE]; /* "" when not known */
};

/* The suspects of the breaker's trip, those with most `held` first; at most OUTFLOW_SUSPECTS, whose
 * names are not filled in. Returns how many. Pure. */
size_t outflow_suspects(const struct gate_outflow *state, const struct gate_breaker *breaker,
			struct outflow_suspect *suspects);

struct outflow_view {
	struct gate_outflow *state;
	int64_t now_wall_ns;
	char (*breaker_names)[OUTFLOW_NAME_SIZE]; /* as state->breakers */
	char (*count_names)[OUTFLOW_NAME_SIZE];	  /* as state->counts */
	char (*recent_names)[OUTFLOW_NAME_SIZE];  /* as state->recent */
	struct {
		struct outflow_suspect list[OUTFLOW_SUSPECTS];
		size_t count;
	} * suspects; /* as state->breakers; only for tripped ones */
};

#define OUTFLOW_SUSPECT_TEXT 640

enum outflow_state {
	OUTFLOW_IS_OFF = 0, /* no ports */
	OUTFLOW_IS_OPEN,
	OUTFLOW_IS_TRIPPED,
	OUTFLOW_IS_RELEASED,
};

/* *view is the caller's, outflow_view_free(). Asks the user database, the devices and the cgroup
 * file system for names. */
int outflow_view_fill(struct gate *gate, int64_t now_wall_ns, uint64_t now_boot_ns,
		      struct outflow_view **view, struct fault *fault);
void outflow_view_free(struct outflow_view *view);

/* Fills in the suspects of one breaker's last trip, even if it has ended, as far as the last
 * attempts still show them. */
void outflow_view_suspects(struct outflow_view *view, size_t index);

/* "www-data", "eth1", "10.0.3.0/24 by br0", "" when there is no name. */
void outflow_name(const struct outflow_rules *rules, const struct outflow_key *key,
		  char name[OUTFLOW_NAME_SIZE]);
/* "this machine", "guests by br0", "user www-data (uid 33)": whose breaker it is. Pure. */
void outflow_whose_breaker(const struct outflow_key *key, const char *name,
			   char text[OUTFLOW_NAME_SIZE * 2]);
/* "uid 33 (www-data)", "by br0"...: who sends. Pure. */
void outflow_who_sends(const struct outflow_key *key, const char *name,
		       char text[OUTFLOW_NAME_SIZE * 2]);
/* "uid 33 (www-data) in /system.slice/x.service, 6 attempts, to 192.0.2.5 and others". Pure. */
void outflow_suspect_format(const struct outflow_suspect *suspect, char text[OUTFLOW_SUSPECT_TEXT]);

/* What follows is pure. */
enum outflow_state outflow_state(const struct outflow_view *view);
const char *outflow_state_name(enum outflow_state state); /* "off", "open"... */
const char *outflow_origin_name(__u32 origin);		  /* "local", "guest"...: `who` in JSON */
const char *outflow_verdict_name(enum outflow_verdict verdict);
int64_t outflow_wall_ns(const struct outflow_view *view, uint64_t boot_ns); /* 0 stays 0 */
/* The present trips: since_ns and `first` (in state->breakers) are those of the trip that began
 * first. */
struct outflow_trip {
	size_t count, first; /* count 0: none */
	uint64_t since_ns, held;
};
struct outflow_trip outflow_trip(const struct outflow_view *view);
/* All counters of one port; for -1 the sum of all ports. */
struct outflow_count outflow_sum(const struct outflow_view *view, int port);

/* The members of struct outflow_count except its time; the metrics are by port. */
extern const struct member outflow_count_members[];

/* A new reference; `view` NULL is null. `recent`: with the last attempts. Schema: docs/json.md. */
json_t *outflow_to_json(const struct outflow_view *view, bool recent);
json_t *outflow_suspects_to_json(const struct outflow_suspect *suspects, size_t count);
void text_outflow(FILE *out, const struct outflow_view *view);
/* One line or two for `status`, behind a key that the caller has printed. */
void text_outflow_short(FILE *out, const struct outflow_view *view);

static inline void cleanup_outflow_view(struct outflow_view **view)
{
	outflow_view_free(*view);
}

#endif
