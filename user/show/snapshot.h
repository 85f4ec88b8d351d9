/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of one instance at one instant: filled by one function, rendered by the pure ones
 * of render.h. Not here: how it looks, and what a single address would meet (why.h).
 */
#ifndef SEKISHO_SNAPSHOT_H
#define SEKISHO_SNAPSHOT_H

#include "enforce/instance.h"
#include "feed/dns_names.h"
#include "kernel/attach.h"
#include "show/daemon_status.h"
#include "show/members.h"
#include "show/outflow_view.h"
#include "show/talkers.h"
#include "show/stand_in.h"

/* Attempts are SYNs. `would_drop` counts those that monitor mode would have dropped, and that
 * passed. */
struct snapshot_sum {
	uint64_t attempts, passed, dropped, would_drop, handshakes;
	uint64_t open; /* connections now */
};

/* The metrics' names lack their beginning, which names a service or a country. */
extern const struct member snapshot_sum_members[];

struct snapshot_service {
	char name[CONFIG_NAME_SIZE]; /* "" for id 0: packets of no known port */
	uint16_t ports[64];	     /* host order; the gate's if one is loaded */
	size_t port_count;
	bool removed; /* no longer configured; its counts are still there */
	struct snapshot_sum sum;
	struct country_counts countries[COUNTRY_COUNT];
	uint32_t open[COUNTRY_COUNT];
	struct reason_counts reasons[REASON_COUNT][2]; /* [..][enum gate_mode] */
	uint64_t cookies,
		would_cookies; /* SYNs answered on the device, or in monitor mode would be */
};

struct snapshot_list {
	char name[CONFIG_NAME_SIZE]; /* "#7" when the store has no list with id 7 */
	bool known;		     /* the members below are known; `hits` always is */
	bool allow;
	uint16_t code; /* as store_list.code */
	uint64_t prefixes;
	int64_t updated_wall_ns;
	struct list_counts hits;
};

/* A list that another server keeps. */
struct snapshot_feed {
	char name[CONFIG_NAME_SIZE];
	int64_t checked_s; /* when that server last answered, since 1970; 0: never */
	uint64_t every_s;
};

/* The tables that may fill up, in the order in which they are shown. */
enum snapshot_table {
	SNAPSHOT_TABLE_SOURCES = 0,
	SNAPSHOT_TABLE_NETWORKS,
	SNAPSHOT_TABLE_BANS,
	SNAPSHOT_TABLE_PREFIXES,
	SNAPSHOT_TABLE_CONNECTIONS,
	SNAPSHOT_TABLE_OVER_LIMIT, /* records of connections to be closed */
	SNAPSHOT_TABLE_COUNT,
};

struct snapshot_usage {
	bool known; /* false: the gate has no such table, or none is loaded */
	struct gate_usage usage;
};

extern const struct member snapshot_usage_members[]; /* of struct gate_usage */

#define SNAPSHOT_TOP 10
struct snapshot_top { /* those with the most attempts, the most first */
	struct talker talkers[SNAPSHOT_TOP];
	size_t count;
};

struct snapshot {
	int64_t now_wall_ns;

	bool loaded; /* a gate is; else gate_fault says why not */
	struct fault gate_fault, store_fault;
	bool has_policy;
	enum gate_mode mode; /* the gate's; with has_policy */
	enum gate_mode configured_mode;
	bool policy_differs;   /* the gate's policy is not the configuration's */
	char config_path[512]; /* "" for the built-in defaults */

	struct snapshot_sum sum; /* of all services */
	unsigned service_count;	 /* ids 1 .. service_count; 0 stands for no known port */
	struct snapshot_service services[SERVICE_MAX];
	int64_t since_wall_ns; /* when counting began; 0: not known */
	bool has_minute;
	uint64_t minute_ns; /* how long the last minute was */
	struct snapshot_sum minute[SERVICE_MAX], minute_sum;
	bool has_top;
	struct snapshot_top top[2];  /* [METERS_SOURCES], [METERS_NETWORKS] */
	struct snapshot_list *lists; /* by name */
	size_t list_count;
	struct snapshot_feed *feeds;
	size_t feed_count;
	struct dns_name names[NEVER_BAN_NAMES_MOST]; /* of never-ban */
	size_t name_count;
	struct snapshot_usage tables[SNAPSHOT_TABLE_COUNT];

	bool has_table;
	struct gate_table_state table;
	bool has_generation;
	uint64_t generation; /* the store's */
	bool has_countries;
	char countries_source[512];
	int64_t countries_updated_wall_ns;

	struct outflow_view *outflow; /* NULL: no gate, or it cannot be read */

	struct attachment *devices;
	size_t device_count;
	struct gate_memory *maps;
	size_t map_count;

	struct daemon_status *daemon; /* NULL: it never ran */
	enum daemon_state daemon_state;
	uint64_t now_boot_ns;

	struct stand_in stand_in; /* all zero unless [policy] dovecot is on */

	/* What could not be read, so that nobody takes a missing value for zero. */
	struct fault faults[8];
	size_t fault_count;
};

enum snapshot_part {
	SNAPSHOT_COUNTS = 1,	  /* counters and lists */
	SNAPSHOT_STATUS = 2,	  /* devices, memory, country data, the daemon */
	SNAPSHOT_TOP_TALKERS = 4, /* walks the tables of sources and networks */
};

/* Fills *snapshot (the caller's, snapshot_free()) with `parts`, a sum of enum snapshot_part. An
 * instance without gate or store leaves unknown what would come from there. `faults` has what
 * cannot be read; an error is returned only when nothing can be shown: -ENOMEM, or SNAPSHOT_COUNTS
 * without the counters of a loaded gate. */
int snapshot_fill(const struct instance *instance, unsigned parts, int64_t now_wall_ns,
		  uint64_t now_boot_ns, struct snapshot **snapshot, struct fault *fault);
void snapshot_free(struct snapshot *snapshot);

/* Its part in show_devices.c: fills in the devices that the gate is on or should be on. Faults go
 * to `remember`. -ENOMEM. */
int snapshot_fill_devices(struct snapshot *snapshot, const struct instance *instance,
			  void (*remember)(struct snapshot *snapshot, const struct fault *fault));

/* Whether mail gets in past the gate by a device that the configuration means. */
bool snapshot_is_open(const struct snapshot *snapshot);

/* Its parts in snapshot_recent.c: fill in the rates of the last minute, from the counters in the
 * snapshot; and the sources and networks that connect most. Faults go to `remember`. */
void snapshot_fill_recent(struct snapshot *snapshot, const struct instance *instance,
			  void (*remember)(struct snapshot *snapshot, const struct fault *fault));
void snapshot_fill_top(struct snapshot *snapshot, const struct instance *instance,
		       void (*remember)(struct snapshot *snapshot, const struct fault *fault));

/* How long the counters have counted; 0: not known. Pure. */
uint64_t snapshot_counted_ns(const struct snapshot *snapshot);

/* Computes every `sum` from the countries' counters. Pure. */
void snapshot_sum_up(struct snapshot *snapshot);

/* One country's counters as a sum. Pure. */
struct snapshot_sum snapshot_country_sum(const struct snapshot_service *service, unsigned country);
void snapshot_sum_add(struct snapshot_sum *sum, const struct snapshot_sum *other);
bool snapshot_sum_is_zero(const struct snapshot_sum *sum);

const char *snapshot_table_name(enum snapshot_table table); /* "sources", ... */

static inline void cleanup_snapshot(struct snapshot **snapshot)
{
	snapshot_free(*snapshot);
}

#endif
