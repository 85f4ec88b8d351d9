/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must outlast a reboot, in SQLite: bans with reason and evidence, lists, country data, log
 * offsets. Each call is one transaction unless store_begin() opened one. Not here: what is in force
 * now (that is in the kernel's maps).
 */
#ifndef SEKISHO_STORE_H
#define SEKISHO_STORE_H

#include "base/fault.h"
#include "lists/ranges.h"
#include "log/follow.h"

struct store;

/* Opens or creates `directory`/sekisho.db (folder 0700, file 0600). `read_only` creates nothing:
 * -ENOENT. A file that is damaged, or of a newer schema, is -EBADMSG / -EPROTO with a remedy. */
int store_open(const char *directory, bool read_only, struct store **store, struct fault *fault);
void store_close(struct store *store);

/* A damaged store moved aside (sekisho.db.damaged-TIME), so that store_open() makes a new one. */
int store_set_aside(const char *directory, int64_t wall_ns, struct fault *fault);

/* One transaction around several calls; commit makes all of them durable (fsync) or none. */
int store_begin(struct store *store, struct fault *fault);
int store_commit(struct store *store, struct fault *fault);
void store_rollback(struct store *store);

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
/* Forgets ended bans, evidence older than 90 days, and the oldest beyond a million lines; at most
 * 20,000 of each in one call, so that it takes no longer than about 0.1 s. */
int store_expire(struct store *store, int64_t now_wall_ns, struct fault *fault);

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

/* ---- log offsets ---- */

int store_position_put(struct store *store, const char *path,
		       const struct follow_position *position, struct fault *fault);
int store_position_get(struct store *store, const char *path, struct follow_position *position,
		       struct fault *fault); /* -ENOENT: none */

#endif
