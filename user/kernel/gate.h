/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate in the kernel: programs, pins, maps. user/kernel/ is the only code that touches BPF; its
 * callers see these verbs. Every call needs root (CAP_BPF and CAP_NET_ADMIN).
 */
#ifndef SEKISHO_GATE_H
#define SEKISHO_GATE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include "contract.h"
#include "table.h"
#include "base/fault.h"
#include "lists/compile.h"

struct gate; /* open maps (and, after gate_load(), programs) of one instance */

/* Opens the pinned maps under `pins`. -ENOENT: no gate is loaded; -EPROTO: pins of another contract
 * version; -EPERM. The fault names the remedy. */
int gate_open(const char *pins, struct gate **gate, struct fault *fault);

struct gate_load_options {
	const char *pins;
	uint32_t ban_size; /* of new maps; those that exist keep their size */
	uint32_t source_size, network_size;
	bool verbose; /* the verifier's log on standard error when loading fails */
};

enum gate_start {
	GATE_FRESH,    /* the maps are new: bans and tables are to be restored */
	GATE_MIGRATED, /* the maps are of an older contract: gate_migrate() is to be called */
	GATE_FILLED,   /* the maps of a start that ended between gate_mark_filled() and
			  gate_mark_ready() */
	GATE_KEPT,     /* the maps of an earlier start */
};

/* Loads the programs of this binary over the pinned maps. Maps that are not there are created, or
 * taken over from an older contract; pinned programs of this very build are not loaded again.
 * Attaches nothing. Faults name cause and remedy: no BTF, no privilege, no bpffs, kernel too old,
 * pins of a newer contract. */
int gate_load(const struct gate_load_options *options, struct gate **gate, enum gate_start *start,
	      struct fault *fault);

/* The same in two halves: after the first, maps may be filled and tables published while the kernel
 * verifies the programs; the second waits for that. Work that needs programs (attaching, counting,
 * migrating) comes after the second. If that fails, maps that the first one made are unpinned. */
int gate_load_begin(const struct gate_load_options *options, struct gate **gate,
		    enum gate_start *start, struct fault *fault);
int gate_load_end(struct gate *gate, struct fault *fault);

void gate_close(struct gate *gate); /* the kernel side stays */

/* Whether the gate's maps are those that are pinned now: `unload` removes the pins, and a later
 * `load` makes new maps, while other processes still have the old ones open. */
bool gate_is_pinned(const struct gate *gate);
bool gate_has_programs(const struct gate *gate); /* it comes from gate_load() */
bool gate_has_pins(const char *pins);		 /* there is a gate of this contract */

/* Whether only an older contract is pinned: gate_load() would take it over. */
bool gate_is_of_older_contract(const char *pins);

/* Copies the older contract's counts and bans into those maps that could not be taken over whole.
 * May be repeated until gate_mark_filled(). Once the programs are attached, attach_settled()
 * forgets the older contract. A fault names the first map that failed; the others are copied all
 * the same. */
int gate_migrate(struct gate *gate, struct fault *fault);

/* The first one notes that the bans and the migrated data are in the maps, the second one that open
 * connections are counted as well. Until then the next gate_load() starts where this one was, so
 * that a start that was killed half-way loses nothing: counts after the first mark are never copied
 * over. */
void gate_mark_filled(struct gate *gate);
void gate_mark_ready(struct gate *gate);

/* Detaches everything and removes the pins, of any contract version. -ENOENT: nothing was there. */
int gate_unload(const char *pins, struct fault *fault);

/* ---- the policy ---- */

/* Replaces the policy in one step: a packet meets the old one or the new one. Copies it. -errno. */
int gate_policy_publish(struct gate *gate, const struct policy *policy, struct fault *fault);
int gate_policy_get(struct gate *gate, struct policy *policy,
		    struct fault *fault); /* -ENOENT: none yet */

/* ---- the services ---- */

/* The name of each id. All are empty if no policy was published yet. */
int gate_service_names(struct gate *gate, struct service_names *names, struct fault *fault);
/* The ids, as bits, under which connections are counted as open. */
int gate_services_busy(struct gate *gate, uint32_t *ids, struct fault *fault);
/* Gives the id (1 .. SERVICE_MAX - 1) that name. Counts under another name are forgotten, except
 * those of open connections. The writers' lock is held. */
int gate_service_name(struct gate *gate, unsigned id, const char *name, struct fault *fault);

/* ---- the static table ---- */

/* A prepared image is in the kernel, but not in force until it is published, in one step. */
struct gate_table;
int gate_table_prepare(const struct table_image *image, struct gate_table **table,
		       struct fault *fault);
int gate_table_publish(struct gate *gate, struct gate_table *table, struct fault *fault);
void gate_table_free(struct gate_table *table);
/* The published table's head without palette and index. -ENOENT: none yet. */
struct gate_table_state {
	uint64_t generation, prefixes, ranges, bytes;
	uint64_t services; /* compile_services() */
};
int gate_table_state(struct gate *gate, struct gate_table_state *state, struct fault *fault);
/* What the gate finds for an address, by service id. -ENOENT: there is no table yet; on this and
 * every other error all lookups are COUNTRY_ZZ without a list. */
