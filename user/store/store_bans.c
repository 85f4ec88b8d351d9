// SPDX-License-Identifier: GPL-2.0-or-later
/* Bans and their evidence in the store. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "store/database.h"

#define EVIDENCE_PER_BAN 100

/* Whether a ban of the prefix has one of these services, apart from the ban of exactly `except`. */
static int has_other(struct store *store, const struct prefix *prefix, enum ban_services services,
		     enum ban_services except, bool *other, struct fault *fault)
{
	static const char sql[] = "SELECT 1 FROM bans WHERE prefix = ?1 AND services != ?3"
				  " AND services & ?2";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int step, result = database_bound(store, sql, &statement, fault,
					  DATABASE_VALUES({ .prefix = prefix },
							  { .number = services },
							  { .number = except }));

	if (result)
		return result;
	step = sqlite3_step(statement);
	*other = step == SQLITE_ROW;
	return *other || step == SQLITE_DONE ? 0 : database_fault(store, fault, "look up a ban");
}

/* Takes the services away from these other bans. */
static int take_away(struct store *store, const struct prefix *prefix, enum ban_services services,
		     enum ban_services except, struct fault *fault)
{
	static const char drop[] = "DELETE FROM bans WHERE prefix = ?1 AND services != ?3"
				   " AND NOT services & ~?2";
	static const char reduce[] = "UPDATE bans SET services = services & ~?2 WHERE prefix = ?1"
				     " AND services != ?3 AND services & ?2";
	const char *const sql[] = { drop, reduce };
	int result = 0;

	for (size_t i = 0; i < sizeof(sql) / sizeof(*sql) && !result; i++)
		result =
			database_write(store, sql[i], "change a ban", fault,
				       DATABASE_VALUES({ .prefix = prefix }, { .number = services },
						       { .number = except }));
	return result;
}

static int put_row(struct store *store, const struct ban_record *ban, struct fault *fault)
{
	static const char sql[] =
		"INSERT INTO bans(prefix, services, since, until, rule, reason)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(prefix, services) DO UPDATE SET"
		" since = ?3, until = ?4, rule = ?5, reason = ?6";
	int64_t shift;
	int result = database_shift(store, &shift, fault);

	if (result)
		return result;
	return database_write(
		store, sql, "store a ban", fault,
		DATABASE_VALUES({ .prefix = &ban->prefix }, { .number = ban->services },
				{ .number = database_add(ban->since_wall_ns, -shift) },
				{ .number = database_add(ban->until_wall_ns, -shift) },
				{ .number = ban->rule }, { .text = ban->reason }));
}

static int put_line(struct store *store, const struct prefix *prefix,
		    const struct store_evidence *evidence, struct fault *fault)
{
	static const char sql[] = "INSERT INTO evidence(prefix, wall, line) VALUES(?1, ?2, ?3)";

	return database_write(store, sql, "store evidence", fault,
			      DATABASE_VALUES({ .prefix = prefix }, { .number = evidence->wall_ns },
					      { .text = evidence->line }));
}

static int trim_evidence(struct store *store, const struct prefix *prefix, struct fault *fault)
{
	static const char sql[] =
		"DELETE FROM evidence WHERE id IN (SELECT id FROM evidence WHERE prefix = ?1"
		" ORDER BY wall DESC, id DESC LIMIT -1 OFFSET " SQL_NUMBER(EVIDENCE_PER_BAN) ")";

	return database_write(store, sql, "trim evidence", fault,
			      DATABASE_VALUES({ .prefix = prefix }));
}

int store_evidence_put(struct store *store, const struct prefix *prefix,
		       const struct store_evidence *evidence, size_t count, struct fault *fault)
{
	int result = database_group_begin(store, fault);

	if (result)
		return result;
	for (size_t i = 0; i < count && !result; i++)
		result = put_line(store, prefix, &evidence[i], fault);
	if (!result)
		result = trim_evidence(store, prefix, fault);
	return database_group_end(store, result, fault);
}

