// SPDX-License-Identifier: GPL-2.0-or-later
/* What the rules remember beyond a restart: known sources, incidents, repeated bans. Not synced by
 * itself: what a power cut takes back is learned again. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/database.h"

int store_known_put(struct store *store, const char *account, const struct store_known *known,
		    struct fault *fault)
{
	static const char sql[] = "INSERT OR REPLACE INTO known VALUES(?1, ?2, ?3, ?4)";

	return database_put(store, CAP_KNOWN, sql, "store a known source", fault,
			    DATABASE_VALUES({ .text = account }, { .prefix = &known->source },
					    { .number = known->first_wall_ns },
					    { .number = known->last_wall_ns }));
}

int store_known_remove(struct store *store, const char *account, const struct prefix *source,
		       struct fault *fault)
{
	static const char sql[] = "DELETE FROM known WHERE account = ?1 AND source = ?2";

	return database_write(store, sql, "forget a known source", fault,
			      DATABASE_VALUES({ .text = account }, { .prefix = source }));
}

int store_known_each(struct store *store, const char *account,
		     void (*each)(const struct store_known *known, void *context), void *context,
		     struct fault *fault)
{
	static const char sql[] = "SELECT source, first, last FROM known WHERE account = ?1";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int step, result = database_bound(store, sql, &statement, fault,
					  DATABASE_VALUES({ .text = account }));

	if (result)
		return result;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_known known = {
			.first_wall_ns = sqlite3_column_int64(statement, 1),
			.last_wall_ns = sqlite3_column_int64(statement, 2),
		};

		result = database_column_key(store, statement, 0, &known.source, fault);
		if (result)
			return result;
		each(&known, context);
	}
	return step == SQLITE_DONE ? 0 : database_fault(store, fault, "read known sources");
}

int store_known_last(struct store *store, const struct prefix *prefix, int64_t *last_wall_ns,
		     struct fault *fault)
{
	static const char sql[] = "SELECT max(last) FROM known WHERE source BETWEEN ?1 AND ?2";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_statement(store, sql, &statement, fault);

	if (result)
		return result;
	database_bind_keys_in(statement, 1, 2, prefix);
	if (sqlite3_step(statement) != SQLITE_ROW)
		return database_fault(store, fault, "look up a known source");
	if (sqlite3_column_type(statement, 0) == SQLITE_NULL)
		return fault_set(fault, -ENOENT, "no account knows it");
	*last_wall_ns = sqlite3_column_int64(statement, 0);
	return 0;
}

int store_known_in(struct store *store, const struct prefix *prefix, unsigned most,
		   void (*each)(const char *account, const struct store_known *known,
				void *context),
		   void *context, struct fault *fault)
{
	static const char sql[] = "SELECT account, source, first, last FROM known"
				  " WHERE source BETWEEN ?1 AND ?2 ORDER BY last DESC LIMIT ?3";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int step, result = database_statement(store, sql, &statement, fault);

	if (result)
		return result;
	database_bind_keys_in(statement, 1, 2, prefix);
	sqlite3_bind_int64(statement, 3, most);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *account = (const char *)sqlite3_column_text(statement, 0);
		struct store_known known = {
			.first_wall_ns = sqlite3_column_int64(statement, 2),
			.last_wall_ns = sqlite3_column_int64(statement, 3),
		};

		result = database_column_key(store, statement, 1, &known.source, fault);
		if (result)
			return result;
		if (account)
			each(account, &known, context);
	}
	return step == SQLITE_DONE ? 0 : database_fault(store, fault, "look up a known source");
}

int store_incident_put(struct store *store, const char *account, uint32_t rule,
		       int64_t last_wall_ns, struct fault *fault)
{
	static const char sql[] = "INSERT OR REPLACE INTO troubles VALUES(?1, ?2, ?3)";

	return database_put(store, CAP_INCIDENTS, sql, "store an account's trouble", fault,
			    DATABASE_VALUES({ .text = account }, { .number = rule },
					    { .number = last_wall_ns }));
}

int store_incident_remove(struct store *store, const char *account, uint32_t rule,
			  struct fault *fault)
{
	static const char sql[] = "DELETE FROM troubles WHERE account = ?1 AND rule = ?2";

	return database_write(store, sql, "end an account's trouble", fault,
			      DATABASE_VALUES({ .text = account }, { .number = rule }));
}

int store_incident_each(struct store *store,
			void (*each)(const char *account, uint32_t rule, int64_t last_wall_ns,
				     void *context),
			void *context, struct fault *fault)
{
	static const char sql[] = "SELECT account, rule, last FROM troubles ORDER BY last";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int step, result = database_statement(store, sql, &statement, fault);

	if (result)
		return result;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *account = (const char *)sqlite3_column_text(statement, 0);

		if (!account)
			return database_fault(store, fault, "read the accounts in trouble");
		each(account, (uint32_t)sqlite3_column_int64(statement, 1),
		     sqlite3_column_int64(statement, 2), context);
	}
	return step == SQLITE_DONE ? 0
				   : database_fault(store, fault, "read the accounts in trouble");
}

int store_repeat_put(struct store *store, const struct prefix *prefix, enum ban_services group,
		     const struct store_repeat *repeat, struct fault *fault)
{
	static const char sql[] = "INSERT OR REPLACE INTO repeats VALUES(?1, ?5, ?2, ?3, ?4)";

	return database_put(store, CAP_REPEATS, sql, "store a ban's history", fault,
			    DATABASE_VALUES({ .prefix = prefix }, { .number = repeat->bans },
					    { .number = repeat->until_wall_ns },
					    { .number = (int64_t)repeat->lasts_ns },
					    { .number = group }));
}

int store_repeat_get(struct store *store, const struct prefix *prefix, enum ban_services group,
		     struct store_repeat *repeat, struct fault *fault)
{
	static const char sql[] =
		"SELECT bans, until, lasts FROM repeats WHERE prefix = ?1 AND services = ?2";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_bound(store, sql, &statement, fault,
				    DATABASE_VALUES({ .prefix = prefix }, { .number = group }));

	if (!result)
		result = database_row(store, statement, "it was not banned before",
				      "look up a ban's history", fault);
	if (result)
		return result;
	repeat->bans = (uint32_t)sqlite3_column_int64(statement, 0);
	repeat->until_wall_ns = sqlite3_column_int64(statement, 1);
	repeat->lasts_ns = (uint64_t)sqlite3_column_int64(statement, 2);
	return 0;
}

/* Begins a transaction of notes: the caller groups them, and they are not worth a sync. */
int store_begin_notes(struct store *store, struct fault *fault)
{
	int result = database_execute(store, "PRAGMA synchronous = NORMAL", "write", fault);

	if (!result)
		result = store_begin(store, fault);
	if (result)
		sqlite3_exec(store->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	return result;
}

int store_commit_notes(struct store *store, struct fault *fault)
{
	int result = store_commit(store, fault);

	sqlite3_exec(store->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	return result;
}

void store_rollback_notes(struct store *store)
{
	store_rollback(store);
	sqlite3_exec(store->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
}
