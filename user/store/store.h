/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store: what must outlast a reboot, in SQLite: bans with reason and evidence, lists, country
 * data, log offsets. Each call is one transaction unless store_begin() opened one. Not here: what
 * is in force now, which is in the kernel's maps.
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
 * -ENOENT. -EBADMSG: the file is damaged; -EPROTO: it has a newer schema; both with a remedy. Only
 * one thread at a time may use a store; another thread opens its own. */
int store_open(const char *directory, bool read_only, struct store **store, struct fault *fault);
void store_close(struct store *store);

/* How long a call may wait for another process that writes: 10,000 ms unless set. Then -EBUSY. */
void store_set_busy_timeout(struct store *store, unsigned busy_ms);

/* Whether some call found damage (-EBADMSG). */
bool store_is_damaged(const struct store *store);
/* False once another file has taken the place of the store's. */
bool store_is_current(const struct store *store);
uint64_t store_inode(const struct store *store); /* of its file */
/* Moves a damaged store aside (sekisho.db.damaged-TIME), so that store_open() makes a new
 * one. *path (may be NULL) is its new place, the caller's. The caller holds both locks: see
 * instance.h. */
int store_set_aside(const char *directory, int64_t wall_ns, char **path, struct fault *fault);
/* Copies into this store what can still be read of the one that was moved to `path`, except rows
 * that this one has already; leaves out rows that make no sense. Takes seconds for a million rows;
 * begins and ends transactions. Fills in how much was taken. -errno: a fault of `store`, not of the
 * damaged one. */
struct store_salvage {
	uint64_t bans, lists, rows; /* rows: of all kinds */
	bool complete;		    /* nothing was unreadable */
};
int store_salvage(struct store *store, const char *path, struct store_salvage *salvage,
		  struct fault *fault);

/* Opens one transaction around several calls; the commit makes all of them durable (fsync)
 * or none. */
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

/* To be called before bans are written, and when the wall clock was set: if the wall clock
 * jumped within one boot, the times of bans in the store move along, so that each ban lasts
 * as long as before. *jump_ns (may be NULL): by how much it jumped since the last call, 0 if
 * less than 50 ms. */
int store_clock(struct store *store, const struct store_moment *now, int64_t *jump_ns,
		struct fault *fault);

/* ---- bans ---- */

struct store_evidence {
	int64_t wall_ns;
	const char *line; /* cleaned: no passwords */
};

/* Called with a ban, which has all members but those that the kernel counts and is valid during the
 * callback. A non-zero return ends the walk. */
typedef int (*store_ban_each_fn)(const struct ban_record *ban, void *context);

/* Adds or replaces the ban of this prefix and these services; another ban of the prefix
 * keeps the services that this one does not have. Evidence is added to what is there, and
 * the newest 100 lines of a prefix are kept. Syncs, unless inside store_begin(), where many
 * bans at once belong. */
int store_ban_put(struct store *store, const struct ban_record *ban,
		  const struct store_evidence *evidence, size_t evidence_count,
		  struct fault *fault);
/* Removes the prefix's ban of these services, at `now_wall_ns`. -ENOENT: there was none. Evidence
 * stays until it is 90 days old. */
int store_ban_remove(struct store *store, const struct prefix *prefix, enum ban_services services,
		     int64_t now_wall_ns, struct fault *fault);
/* The ban of the prefix that closes one of these services, BAN_SMTP's first. -ENOENT: none. */
int store_ban_get(struct store *store, const struct prefix *prefix, enum ban_services services,
		  struct ban_record *ban, struct fault *fault);
/* All bans that end after `now_wall_ns`, by prefix (IPv4 before IPv6, address, length), BAN_SMTP's
 * first. No two of a prefix have a service in common. */
int store_ban_each(struct store *store, int64_t now_wall_ns, store_ban_each_fn each, void *context,
		   struct fault *fault);
/* How many prefixes have bans that end after `now_wall_ns`. */
int store_ban_count(struct store *store, int64_t now_wall_ns, uint64_t *count, struct fault *fault);
/* Evidence of every ban, past ones too, whose prefix contains or lies in `prefix`; newest first. */
int store_evidence_each(struct store *store, const struct prefix *prefix, size_t most,
			int (*each)(const struct store_evidence *evidence, void *context),
			void *context, struct fault *fault);