int store_ban_put(struct store *store, const struct ban_record *ban,
		  const struct store_evidence *evidence, size_t evidence_count, struct fault *fault)
{
	bool any = false, other = false;
	int result = has_other(store, &ban->prefix, ban->services, 0, &any, fault);

	if (!result && any)
		result =
			has_other(store, &ban->prefix, ban->services, ban->services, &other, fault);
	if (result)
		return result;
	if (!evidence_count && !any)
		return put_row(store, ban, fault);
	result = database_group_begin(store, fault);
	if (result)
		return result;
	if (any)
		result = database_past_over(store, &ban->prefix, ban->services, ban->since_wall_ns,
					    fault);
	if (!result && other)
		result = take_away(store, &ban->prefix, ban->services, ban->services, fault);
	if (!result)
		result = put_row(store, ban, fault);
	for (size_t i = 0; i < evidence_count && !result; i++)
		result = put_line(store, &ban->prefix, &evidence[i], fault);
	if (!result && evidence_count)
		result = trim_evidence(store, &ban->prefix, fault);
	return database_group_end(store, result, fault);
}

int store_ban_remove(struct store *store, const struct prefix *prefix, enum ban_services services,
		     int64_t now_wall_ns, struct fault *fault)
{
	char text[PREFIX_TEXT_SIZE];
	bool some = false;
	int result = has_other(store, prefix, services, 0, &some, fault);

	if (result)
		return result;
	if (!some) {
		prefix_format(prefix, text);
		return fault_set(fault, -ENOENT, "there is no ban of %s in the store", text);
	}
	result = database_group_begin(store, fault);
	if (result)
		return result;
	result = database_past_lifted(store, prefix, services, now_wall_ns, fault);
	if (!result)
		result = take_away(store, prefix, services, 0, fault);
	return database_group_end(store, result, fault);
}

/* A store with a schema before 4 that is open only for reading has bans of all services. */
#define BAN_COLUMNS(services) "SELECT prefix, since, until, rule, reason, " services " FROM bans"

/* Reads all but the prefix. There may be a million rows, so no member is set to 0 only to be
 * written again. */
static void read_ban(sqlite3_stmt *statement, int64_t shift, struct ban_record *ban)
{
	const size_t after = offsetof(struct ban_record, services);

	memset((char *)ban + after, 0, offsetof(struct ban_record, reason) - after);
	ban->services = sqlite3_column_int(statement, 5) & BAN_ALL;
	ban->since_wall_ns = database_add(sqlite3_column_int64(statement, 1), shift);
	ban->until_wall_ns = database_add(sqlite3_column_int64(statement, 2), shift);
	ban->rule = (uint32_t)sqlite3_column_int64(statement, 3);
	database_column_text(statement, 4, ban->reason, sizeof(ban->reason));
}

int store_ban_get(struct store *store, const struct prefix *prefix, enum ban_services services,
		  struct ban_record *ban, struct fault *fault)
{
	static const char sql[] = BAN_COLUMNS(
		"services") " WHERE prefix = ?1 AND services & ?2 ORDER BY services & 1 DESC";
	static const char old[] = BAN_COLUMNS("3") " WHERE prefix = ?1 AND ?2";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	char text[PREFIX_TEXT_SIZE];
	int64_t shift;
	int result = database_shift(store, &shift, fault);

	if (!result)
		result = database_bound(store, store->has_services ? sql : old, &statement, fault,
					DATABASE_VALUES({ .prefix = prefix },
							{ .number = services }));
	if (result)
		return result;
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		ban->prefix = *prefix;
		read_ban(statement, shift, ban);
		return 0;
	case SQLITE_DONE:
		prefix_format(prefix, text);
		return fault_set(fault, -ENOENT, "there is no ban of %s in the store", text);
	default:
		return database_fault(store, fault, "look up a ban");
	}
}