int gate_table_find(struct gate *gate, const struct address *address,
		    struct lookup lookups[SERVICE_MAX], struct fault *fault);
/* The same for many addresses: mapping the table takes far longer than a look-up. The view shows
 * the table in force when it was opened. gate_table_look() in a view that is all zero finds
 * nothing. */
struct gate_table_view {
	const struct table_head *head;
	size_t size;
	uint64_t pin; /* tells it from later tables */
};
int gate_table_view(struct gate *gate, struct gate_table_view *view, struct fault *fault);
struct lookup gate_table_look(const struct gate_table_view *view, const struct address *address,
			      unsigned service);
void gate_table_view_end(struct gate_table_view *view);
/* Opens the view anew if another table has been published since; cheap if none was. */
int gate_table_view_renew(struct gate *gate, struct gate_table_view *view, struct fault *fault);

/* ---- bans ---- */

/* Adds or replaces a ban. -ENOSPC: the map is full (counted in gate_ban_usage). */
int gate_ban_put(struct gate *gate, const struct prefix *prefix, const struct ban *ban,
		 struct fault *fault);
/* Adds many bans at once, to restore them; stops at the first error. *done (may be NULL): how many
 * are in the map. */
int gate_ban_put_many(struct gate *gate, const struct prefix *prefixes, const struct ban *bans,
		      size_t count, size_t *done, struct fault *fault);
int gate_ban_remove(struct gate *gate, const struct prefix *prefix,
		    struct fault *fault); /* -ENOENT */
int gate_ban_get(struct gate *gate, const struct prefix *prefix, struct ban *ban,
		 struct fault *fault); /* -ENOENT */
/* The groups that bans close to an address at `now_ns` (CLOCK_BOOTTIME). Takes one look-up for each
 * prefix length in use. An entry that cannot be read closes nothing. */
enum ban_services gate_ban_closes(struct gate *gate, const struct address *address,
				  uint64_t now_ns);
/* All entries, ended ones not yet swept included. A non-zero return of `each` ends the walk. */
int gate_ban_each(struct gate *gate,
		  int (*each)(const struct prefix *prefix, const struct ban *ban, void *context),
		  void *context, struct fault *fault);
/* The same in portions: puts the next entries of the walk, about GATE_BAN_SOME, into `prefixes` and
 * `bans`. A walk begins zero-initialised. An entry that is added meanwhile may be left out. */
#define GATE_BAN_SOME 512
struct gate_ban_walk {
	uint32_t at;
	bool begun, ended;
};
int gate_ban_some(struct gate *gate, struct gate_ban_walk *walk,
		  struct prefix prefixes[GATE_BAN_SOME], struct ban bans[GATE_BAN_SOME],
		  size_t *count, struct fault *fault);
/* Removes the entries that have ended for all services before now, and forgets the lengths and
 * Bloom bits that no other entry has. *removed may be NULL. */
int gate_ban_sweep(struct gate *gate, uint64_t now_boot_ns, size_t *removed, struct fault *fault);
/* The same in portions of 8,192 entries. A sweep begins zero-initialised. Each portion needs the
 * writers' lock, which may be released in between. 1: there is more; 0: done; -ECANCELED: another
 * process has begun a sweep meanwhile; -errno of reading the map. */
struct gate_ban_sweep {
	struct gate_ban_walk walk;
	uint64_t id;   /* control.ban_sweep while it is under way */
	uint64_t used; /* entries, when it began */
	uint64_t kept, removed;
};
int gate_ban_sweep_some(struct gate *gate, struct gate_ban_sweep *sweep, uint64_t now_boot_ns,
			struct fault *fault);

struct gate_usage {
	uint64_t used, size, overflows;
};

/* Adds bans that were removed to make room for others to the overflows. */
void gate_ban_gave_way(struct gate *gate, uint64_t count);

/* ---- meters: connections and rates ---- */

/* Attaches the connection counter to a cgroup (v2) and all below it, by a pinned link, or replaces
 * an older program of ours there. NULL: the root of the first cgroup2 mount. Needs gate_load(). */
int gate_counter_attach(struct gate *gate, const char *cgroup, struct fault *fault);

/* What a sweep of the open connections found. */
struct gate_connections {
	size_t open;	  /* counted as open now */
	size_t adopted;	  /* opened before the counter was attached, or while it was not */
	size_t ended;	  /* their sockets are gone: no longer counted */
	size_t lost;	  /* of these, the ones whose end should have been reported */
	size_t corrected; /* open counts of meters that differed from their connections */
};

/* Corrects the open counts after the sockets of this network namespace: exactly the connections
 * that are open to a port of the published policy are counted. The counter counts connections that
 * open or end meanwhile. Needs gate_load(), but no lock. */
int gate_connections_sweep(struct gate *gate, struct gate_connections *result, struct fault *fault);

/* How many open connections have an end that only a sweep notices. */
size_t gate_adopted(const struct gate *gate);

