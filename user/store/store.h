/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must outlast a reboot, in SQLite: bans with reason and evidence, lists, country data, log
 * offsets. Each call is one transaction unless store_begin() opened one. Not here: what is in force
 * now (that is in the kernel's maps).
 */
#ifndef SEKISHO_STORE_H
#define SEKISHO_STORE_H

#include <stdbool.h>

#include "base/fault.h"
#include "lists/ranges.h"
#include "log/follow.h"

struct store;

/* Opens or creates `directory`/sekisho.db (folder 0700, file 0600). `read_only` creates nothing:
 * -ENOENT. A file that is damaged, or of a newer schema, is -EBADMSG / -EPROTO with a remedy. */
int store_open(const char *directory, bool read_only, struct store **store, struct fault *fault);
void store_close(struct store *store);

/* How long a call may wait for another process that writes: 10,000 ms unless set. Then -EBUSY. */
void store_set_patience(struct store *store, unsigned busy_ms);

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

struct store_ban {
	struct prefix prefix;
	int64_t since_wall_ns, until_wall_ns;
	uint32_t rule;	    /* enum ban_rule */
	const char *reason; /* text for people; valid during the call or callback */
};

struct store_evidence {
	int64_t wall_ns;
	const char *line; /* cleaned: no passwords */
};

/* Adds or replaces the ban of this prefix; evidence is added to what there is, and the newest 100
 * lines of a prefix are kept. Syncs, unless inside store_begin(): many at once belong there. */
int store_ban_put(struct store *store, const struct store_ban *ban,
		  const struct store_evidence *evidence, size_t evidence_count,
		  struct fault *fault);
/* -ENOENT: there was none. Evidence stays until it is 90 days old. */
int store_ban_remove(struct store *store, const struct prefix *prefix, struct fault *fault);
/* -ENOENT: none. Strings are copied into `reason` (size bytes). */
int store_ban_get(struct store *store, const struct prefix *prefix, struct store_ban *ban,
		  char *reason, size_t size, struct fault *fault);
/* All bans that end after `now_wall_ns`, by prefix (IPv4 before IPv6, address, length). A non-zero
 * return of `each` ends the walk. */
int store_ban_each(struct store *store, int64_t now_wall_ns,
		   int (*each)(const struct store_ban *ban, void *context), void *context,
		   struct fault *fault);
/* How many bans end after `now_wall_ns`. */
int store_ban_count(struct store *store, int64_t now_wall_ns, uint64_t *count, struct fault *fault);
/* Evidence of every ban, past ones too, whose prefix contains or lies in `prefix`; newest first. */
int store_evidence_each(struct store *store, const struct prefix *prefix, size_t most,
			int (*each)(const struct store_evidence *evidence, void *context),
			void *context, struct fault *fault);
/* Evidence of a prefix that need not be banned: what an alert was raised after. Kept as above. */
int store_evidence_put(struct store *store, const struct prefix *prefix,
		       const struct store_evidence *evidence, size_t count, struct fault *fault);
/* Forgets ended bans, evidence older than 90 days and the oldest beyond a million lines, known
 * sources and bans in a row after 30 days, accounts' troubles after 60; at most 20,000 of each in
 * one call, so that it takes no longer than about 0.1 s. */
int store_expire(struct store *store, int64_t now_wall_ns, struct fault *fault);

/* ---- what the rules remember ---- */

/* A source that logged in to an account. Accounts are the same without regard to the case of A-Z. */
struct store_known {
	struct prefix source;
	int64_t first_wall_ns, last_wall_ns;
};

int store_known_put(struct store *store, const char *account, const struct store_known *known,
		    struct fault *fault);
int store_known_remove(struct store *store, const char *account, const struct prefix *source,
		       struct fault *fault); /* 0 also when it was not there */
int store_known_each(struct store *store, const char *account,
		     void (*each)(const struct store_known *known, void *context), void *context,
		     struct fault *fault);
/* The last login of any source in `prefix`, to any account. -ENOENT: none. */
int store_known_last(struct store *store, const struct prefix *prefix, int64_t *last_wall_ns,
		     struct fault *fault);

/* An account under siege or in a spread (rule: enum ban_rule). By time, the oldest first. */
int store_trouble_put(struct store *store, const char *account, uint32_t rule, int64_t last_wall_ns,
		      struct fault *fault);
int store_trouble_each(struct store *store,
		       void (*each)(const char *account, uint32_t rule, int64_t last_wall_ns,
				    void *context),
		       void *context, struct fault *fault);

/* How often a prefix was banned by a rule, one ban soon after the other. */
struct store_repeat {
	uint32_t bans;
	int64_t until_wall_ns; /* of the last one */
	uint64_t lasts_ns;
};

int store_repeat_put(struct store *store, const struct prefix *prefix,
		     const struct store_repeat *repeat, struct fault *fault);
int store_repeat_get(struct store *store, const struct prefix *prefix, struct store_repeat *repeat,
		     struct fault *fault); /* -ENOENT */

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

int store_position_put(struct store *store, const char *path,
		       const struct follow_position *position, struct fault *fault);
int store_position_get(struct store *store, const char *path, struct follow_position *position,
		       struct fault *fault); /* -ENOENT: none */

#endif
