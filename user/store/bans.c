// SPDX-License-Identifier: GPL-2.0-or-later
/* Bans and their evidence in the store. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "store/database.h"

#define EVIDENCE_PER_BAN 100
#define EVIDENCE_MOST	 1000000 /* lines in all: what an attacker with many addresses can fill */
#define EVIDENCE_DAYS	 90
#define NOTES_DAYS	 30    /* known sources and bans in a row; troubles twice as long */
#define EXPIRE_MOST	 20000 /* rows of a kind in one call, about 0.1 s */
#define SQL_TEXT(x)	 #x
#define SQL_NUMBER(x)	 SQL_TEXT(x)

static int put_row(struct store *store, const struct store_ban *ban, struct fault *fault)
{
	static const char sql[] =
		"INSERT INTO bans VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(prefix) DO UPDATE SET"
		" since = ?2, until = ?3, rule = ?4, reason = ?5";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int64_t shift;
	int result = database_statement(store, sql, &statement, fault);

	if (!result)
		result = database_shift(store, &shift, fault);
	if (result)
		return result;
	database_bind_key(statement, 1, &ban->prefix);
	sqlite3_bind_int64(statement, 2, database_add(ban->since_wall_ns, -shift));
	sqlite3_bind_int64(statement, 3, database_add(ban->until_wall_ns, -shift));
	sqlite3_bind_int64(statement, 4, ban->rule);
	sqlite3_bind_text(statement, 5, ban->reason ? ban->reason : "", -1, SQLITE_STATIC);
	return database_run(store, statement, "store a ban", fault);
}

static int put_line(struct store *store, const struct prefix *prefix,
		    const struct store_evidence *evidence, struct fault *fault)
{
	static const char sql[] = "INSERT INTO evidence(prefix, wall, line) VALUES(?1, ?2, ?3)";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_statement(store, sql, &statement, fault);

	if (result)
		return result;
	database_bind_key(statement, 1, prefix);
	sqlite3_bind_int64(statement, 2, evidence->wall_ns);
	sqlite3_bind_text(statement, 3, evidence->line, -1, SQLITE_STATIC);
	return database_run(store, statement, "store evidence", fault);
}

static int trim_evidence(struct store *store, const struct prefix *prefix, struct fault *fault)
{
	static const char sql[] =
		"DELETE FROM evidence WHERE id IN (SELECT id FROM evidence WHERE prefix = ?1"
		" ORDER BY wall DESC, id DESC LIMIT -1 OFFSET " SQL_NUMBER(EVIDENCE_PER_BAN) ")";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_statement(store, sql, &statement, fault);

	if (result)
		return result;
	database_bind_key(statement, 1, prefix);
	return database_run(store, statement, "trim evidence", fault);
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

int store_ban_put(struct store *store, const struct store_ban *ban,
		  const struct store_evidence *evidence, size_t evidence_count, struct fault *fault)
{
	int result;

	if (!evidence_count)
		return put_row(store, ban, fault);
	result = database_group_begin(store, fault);
	if (result)
		return result;
	result = put_row(store, ban, fault);
	for (size_t i = 0; i < evidence_count && !result; i++)
		result = put_line(store, &ban->prefix, &evidence[i], fault);
	if (!result)
		result = trim_evidence(store, &ban->prefix, fault);
	return database_group_end(store, result, fault);
}

int store_ban_remove(struct store *store, const struct prefix *prefix, struct fault *fault)
{
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	char text[PREFIX_TEXT_SIZE];
	int result =
		database_statement(store, "DELETE FROM bans WHERE prefix = ?1", &statement, fault);

	if (result)
		return result;
	database_bind_key(statement, 1, prefix);
	result = database_run(store, statement, "remove a ban", fault);
	if (result || sqlite3_changes(store->db))
		return result;
	prefix_format(prefix, text);
	return fault_set(fault, -ENOENT, "there is no ban of %s in the store", text);
}

static void read_ban(sqlite3_stmt *statement, int64_t shift, struct store_ban *ban)
{
	ban->since_wall_ns = database_add(sqlite3_column_int64(statement, 1), shift);
	ban->until_wall_ns = database_add(sqlite3_column_int64(statement, 2), shift);
	ban->rule = (uint32_t)sqlite3_column_int64(statement, 3);
	ban->reason = (const char *)sqlite3_column_text(statement, 4);
	if (!ban->reason)
		ban->reason = "";
}

int store_ban_get(struct store *store, const struct prefix *prefix, struct store_ban *ban,
		  char *reason, size_t size, struct fault *fault)
{
	static const char sql[] =
		"SELECT prefix, since, until, rule, reason FROM bans WHERE prefix = ?1";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	char text[PREFIX_TEXT_SIZE];
	int64_t shift;
	int result = database_statement(store, sql, &statement, fault);

	if (!result)
		result = database_shift(store, &shift, fault);
	if (result)
		return result;
	database_bind_key(statement, 1, prefix);
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		ban->prefix = *prefix;
		read_ban(statement, shift, ban);
		snprintf(reason, size, "%s", ban->reason);
		ban->reason = reason;
		return 0;
	case SQLITE_DONE:
		prefix_format(prefix, text);
		return fault_set(fault, -ENOENT, "there is no ban of %s in the store", text);
	default:
		return database_fault(store, fault, "look up a ban");
	}
}