/* Adds evidence of a prefix that need not be banned: the lines that led to an alert. Kept as
 * above. */
int store_evidence_put(struct store *store, const struct prefix *prefix,
		       const struct store_evidence *evidence, size_t count, struct fault *fault);

/* ---- what was ---- */

/* Bans that ended from `from_wall_ns` to now, the last first, of prefixes in `about` and around it
 * (NULL: of all). A store older than schema 7 that is open for reading only has none. */
int store_past_bans_each(struct store *store, const struct prefix *about, int64_t from_wall_ns,
			 int64_t now_wall_ns, store_ban_each_fn each, void *context,
			 struct fault *fault);

/* services: the services of bans of exactly this prefix that were lifted at `since_wall_ns` or
 * later; 0: none was. The store does not know bans that had not reached it. */
int store_ban_lifted_since(struct store *store, const struct prefix *prefix, int64_t since_wall_ns,
			   enum ban_services *services, struct fault *fault);

struct store_past_alert {
	int64_t wall_ns;
	const char *rule;
	const char *account;	     /* NULL: it is about none */
	const struct prefix *prefix; /* the same */
	const char *facts; /* alert_json() without its evidence, which has a table of its own */
};
typedef int (*store_past_alert_each)(const struct store_past_alert *alert, void *context);

/* Adds an alert; the newest STORE_PAST_ALERTS_MOST of each rule are kept. */
int store_past_alert_put(struct store *store, const struct store_past_alert *alert,
			 struct fault *fault);
/* Alerts since `from_wall_ns`, the last first, about `account`, alone or among the "accounts" of
 * their facts (whatever the case of A-Z; NULL: all). */
int store_past_alerts_each(struct store *store, const char *account, int64_t from_wall_ns,
			   store_past_alert_each each, void *context, struct fault *fault);

/* The counts of a minute or an hour (history/span.h) that began `start_s` seconds after 1970, by
 * the wall clock at that time. */
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
/* The spans that begin from `from_s` on and before `to_s`, the earliest first. A store older than
 * schema 9 that is open for reading only has none. */
int store_spans_each(struct store *store, unsigned length_s, int64_t from_s, int64_t to_s,
		     store_span_each each, void *context, struct fault *fault);

/* Connections of a source that limits refused within a minute (history/refused.h). */
struct store_refusal {
	struct prefix source; /* length 0: sources and services that were refused and not kept */
	int64_t wall_ns;      /* the minute's beginning */
	const char *service;  /* valid during the call or callback */
	uint64_t count;
	bool would; /* in monitor mode */
};

#define STORE_REFUSALS_DAYS 7
#define STORE_REFUSALS_MOST 332640 /* 33 rows a minute for 7 days: 20 MiB */
/* Adds the count to the row, if there is one. */
int store_refusal_put(struct store *store, const struct store_refusal *refusal,
		      struct fault *fault);
/* The refusals of exactly this source, in minutes that begin at from_ns or later and before to_ns,
 * in their order; a non-zero return ends the walk. */
int store_refusals_each(struct store *store, const struct prefix *source, int64_t from_ns,
			int64_t to_ns,
			int (*each)(const struct store_refusal *refusal, void *context),
			void *context, struct fault *fault);

/* Forgets what is over: ended bans (which become past ones); past rows and evidence older than 90
 * days, and the oldest evidence beyond a million lines; known sources, senders, habits and ban
 * histories after 30 days; incidents after 60. Removes at most 2,000 of each in one call, which
 * takes about 10 ms. 1: there is more; 0; -errno. The last call also removes, now and then, the
 * oldest rows beyond these: */
#define STORE_KNOWN_MOST       1000000
#define STORE_REPEATS_MOST     262144 /* twice the table of bans, as it is by default */
#define STORE_INCIDENTS_MOST   100000
#define STORE_SENDERS_MOST     262144
#define STORE_PAST_MOST	       262144 /* ended bans: 30 MiB */
#define STORE_PAST_ALERTS_MOST 2000   /* of each rule */
#define STORE_HABITS_MOST      131072 /* as many accounts as the rules remember by default */
int store_expire(struct store *store, int64_t now_wall_ns, struct fault *fault);