/* Sets the devices of this namespace by which guarded packets reach sockets, GUARDED_MAX at most:
 * connections by other devices are not counted. The writers' lock is held. */
struct gate_device {
	unsigned ifindex;
	bool answers; /* SYNs that come by it may be answered with cookies */
	unsigned mtu; /* bounds the segments that a cookie allows; 0: not known */
};
int gate_guarded_set(struct gate *gate, const struct gate_device *devices, size_t count,
		     struct fault *fault);
/* Whether the gate has been told that SYNs may be answered on the device. */
bool gate_device_answers(struct gate *gate, unsigned ifindex);
/* Sets this network namespace's addresses, each a full-length prefix: only SYNs to these are
 * answered. SYNs to addresses beyond LOCAL_MAX are left to the kernel. The writers' lock is
 * held. */
int gate_local_set(struct gate *gate, const struct prefix *addresses, size_t count,
		   struct fault *fault);

enum gate_meters { METERS_SOURCES, METERS_NETWORKS };

/* Whether the meters prove that no connection of `prefix` is open. They can for a source or a
 * network with the policy's lengths, if the counter is attached and the tables had room. Half-open
 * connections are not counted. */
bool gate_none_open(struct gate *gate, const struct policy *policy, const struct prefix *prefix);

/* Used, size and overflows, without a walk. */
struct gate_usage gate_meter_usage(const struct gate *gate, enum gate_meters table);
/* The same for the table of open connections. `used` is the sum of the countries' open counts. */
int gate_connection_usage(struct gate *gate, struct gate_usage *usage, struct fault *fault);
/* Whether a source was refused an entry since the last sweep. */
bool gate_meters_full(const struct gate *gate);
/* One meter; for a country the key's service is service * COUNTRY_COUNT + country. -ENOENT. */
int gate_meter_get(struct gate *gate, enum meter_kind kind, const struct meter_key *key,
		   struct meter *meter);
/* All entries; a non-zero return of `each` ends the walk. */
int gate_meter_each(struct gate *gate, enum gate_meters table,
		    int (*each)(const struct meter_key *key, const struct meter *meter,
				void *context),
		    void *context, struct fault *fault);
/* Forgets entries without open connections that completed no handshake for `idle_ns` and whose
 * tokens are all back; in a table that is nearly full also entries that have been idle for a
 * shorter time. `see` (may be NULL) is called once for each source's meter, before it may be
 * forgotten. */
int gate_meter_sweep(struct gate *gate, uint64_t now_boot_ns, uint64_t idle_ns,
		     void (*see)(const struct meter_key *key, const struct meter *meter,
				 void *context),
		     void *context, struct fault *fault);

/* Connections that completed their handshake beyond a limit: gate_over_read() calls `over` for each
 * that waits. */
struct gate_over;
int gate_over_open(struct gate *gate, void (*over)(const struct over_limit *record, void *context),
		   void *context, struct gate_over **result, struct fault *fault);
int gate_over_fd(const struct gate_over *over); /* readable when some wait */
void gate_over_read(struct gate_over *over);
void gate_over_close(struct gate_over *over);
/* How many records wait, how many fit, and how many found no room (their connections stay open).
 * Needs no gate_over. */
int gate_over_usage(struct gate *gate, struct gate_usage *usage, struct fault *fault);
/* The last of these numbers, without asking the kernel. */
uint64_t gate_over_lost(const struct gate *gate);
/* Gives back the tokens of a record's connection, which was closed. */
void gate_over_refund(struct gate *gate, const struct over_limit *record);

/* ---- counters ---- */

struct gate_counts { /* summed over the CPUs */
	struct country_counts countries[SERVICE_MAX][COUNTRY_COUNT];
	struct reason_counts reasons[SERVICE_MAX][REASON_COUNT][2]; /* [..][..][enum gate_mode] */
	struct list_counts lists[LIST_MAX];
	uint32_t open[SERVICE_MAX][COUNTRY_COUNT]; /* connections now */
	struct syn_cookies cookies;		   /* except its window */
};

/* -ENOMEM, -errno. Counters go on while they are read. */
int gate_counts_read(struct gate *gate, struct gate_counts *counts, struct fault *fault);

/* Packets that the gate looked at, by the device's number modulo SEEN_SLOTS. */
int gate_seen(struct gate *gate, uint64_t packets[SEEN_SLOTS], struct fault *fault);

/* Since when packets are counted: when the maps were made, by the wall clock at that time. */
int gate_counted_since(struct gate *gate, int64_t *wall_ns, struct fault *fault);

/* Used/size/overflows of "bans", without walking it. */
struct gate_usage gate_ban_usage(const struct gate *gate);

struct gate_memory { /* of one map, as the kernel accounts for it */
	char name[32];
	uint64_t entries_max, bytes;
};
/* At most `room` maps; returns how many there are, or -errno. */
int gate_memory(struct gate *gate, struct gate_memory *maps, size_t room, struct fault *fault);

const char *reason_name(enum reason reason); /* "banned", "source-rate"; "pass" for REASON_NONE */

#endif