static void finalize(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

int store_ban_each(struct store *store, int64_t now_wall_ns,
		   int (*each)(const struct store_ban *ban, void *context), void *context,
		   struct fault *fault)
{
	/* The + keeps SQLite from sorting what it finds by the index on `until`. */
	static const char sql[] = "SELECT prefix, since, until, rule, reason FROM bans"
				  " WHERE +until > ?1 ORDER BY prefix";
	_cleanup_(finalize) sqlite3_stmt *statement = NULL;
	int64_t shift;
	int step = database_shift(store, &shift, fault);

	if (step)
		return step;
	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return database_fault(store, fault, "read the bans");
	sqlite3_bind_int64(statement, 1, database_add(now_wall_ns, -shift));
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_ban ban;
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
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int64_t shift;
	int result = database_statement(store, "SELECT count(*) FROM bans WHERE until > ?1",
					&statement, fault);

	if (!result)
		result = database_shift(store, &shift, fault);
	if (result)
		return result;
	sqlite3_bind_int64(statement, 1, database_add(now_wall_ns, -shift));
	if (sqlite3_step(statement) != SQLITE_ROW)
		return database_fault(store, fault, "count the bans");
	*count = (uint64_t)sqlite3_column_int64(statement, 0);
	return 0;
}

/*
 * Parameters: 1 and 2 are the first and the last key that lie in the prefix, from 4 on stand the
 * keys of all wider prefixes of the same family (there may be none).
 */
static int prepare_evidence(struct store *store, const struct prefix *prefix, size_t most,
			    sqlite3_stmt **statement, struct fault *fault)
{
	unsigned shortest = prefix_is4(prefix) ? 96 : 0;
	unsigned wider = prefix->length - shortest;
	char sql[1024];
	size_t used = (size_t)snprintf(sql, sizeof(sql),
				       "SELECT wall, line FROM evidence WHERE prefix BETWEEN ?1 AND"
				       " ?2 OR prefix IN (NULL");
	struct prefix other = *prefix;

	for (unsigned i = 0; i < wider; i++)
		used += (size_t)snprintf(sql + used, sizeof(sql) - used, ",?%u", 4 + i);
	snprintf(sql + used, sizeof(sql) - used, ") ORDER BY wall DESC, id DESC LIMIT ?3");
	if (sqlite3_prepare_v2(store->db, sql, -1, statement, NULL) != SQLITE_OK)
		return database_fault(store, fault, "read evidence");
	database_bind_keys_in(*statement, 1, 2, prefix);
	sqlite3_bind_int64(*statement, 3, most > INT64_MAX ? INT64_MAX : (int64_t)most);
	for (unsigned i = 0; i < wider; i++) {
		other.length = shortest + i;
		other.address = address_mask(&prefix->address, other.length);
		database_bind_key(*statement, (int)(4 + i), &other);
	}
	return 0;
}

int store_evidence_each(struct store *store, const struct prefix *prefix, size_t most,
			int (*each)(const struct store_evidence *evidence, void *context),
			void *context, struct fault *fault)
{
	_cleanup_(finalize) sqlite3_stmt *statement = NULL;
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

static int run_with_time(struct store *store, const char *sql, int64_t wall_ns, struct fault *fault)
{
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_statement(store, sql, &statement, fault);

	if (result)
		return result;
	sqlite3_bind_int64(statement, 1, wall_ns);
	return database_run(store, statement, "forget what has ended", fault);
}

/* What the rules remember, once it is too old to matter. */
static int expire_notes(struct store *store, int64_t now_wall_ns, struct fault *fault)
{
	static const char known[] =
		"DELETE FROM known WHERE (account, source) IN (SELECT account, source FROM known"
		" WHERE last < ?1 LIMIT " SQL_NUMBER(EXPIRE_MOST) ")";
	static const char repeats[] =
		"DELETE FROM repeats WHERE prefix IN (SELECT prefix FROM repeats WHERE until < ?1"
		" LIMIT " SQL_NUMBER(EXPIRE_MOST) ")";
	static const char troubles[] =
		"DELETE FROM troubles WHERE (account, rule) IN (SELECT account, rule FROM troubles"
		" WHERE last < ?1 LIMIT " SQL_NUMBER(EXPIRE_MOST) ")";
	int64_t month_ns = NOTES_DAYS * 86400 * NS_PER_S;
	int result = run_with_time(store, known, now_wall_ns - month_ns, fault);

	if (!result)
		result = run_with_time(store, repeats, now_wall_ns - month_ns, fault);
	if (!result)
		result = run_with_time(store, troubles, now_wall_ns - 2 * month_ns, fault);
	return result;
}

int store_expire(struct store *store, int64_t now_wall_ns, struct fault *fault)
{
	static const char bans[] =
		"DELETE FROM bans WHERE prefix IN"
		" (SELECT prefix FROM bans WHERE until <= ?1 LIMIT " SQL_NUMBER(EXPIRE_MOST) ")";
	static const char old[] =
		"DELETE FROM evidence WHERE id IN"
		" (SELECT id FROM evidence WHERE wall < ?1 LIMIT " SQL_NUMBER(EXPIRE_MOST) ")";
	/* Ids are given in ascending order, so the lowest ones are the oldest. */
	static const char most[] =
		"DELETE FROM evidence WHERE ?1 AND id IN (SELECT id FROM evidence WHERE id <="
		" (SELECT max(id) FROM evidence) - " SQL_NUMBER(EVIDENCE_MOST) " LIMIT " SQL_NUMBER(
			EXPIRE_MOST) ")";
	int64_t shift;
	int result = database_group_begin(store, fault);

	if (result)
		return result;
	result = database_shift(store, &shift, fault);
	if (!result)
		result = run_with_time(store, bans, database_add(now_wall_ns, -shift), fault);
	if (!result)
		result = run_with_time(store, old, now_wall_ns - EVIDENCE_DAYS * 86400 * NS_PER_S,
				       fault);
	if (!result)
		result = run_with_time(store, most, 1, fault);
	if (!result)
		result = expire_notes(store, now_wall_ns, fault);
	return database_group_end(store, result, fault);
}