int store_ban_each(struct store *store, int64_t now_wall_ns, store_ban_each_fn each, void *context,
		   struct fault *fault)
{
	/* The + keeps SQLite from using the index on `until`, whose result it would have to
	 * sort. */
	static const char sql[] =
		BAN_COLUMNS("services") " WHERE +until > ?1 ORDER BY prefix, services";
	static const char old[] = BAN_COLUMNS("3") " WHERE +until > ?1 ORDER BY prefix";
	_cleanup_(database_finalize) sqlite3_stmt *statement = NULL;
	int64_t shift;
	int step = database_shift(store, &shift, fault);

	if (step)
		return step;
	if (sqlite3_prepare_v2(store->db, store->has_services ? sql : old, -1, &statement, NULL) !=
	    SQLITE_OK)
		return database_fault(store, fault, "read the bans");
	sqlite3_bind_int64(statement, 1, database_add(now_wall_ns, -shift));
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		struct ban_record ban;
		int result = database_column_key(store, statement, 0, &ban.prefix, fault);

		if (result)
			return result;
		read_ban(statement, shift, &ban);
		if (each(&ban, context))
			return 0;
	}
	return step == SQLITE_DONE ? 0 : database_fault(store, fault, "read the bans");
}

int store_ban_count(struct store *store, int64_t now_wall_ns, uint64_t *count, struct fault *fault)
{
	/* A prefix with a ban of each group has two rows. */
	static const char sql[] =
		"SELECT (SELECT count(*) FROM bans WHERE until > ?1) - (SELECT count(*) FROM bans a"
		" JOIN bans b ON b.prefix = a.prefix AND b.services = 2"
		" WHERE a.services = 1 AND a.until > ?1 AND b.until > ?1)";
	static const char old[] = "SELECT count(*) FROM bans WHERE until > ?1";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int64_t shift;
	int result = database_shift(store, &shift, fault);

	if (!result)
		result = database_bound(
			store, store->has_services ? sql : old, &statement, fault,
			DATABASE_VALUES({ .number = database_add(now_wall_ns, -shift) }));
	if (result)
		return result;
	if (sqlite3_step(statement) != SQLITE_ROW)
		return database_fault(store, fault, "count the bans");
	*count = (uint64_t)sqlite3_column_int64(statement, 0);
	return 0;
}

static int prepare_evidence(struct store *store, const struct prefix *prefix, size_t most,
			    sqlite3_stmt **statement, struct fault *fault)
{
	char overlap[DATABASE_OVERLAP_SIZE], sql[DATABASE_OVERLAP_SIZE + 128];

	database_overlap_sql(prefix, 2, overlap, sizeof(overlap));
	snprintf(sql, sizeof(sql),
		 "SELECT wall, line FROM evidence WHERE %s ORDER BY wall DESC, id DESC LIMIT ?1",
		 overlap);
	if (sqlite3_prepare_v2(store->db, sql, -1, statement, NULL) != SQLITE_OK)
		return database_fault(store, fault, "read evidence");
	sqlite3_bind_int64(*statement, 1, most > INT64_MAX ? INT64_MAX : (int64_t)most);
	database_bind_overlap(*statement, 2, prefix);
	return 0;
}

int store_evidence_each(struct store *store, const struct prefix *prefix, size_t most,
			int (*each)(const struct store_evidence *evidence, void *context),
			void *context, struct fault *fault)
{
	_cleanup_(database_finalize) sqlite3_stmt *statement = NULL;
	int step, result = prepare_evidence(store, prefix, most, &statement, fault);

	if (result)
		return result;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_evidence evidence = {
			.wall_ns = sqlite3_column_int64(statement, 0),
			.line = (const char *)sqlite3_column_text(statement, 1),
		};

		if (!evidence.line)
			return database_fault(store, fault, "read evidence");
		if (each(&evidence, context))
			return 0;
	}
	return step == SQLITE_DONE ? 0 : database_fault(store, fault, "read evidence");
}
