/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must outlast a reboot, in SQLite: bans with reason and evidence, lists, country data, log
 * offsets. Each call is one transaction unless store_begin() opened one. Not here: what is in force
 * now (that is in the kernel's maps).
 */
#ifndef SEKISHO_STORE_H
#define SEKISHO_STORE_H

#include <stdbool.h>

#include "base/ban.h"
#include "base/fault.h"
#include "lists/ranges.h"
#include "log/follow.h"

struct store;

/* Opens or creates `directory`/sekisho.db (folder 0700, file 0600). `read_only` creates nothing:
 * -ENOENT. A file that is damaged, or of a newer schema, is -EBADMSG / -EPROTO with a remedy. A
 * store is asked by one thread at a time; another opens its own. */
int store_open(const char *directory, bool read_only, struct store **store, struct fault *fault);
void store_close(struct store *store);

/* How long a call may wait for another process that writes: 10,000 ms unless set. Then -EBUSY. */
void store_set_busy_timeout(struct store *store, unsigned busy_ms);

/* Some call found it damaged (-EBADMSG). */
bool store_is_damaged(const struct store *store);
/* False once another file has taken its place. */
bool store_is_current(const struct store *store);
uint64_t store_inode(const struct store *store); /* of its file */
/* A damaged store moved aside (sekisho.db.damaged-TIME), so that store_open() makes a new one.
 * *path (may be NULL) is its new place, the caller's. Both locks are held: see instance.h. */
int store_set_aside(const char *directory, int64_t wall_ns, char **path, struct fault *fault);
/* What can still be read of the store that was moved to `path`, into this one, as far as that does
 * not know better; rows that make no sense are left out. Takes seconds for a million; begins and
 * ends transactions. Fills in what was taken. -errno of `store` alone. */
struct store_salvage {
	uint64_t bans, lists, rows; /* rows: of all kinds */
	bool complete;		    /* nothing was unreadable */
};
int store_salvage(struct store *store, const char *path, struct store_salvage *salvage,
		  struct fault *fault);

/* One transaction around several calls; commit makes all of them durable (fsync) or none. */
int store_begin(struct store *store, struct fault *fault);
int store_commit(struct store *store, struct fault *fault);
void store_rollback(struct store *store);

/* ---- the clock ---- */

/* One moment on both clocks, and which boot it is of (/proc/sys/kernel/random/boot_id). */
struct store_moment {
	int64_t wall_ns;
	uint64_t boot_ns;
	char boot_id[40];
};

/* To be called before bans are written, and when the wall clock was set: a jump of the wall clock
 * within one boot moves what the store says of bans along, so that each lasts as long as before.
 * *jump_ns (may be NULL): by how much it jumped, 0 if less than 50 ms since the last call. */
int store_clock(struct store *store, const struct store_moment *now, int64_t *jump_ns,
		struct fault *fault);

/* ---- bans ---- */

struct store_evidence {
	int64_t wall_ns;
	const char *line; /* cleaned: no passwords */
};

/* Of a ban the store has all but what the kernel counts. Valid during the callback; a non-zero
 * return ends the walk. */
typedef int (*store_ban_each_fn)(const struct ban_record *ban, void *context);

/* Adds or replaces the ban of this prefix and these services; another one of the prefix keeps the
 * services that this one does not have. Evidence is added to what there is, and the newest 100
 * lines of a prefix are kept. Syncs, unless inside store_begin(): many at once belong there. */
int store_ban_put(struct store *store, const struct ban_record *ban,
		  const struct store_evidence *evidence, size_t evidence_count,
		  struct fault *fault);
/* Of these services, at `now_wall_ns`. -ENOENT: there was none. Evidence stays until it is 90 days
 * old. */
int store_ban_remove(struct store *store, const struct prefix *prefix, enum ban_services services,
		     int64_t now_wall_ns, struct fault *fault);
/* The ban of the prefix that closes one of these services, BAN_SMTP's first. -ENOENT: none. */
int store_ban_get(struct store *store, const struct prefix *prefix, enum ban_services services,
		  struct ban_record *ban, struct fault *fault);
/* All bans that end after `now_wall_ns`, by prefix (IPv4 before IPv6, address, length), BAN_SMTP's
 * first. No two of a prefix have a service in common. */
int store_ban_each(struct store *store, int64_t now_wall_ns, store_ban_each_fn each, void *context,
		   struct fault *fault);
/* Of how many prefixes there are bans that end after `now_wall_ns`. */
int store_ban_count(struct store *store, int64_t now_wall_ns, uint64_t *count, struct fault *fault);
/* Evidence of every ban, past ones too, whose prefix contains or lies in `prefix`; newest first. */
int store_evidence_each(struct store *store, const struct prefix *prefix, size_t most,
			int (*each)(const struct store_evidence *evidence, void *context),
			void *context, struct fault *fault);
/* Evidence of a prefix that need not be banned: what an alert was raised after. Kept as above. */
int store_evidence_put(struct store *store, const struct prefix *prefix,
		       const struct store_evidence *evidence, size_t count, struct fault *fault);

/* ---- what was ---- */

/* Bans that ended from `from_wall_ns` to now, the last first; of prefixes in `about` and around it,
 * NULL: of all. A store of before schema 7 that is open for reading alone has none. */
int store_past_bans_each(struct store *store, const struct prefix *about, int64_t from_wall_ns,
			 int64_t now_wall_ns, store_ban_each_fn each, void *context,
			 struct fault *fault);

/* *services: those from which bans of exactly this prefix were lifted at `since_wall_ns` or later;
 * 0: none was. Of bans that had not reached the store it knows nothing. */
int store_ban_lifted_since(struct store *store, const struct prefix *prefix, int64_t since_wall_ns,
			   enum ban_services *services, struct fault *fault);

struct store_past_alert {
	int64_t wall_ns;
	const char *rule;
	const char *account;	     /* NULL: of none */
	const struct prefix *prefix; /* the same */
	const char *facts; /* alert_json() without its evidence, which has a table of its own */
};
typedef int (*store_past_alert_each)(const struct store_past_alert *alert, void *context);

/* Keeps it; of each rule the newest STORE_PAST_ALERTS_MOST. */
int store_past_alert_put(struct store *store, const struct store_past_alert *alert,
			 struct fault *fault);
/* Alerts since `from_wall_ns`, the last first; of `account` (without regard to the case of A-Z),
 * NULL: all. */
int store_past_alerts_each(struct store *store, const char *account, int64_t from_wall_ns,
			   store_past_alert_each each, void *context, struct fault *fault);

/* What was counted within a minute or an hour (history/span.h), beginning `start_s` seconds after
 * 1970 by the wall clock of then. */
struct store_span {
	unsigned length_s; /* 60 or 3600 */
	int64_t start_s;
	const char *counts; /* span_to_json(); valid during the call or callback */
};
typedef int (*store_span_each)(const struct store_span *span, void *context); /* non-zero ends it */

#define STORE_MINUTES_MOST (7 * 1440) /* 7 days */
#define STORE_HOURS_MOST   (400 * 24) /* 400 days; both together take 3 to 10 MiB */

/* Replaces the row of that minute or hour. */
int store_span_put(struct store *store, const struct store_span *span, struct fault *fault);
/* Those that begin from `from_s` on and before `to_s`, the first first. A store of before schema 9
 * that is open for reading alone has none. */
int store_spans_each(struct store *store, unsigned length_s, int64_t from_s, int64_t to_s,
		     store_span_each each, void *context, struct fault *fault);

/* Connections of a source that limits refused within a minute (history/refused.h). */
struct store_refusal {
	struct prefix source; /* length 0: sources and services that were refused and not kept */
	int64_t wall_ns;      /* the minute's begin */
	const char *service;  /* valid during the call or callback */
	uint64_t count;
	bool would; /* in monitor mode */
};

#define STORE_REFUSALS_DAYS 7
#define STORE_REFUSALS_MOST 332640 /* 33 rows a minute for 7 days: 20 MiB */
/* Adds to the row that there is. */
int store_refusal_put(struct store *store, const struct store_refusal *refusal,
		      struct fault *fault);
/* Those of exactly this source, of minutes that begin in from_ns <= begin < to_ns, in their order;
 * non-zero ends it. */
int store_refusals_each(struct store *store, const struct prefix *source, int64_t from_ns,
			int64_t to_ns,
			int (*each)(const struct store_refusal *refusal, void *context),
			void *context, struct fault *fault);

/* Forgets ended bans (they are moved to what was), what was and evidence older than 90 days and the
 * oldest beyond a million lines, known sources, senders, habits and bans in a row after 30 days,
 * accounts' troubles after 60; at most 2,000 of each in one call, which take about 10 ms. 1: there
 * is more; 0; -errno. The last call also removes the oldest rows beyond these, now and then: */
#define STORE_KNOWN_MOST       1000000
#define STORE_REPEATS_MOST     262144 /* twice the table of bans, as it is by default */
#define STORE_INCIDENTS_MOST   100000
#define STORE_SENDERS_MOST     262144
#define STORE_PAST_MOST	       262144 /* ended bans: 30 MiB */
#define STORE_PAST_ALERTS_MOST 2000   /* of each rule */
#define STORE_HABITS_MOST      131072 /* as many accounts as the rules remember by default */
int store_expire(struct store *store, int64_t now_wall_ns, struct fault *fault);

/* ---- what the rules remember ---- */

/* A source that logged in to an account. Accounts are the same without regard to the case of A-Z. */
struct store_known {
	struct prefix source;
	int64_t first_wall_ns, last_wall_ns;
};

/* Replaces what is stored of account and source; beyond STORE_KNOWN_MOST those go whose last login
 * is oldest. */
int store_known_put(struct store *store, const char *account, const struct store_known *known,
		    struct fault *fault);
int store_known_remove(struct store *store, const char *account, const struct prefix *source,
		       struct fault *fault); /* 0 also when it was not there */
/* All of an account, in no order; valid during the callback. */
int store_known_each(struct store *store, const char *account,
		     void (*each)(const struct store_known *known, void *context), void *context,
		     struct fault *fault);
/* The last login of any source in `prefix`, to any account. -ENOENT: none. */
int store_known_last(struct store *store, const struct prefix *prefix, int64_t *last_wall_ns,
		     struct fault *fault);
/* The logins from any source in `prefix`, to any account: `most` of them, the last ones first. */
int store_known_in(struct store *store, const struct prefix *prefix, unsigned most,
		   void (*each)(const char *account, const struct store_known *known,
				void *context),
		   void *context, struct fault *fault);

/* An account under siege or in a spread (rule: enum ban_rule). By time, the oldest first. */
int store_incident_put(struct store *store, const char *account, uint32_t rule,
		       int64_t last_wall_ns, struct fault *fault);
/* It is in that trouble no more; 0 also when it was not. */
int store_incident_remove(struct store *store, const char *account, uint32_t rule,
			  struct fault *fault);
int store_incident_each(struct store *store,
			void (*each)(const char *account, uint32_t rule, int64_t last_wall_ns,
				     void *context),
			void *context, struct fault *fault);

/* How often a prefix was banned by a rule from one group of services, one ban soon after the other.
 */
struct store_repeat {
	uint32_t bans;
	int64_t until_wall_ns; /* of the last one */
	uint64_t lasts_ns;
};

/* The history of a prefix for one group of services, replaced. */
int store_repeat_put(struct store *store, const struct prefix *prefix, enum ban_services group,
		     const struct store_repeat *repeat, struct fault *fault);
int store_repeat_get(struct store *store, const struct prefix *prefix, enum ban_services group,
		     struct store_repeat *repeat, struct fault *fault); /* -ENOENT */

/* Since when this installation has read logs, as far as `now_wall_ns` is not before it: noted by the
 * first call. A store that does not know it counts from the oldest that the rules left there. */
int store_begun(struct store *store, int64_t now_wall_ns, int64_t *since_wall_ns,
		struct fault *fault);

/* A network from which mail was accepted, and when last. */
int store_sender_put(struct store *store, const struct prefix *network, int64_t last_wall_ns,
		     struct fault *fault);
int store_sender_get(struct store *store, const struct prefix *network, int64_t *last_wall_ns,
		     struct fault *fault); /* -ENOENT */

/* What is usual of an account; of the server: account "". The numbers mean what they mean in struct
 * detect_habit. */
struct store_habit {
	int64_t last_wall_ns; /* when it was noted */
	uint32_t day, messages, today, failing, failing_today;
};

/* Of an account, replaced; beyond STORE_HABITS_MOST the oldest go. */
int store_habit_put(struct store *store, const char *account, const struct store_habit *habit,
		    struct fault *fault);
int store_habit_get(struct store *store, const char *account, struct store_habit *habit,
		    struct fault *fault); /* -ENOENT */

/* ---- accounts, by hand ---- */

/* Every account that has sources, by name, with how many and their first and last login. */
int store_account_each(struct store *store,
		       void (*each)(const char *account, uint64_t sources, int64_t first_wall_ns,
				    int64_t last_wall_ns, void *context),
		       void *context, struct fault *fault);
/* The realm that more than half of these accounts have; a name without one is the account of the
 * same name with one, where there is one. -ENOENT: none has that many. */
int store_account_realm(struct store *store, char *realm, size_t size, struct fault *fault);
/* Evidence whose line has `text` in it, whatever the case of A-Z, the newest first, until `each`
 * has returned true `most` times. Reads all evidence: up to a second for a million lines. */
int store_evidence_naming(struct store *store, const char *text, size_t most,
			  bool (*each)(const struct prefix *prefix,
				       const struct store_evidence *evidence, void *context),
			  void *context, struct fault *fault);

enum store_order {
	STORE_TRUST = 1,  /* the account is in no trouble any more */
	STORE_FORGET = 2, /* and nothing is known of it */
};

struct store_order_row {
	int64_t id;
	enum store_order order;
	char account[256]; /* EVENT_ACCOUNT_SIZE */
};

/* Removes from the store what the order makes untrue, and leaves it there for the daemon. */
int store_order_put(struct store *store, const char *account, enum store_order order, int64_t *id,
		    struct fault *fault);
/* The first part of it alone. */
int store_order_apply(struct store *store, const char *account, enum store_order order,
		      struct fault *fault);
/* The oldest order after this one that no daemon has taken. -ENOENT: none. */
int store_order_next(struct store *store, int64_t after, struct store_order_row *row,
		     struct fault *fault);
/* This one and all before it were obeyed. */
int store_order_done(struct store *store, int64_t id, struct fault *fault);

/* As store_begin() and store_commit(), for notes that are not worth a sync: after a power cut the
 * newest may be missing, and are learned again. */
int store_begin_notes(struct store *store, struct fault *fault);
int store_commit_notes(struct store *store, struct fault *fault);
void store_rollback_notes(struct store *store);

/* ---- lists and countries ---- */

struct store_list {
	char name[64];
	uint8_t id; /* stable while the list exists */
	bool allow;
	uint16_t code; /* of its addresses in place of a country: COUNTRY_XA and on; 0: it denies or
			* allows */
	int64_t updated_wall_ns;
	uint64_t prefixes;
	char source[512];		       /* file or "-" */
	uint64_t source_mtime_ns, source_size; /* to see whether the file has changed */
};

/* The id that the list of this name has, or would be given, into list->id. -ENOSPC as below. */
int store_list_id(struct store *store, struct store_list *list, struct fault *fault);
/* Replaces the list as a whole and raises the generation. list->id is chosen here for a new name
 * (written back); -ENOSPC when LIST_MAX - 1 lists exist. */
int store_list_put(struct store *store, struct store_list *list, const struct ranges *ranges,
		   struct fault *fault);
int store_list_remove(struct store *store, const char *name, struct fault *fault);
/* -ENOENT. `ranges` may be NULL; else normal ranges, the caller's. */
int store_list_get(struct store *store, const char *name, struct store_list *list,
		   struct ranges *ranges, struct fault *fault);
/* By name. */
int store_list_each(struct store *store, int (*each)(const struct store_list *list, void *context),
		    void *context, struct fault *fault);

/* The country data in force, replaced as a whole; raises the generation. `source` describes the
 * files, their times and sizes, so that an unchanged source need not be read again. */
int store_countries_put(struct store *store, const char *source, int64_t updated_wall_ns,
			const struct ranges *ranges, struct fault *fault);
/* -ENOENT: none. Any out-parameter may be NULL. */
int store_countries_get(struct store *store, char *source, size_t size, int64_t *updated_wall_ns,
			struct ranges *ranges, struct fault *fault);

/* Counts every change to lists and countries; the compiled table carries it. */
int store_generation(struct store *store, uint64_t *generation, struct fault *fault);
/* For a store that was made anew beside a kernel table that goes on: see start.c. */
int store_generation_set(struct store *store, uint64_t generation, struct fault *fault);

/* ---- log offsets ---- */

/* How far the log at `path` was read. Not synced by itself: lines may be read twice after a power
 * cut. */
int store_position_put(struct store *store, const char *path,
		       const struct follow_position *position, struct fault *fault);
int store_position_get(struct store *store, const char *path, struct follow_position *position,
		       struct fault *fault); /* -ENOENT: none */

#endif
