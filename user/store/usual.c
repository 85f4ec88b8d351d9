// SPDX-License-Identifier: GPL-2.0-or-later
/* What the rules compare with: the beginning of the history, who delivered mail, accounts' habits.
 * Not synced by itself, like store_known.c. */
#include <errno.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "store/database.h"

#define CLOCK_LEAST_NS (1577836800 * NS_PER_S) /* 2020: an earlier clock was not set */

/* Reads the noted beginning. -ENOENT: none is noted. */
static int read_begun(struct store *store, int64_t *since_wall_ns, struct fault *fault)
{
	static const char sql[] = "SELECT wall FROM begun";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_statement(store, sql, &statement, fault);

	if (!result)
		result = database_row(store, statement, "the beginning is not known",
				      "look up the beginning", fault);
	if (result)
		return result;
	*since_wall_ns = sqlite3_column_int64(statement, 0);
	return 0;
}

/* Finds the oldest record that the rules left in a store that had no such table yet. Bans by hand
 * tell nothing about how long logs have been read. */
static int oldest_record(struct store *store, int64_t *oldest_wall_ns, struct fault *fault)
{
	static const char sql[] =
		"SELECT min(wall) FROM (SELECT min(first) AS wall FROM known WHERE first >= ?1"
		" UNION ALL SELECT min(wall) FROM evidence WHERE wall >= ?1"
		" UNION ALL SELECT min(since) + coalesce((SELECT shift FROM clock), 0) FROM bans"
		" WHERE rule != 0 AND since >= ?1)";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_bound(store, sql, &statement, fault,
				    DATABASE_VALUES({ .number = CLOCK_LEAST_NS }));

	if (result)
		return result;
	if (sqlite3_step(statement) != SQLITE_ROW)
		return database_fault(store, fault, "look up the oldest record");
	if (sqlite3_column_type(statement, 0) != SQLITE_NULL &&
	    sqlite3_column_int64(statement, 0) < *oldest_wall_ns)
		*oldest_wall_ns = sqlite3_column_int64(statement, 0);
	return 0;
}

int store_begun(struct store *store, int64_t now_wall_ns, int64_t *since_wall_ns,
		struct fault *fault)
{
	static const char sql[] = "INSERT OR REPLACE INTO begun VALUES(1, ?1)";
	int64_t since = 0;
	int result = read_begun(store, &since, fault);

	if (result == -ENOENT) {
		since = now_wall_ns;
		result = oldest_record(store, &since, fault);
	} else if (!result && since <= now_wall_ns) {
		*since_wall_ns = since;
		return 0;
	} else if (!result) {
		since = now_wall_ns; /* the clock was wrong when it was noted */
	}
	if (result)
		return result;
	*since_wall_ns = since;
	if (since < CLOCK_LEAST_NS)
		return 0;
	return database_write(store, sql, "note when it began", fault,
			      DATABASE_VALUES({ .number = since }));
}

int store_sender_put(struct store *store, const struct prefix *network, int64_t last_wall_ns,
		     struct fault *fault)
{
	static const char sql[] = "INSERT OR REPLACE INTO senders VALUES(?1, ?2)";

	return database_put(store, CAP_SENDERS, sql, "store who delivered mail", fault,
			    DATABASE_VALUES({ .prefix = network }, { .number = last_wall_ns }));
}

int store_sender_get(struct store *store, const struct prefix *network, int64_t *last_wall_ns,
		     struct fault *fault)
{
	static const char sql[] = "SELECT last FROM senders WHERE network = ?1";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_bound(store, sql, &statement, fault,
				    DATABASE_VALUES({ .prefix = network }));

	if (!result)
		result = database_row(store, statement, "no mail came from there",
				      "look up who delivered mail", fault);
	if (result)
		return result;
	*last_wall_ns = sqlite3_column_int64(statement, 0);
	return 0;
}

int store_habit_put(struct store *store, const char *account, const struct store_habit *habit,
		    struct fault *fault)
{
	static const char sql[] =
		"INSERT OR REPLACE INTO habits VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";

	return database_put(store, CAP_HABITS, sql, "store an account's habits", fault,
			    DATABASE_VALUES({ .text = account }, { .number = habit->last_wall_ns },
					    { .number = habit->day }, { .number = habit->messages },
					    { .number = habit->today },
					    { .number = habit->failing },
					    { .number = habit->failing_today }));
}

int store_habit_get(struct store *store, const char *account, struct store_habit *habit,
		    struct fault *fault)
{
	static const char sql[] = "SELECT last, day, messages, today, failing, failing_today"
				  " FROM habits WHERE account = ?1";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result =
		database_bound(store, sql, &statement, fault, DATABASE_VALUES({ .text = account }));

	if (!result)
		result = database_row(store, statement, "nothing is usual of it",
				      "look up an account's habits", fault);
	if (result)
		return result;
	*habit = (struct store_habit){
		.last_wall_ns = sqlite3_column_int64(statement, 0),
		.day = (uint32_t)sqlite3_column_int64(statement, 1),
		.messages = (uint32_t)sqlite3_column_int64(statement, 2),
		.today = (uint32_t)sqlite3_column_int64(statement, 3),
		.failing = (uint32_t)sqlite3_column_int64(statement, 4),
		.failing_today = (uint32_t)sqlite3_column_int64(statement, 5),
	};
	return 0;
}
