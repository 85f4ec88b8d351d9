/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict of each service on one source now, and the evidence for it: filled by one function,
 * rendered by two pure ones. Not here: limits, which depend on the connections open just then.
 */
#ifndef SEKISHO_WHY_H
#define SEKISHO_WHY_H

#include <stdio.h>
#include "enforce/instance.h"
#include "log/event.h"
#include "net/address.h"
#include "show/gate_verdict.h"
#include "show/shown_ban.h"

#define WHY_EVIDENCE_MAX 20
#define WHY_PAST_MAX	 20
#define WHY_STALE_MAX	 8

struct why_service {
	char name[CONFIG_NAME_SIZE];
	enum ban_services group; /* the group that it is in */
	bool removed;		 /* no longer configured, and not shown */
	unsigned country;	 /* by which it judges: that of the address, or a list's code */
	struct verdict verdict;
};

struct why_list {
	char name[CONFIG_NAME_SIZE];
	uint8_t id;
	bool allow;
	uint16_t code;	   /* 0: none */
	uint16_t services; /* config_list_services() */
	char source[512];
};

/* A device of an account that tries its old password. */
struct why_stale {
	char account[EVENT_ACCOUNT_SIZE];
	int64_t last_wall_ns; /* exact to a day */
};

struct why_evidence {
	int64_t wall_ns;
	char *line;
};

struct why {
	struct address address;
	struct prefix source; /* IPv6: the /64 unless configured */
	unsigned country;
	uint32_t provider; /* number of its autonomous system; 0: not known */
	bool loaded;	   /* else nothing is in force: made from configuration and store */
	enum gate_mode mode;
	char config_path[512];
	struct why_service services[SERVICE_MAX];
	size_t service_count;
	char protected[96];	 /* why no ban may touch it: protected_why(); "": a ban may */
	struct ban_record *bans; /* in force, shortest prefix first; for one, BAN_SMTP first */
	size_t ban_count;
	struct ban_record past[WHY_PAST_MAX]; /* ended bans, the last first */
	size_t past_count;
	struct why_list *lists; /* by name; all that contain the address */
	size_t list_count;
	struct why_evidence evidence[WHY_EVIDENCE_MAX]; /* newest first */
	size_t evidence_count;
	struct why_stale stale[WHY_STALE_MAX]; /* the last first */
	size_t stale_count;
	struct fault faults[8]; /* what could not be asked */
	size_t fault_count;
};

/* Fills *why (the caller's, why_free()). Asks the gate if there is one, else the store. -ENOMEM.
 * `faults` has what could not be asked; but errors of the gate's policy, table and bans are
 * returned, as the answer would be wrong without these. */
int why_fill(const struct instance *instance, const struct address *address, int64_t now_wall_ns,
	     uint64_t now_boot_ns, struct why **why, struct fault *fault);
void why_free(struct why *why);
/* The number of the autonomous system; 0: not known. why_provider.c. */
uint32_t why_provider(const struct config *config, const struct address *address);

/* Prints the text of `sekisho why ADDRESS`. Texts of strangers are escaped. */
void text_why(FILE *out, const struct why *why);
/* One line, malloc()ed; NULL: out of memory. `then`: the past (why_then.h), or NULL. */
struct why_then;
char *json_why(const struct why *why, const struct why_then *then);

/* The name of the list with this id among `lists`, or NULL. */
const char *why_list_name(const struct why *why, uint8_t id);

/* Calls `step` with each action that is needed so that the source passes. */
void why_undo(const struct why *why, void (*step)(const char *text, void *context), void *context);

/* "192.0.2.5" for an IPv4 source, "2001:db8::/64" for an IPv6 one. */
void why_source_text(const struct why *why, char text[PREFIX_TEXT_SIZE]);

static inline void cleanup_why(struct why **why)
{
	why_free(*why);
}

#endif