/* ---- what the rules remember ---- */

/* A source that logged in to an account. The case of A-Z in an account's name does not matter. */
struct store_known {
	struct prefix source;
	int64_t first_wall_ns, last_wall_ns;
};

/* Replaces the row of account and source; beyond STORE_KNOWN_MOST the rows with the oldest last
 * login go. */
int store_known_put(struct store *store, const char *account, const struct store_known *known,
		    struct fault *fault);
int store_known_remove(struct store *store, const char *account, const struct prefix *source,
		       struct fault *fault); /* 0 also when it was not there */
/* All sources of an account, in no order; valid during the callback. */
int store_known_each(struct store *store, const char *account,
		     void (*each)(const struct store_known *known, void *context), void *context,
		     struct fault *fault);
/* The last login of any source in `prefix`, to any account. -ENOENT: none. */
int store_known_last(struct store *store, const struct prefix *prefix, int64_t *last_wall_ns,
		     struct fault *fault);
/* The logins from any source in `prefix` to any account: at most `most`, the last ones first. */
int store_known_in(struct store *store, const struct prefix *prefix, unsigned most,
		   void (*each)(const char *account, const struct store_known *known,
				void *context),
		   void *context, struct fault *fault);

/* An account under siege or in a spread (rule: enum ban_rule). store_incident_each() has the oldest
 * first. */
int store_incident_put(struct store *store, const char *account, uint32_t rule,
		       int64_t last_wall_ns, struct fault *fault);
/* The account's incident is over; 0 also if there was none. */
int store_incident_remove(struct store *store, const char *account, uint32_t rule,
			  struct fault *fault);
int store_incident_each(struct store *store,
			void (*each)(const char *account, uint32_t rule, int64_t last_wall_ns,
				     void *context),
			void *context, struct fault *fault);

/* How often rules banned a prefix from one group of services, with one ban soon after the other. */
struct store_repeat {
	uint32_t bans;
	int64_t until_wall_ns; /* of the last one */
	uint64_t lasts_ns;
};

/* Replaces the ban history of a prefix for one group of services. */
int store_repeat_put(struct store *store, const struct prefix *prefix, enum ban_services group,
		     const struct store_repeat *repeat, struct fault *fault);
int store_repeat_get(struct store *store, const struct prefix *prefix, enum ban_services group,
		     struct store_repeat *repeat, struct fault *fault); /* -ENOENT */

/* Since when this installation has read logs; never later than `now_wall_ns`. The first call notes
 * it. A store that does not have it takes the time of the oldest row that the rules left there. */
int store_begun(struct store *store, int64_t now_wall_ns, int64_t *since_wall_ns,
		struct fault *fault);

/* A network from which mail was accepted, and when that was last. */
int store_sender_put(struct store *store, const struct prefix *network, int64_t last_wall_ns,
		     struct fault *fault);
int store_sender_get(struct store *store, const struct prefix *network, int64_t *last_wall_ns,
		     struct fault *fault); /* -ENOENT */

/* What is usual for an account, or for the server (account ""). The numbers are those of struct
 * detect_habit. */
struct store_habit {
	int64_t last_wall_ns; /* when it was noted */
	uint32_t day, messages, today, failing, failing_today;
};

/* Replaces the habit of an account; beyond STORE_HABITS_MOST the oldest go. */
int store_habit_put(struct store *store, const char *account, const struct store_habit *habit,
		    struct fault *fault);
int store_habit_get(struct store *store, const char *account, struct store_habit *habit,
		    struct fault *fault); /* -ENOENT */

/* ---- accounts, by hand ---- */

/* Every account that has sources, by name, with their number and their first and last login. */
int store_account_each(struct store *store,
		       void (*each)(const char *account, uint64_t sources, int64_t first_wall_ns,
				    int64_t last_wall_ns, void *context),
		       void *context, struct fault *fault);
/* The realm that more than half of these accounts have; a name without a realm is the account of
 * the same name with one, if there is such an account. -ENOENT: no realm has that many. */
int store_account_realm(struct store *store, char *realm, size_t size, struct fault *fault);
/* Evidence whose line contains `text`, whatever the case of A-Z, the newest first, until `each` has
 * returned true `most` times. Reads all evidence: up to a second for a million lines. */
int store_evidence_naming(struct store *store, const char *text, size_t most,
			  bool (*each)(const struct prefix *prefix,
				       const struct store_evidence *evidence, void *context),
			  void *context, struct fault *fault);

enum store_order {
	STORE_TRUST = 1,  /* end the account's incidents */
	STORE_FORGET = 2, /* the same, and forget the account */
};

struct store_order_row {
	int64_t id;
	enum store_order order;
	char account[256]; /* EVENT_ACCOUNT_SIZE */
};

/* Removes from the store what is no longer true by the order, and stores the order for the
 * daemon. */
int store_order_put(struct store *store, const char *account, enum store_order order, int64_t *id,
		    struct fault *fault);
/* Only the first part of that. */
int store_order_apply(struct store *store, const char *account, enum store_order order,
		      struct fault *fault);
/* The oldest order after `after` that no daemon has taken. -ENOENT: there is none. */
int store_order_next(struct store *store, int64_t after, struct store_order_row *row,
		     struct fault *fault);
/* The daemon has obeyed this order and all before it. */
int store_order_done(struct store *store, int64_t id, struct fault *fault);

/* store_begin() and store_commit() for notes that are not worth a sync: after a power cut the
 * newest may be missing, and are learned again. */
int store_begin_notes(struct store *store, struct fault *fault);
int store_commit_notes(struct store *store, struct fault *fault);
void store_rollback_notes(struct store *store);

/* ---- lists and countries ---- */

struct store_list {
	char name[64];
	uint8_t id; /* stable while the list exists */
	bool allow;
	uint16_t code; /* its addresses have it in place of a country: COUNTRY_XA and on; 0: the
			* list denies or allows */
	int64_t updated_wall_ns;
	uint64_t prefixes;
	char source[512];		       /* file or "-" */
	uint64_t source_mtime_ns, source_size; /* to see whether the file has changed */
	char services[1024]; /* when it last had a section (config_keep_services()); "": never */
};

/* Sets list->id to the id that the list of this name has, or would get. -ENOSPC as below. */
int store_list_id(struct store *store, struct store_list *list, struct fault *fault);
/* Replaces the whole list and raises the generation. A new name gets its id here, in list->id.
 * -ENOSPC: there are LIST_MAX - 1 lists already. */
int store_list_put(struct store *store, struct store_list *list, const struct ranges *ranges,
		   struct fault *fault);
/* Replaces `services` alone, which does not raise the generation. */
int store_list_keep_services(struct store *store, const struct store_list *list,
			     struct fault *fault);
int store_list_remove(struct store *store, const char *name, struct fault *fault);
/* -ENOENT: no such list. `ranges` may be NULL; else it gets normal ranges, the caller's. */
int store_list_get(struct store *store, const char *name, struct store_list *list,
		   struct ranges *ranges, struct fault *fault);
/* All lists, by name. */
int store_list_each(struct store *store, int (*each)(const struct store_list *list, void *context),
		    void *context, struct fault *fault);

/* Replaces the whole country data, and raises the generation. `source` describes the files, their
 * times and sizes, so that an unchanged source need not be read again. */
int store_countries_put(struct store *store, const char *source, int64_t updated_wall_ns,
			const struct ranges *ranges, struct fault *fault);
/* -ENOENT: none. Any out-parameter may be NULL. */
int store_countries_get(struct store *store, char *source, size_t size, int64_t *updated_wall_ns,
			struct ranges *ranges, struct fault *fault);

/* The number of changes to lists and countries; the compiled table has it, too. */
int store_generation(struct store *store, uint64_t *generation, struct fault *fault);
/* For a store that was made anew while the kernel's table stays in force: see start.c. */
int store_generation_set(struct store *store, uint64_t generation, struct fault *fault);

/* ---- log offsets ---- */

/* How far the log at `path` was read. Not synced by itself: lines may be read twice after a power
 * cut. */
int store_position_put(struct store *store, const char *path,
		       const struct follow_position *position, struct fault *fault);
int store_position_get(struct store *store, const char *path, struct follow_position *position,
		       struct fault *fault); /* -ENOENT: none */

#endif
