// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fail2ban's database (/var/lib/fail2ban/fail2ban.sqlite3): the bans of all its jails that have not
 * ended. It is read from memory, and nothing in it is trusted: no views, no triggers, a bounded
 * number of steps. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <sqlite3.h>
#include <string.h>

#include "lists/ends.h"

#define STEPS_EVERY 1000
#define STEPS_MOST  1000000 /* times STEPS_EVERY: enough for more than ten million rows */

static void close_database(sqlite3 **database)
{
	sqlite3_close(*database);
}

static void end_statement(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

static int count_steps(void *context)
{
	size_t *steps = context;

	return ++*steps > STEPS_MOST;
}

/* Finds the tables of either form of fail2ban's database: since 0.11 with one row for each address,
 * before with one for each ban. */
static const char *choose_query(sqlite3 *database)
{
	static const char *const tables[][2] = {
		{ "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'bips'",
		  "SELECT ip, timeofban, bantime FROM bips" },
		{ "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'bans'",
		  "SELECT ip, timeofban, bantime FROM bans" },
	};

	for (size_t i = 0; i < 2; i++) {
		__attribute__((cleanup(end_statement))) sqlite3_stmt *statement = NULL;

		if (!sqlite3_prepare_v2(database, tables[i][0], -1, &statement, NULL) &&
		    sqlite3_step(statement) == SQLITE_ROW)
			return tables[i][1];
	}
	return NULL;
}

static void take(struct list_reader *reader, sqlite3_stmt *statement, size_t row)
{
	const char *ip = (const char *)sqlite3_column_text(statement, 0);
	int64_t began = sqlite3_column_int64(statement, 1);
	int64_t length = sqlite3_column_int64(statement, 2), end;

	if (!ip) {
		list_refuse(reader, row, "a ban without an address");
		return;
	}
	if (length >= 0 && !__builtin_add_overflow(began, length, &end))
		list_ends_at(reader, end); /* a length of -1 means: for ever */
	list_take_entry(reader, row, ip, strlen(ip));
}

static void read_bans(struct list_reader *reader, sqlite3 *database)
{
	__attribute__((cleanup(end_statement))) sqlite3_stmt *statement = NULL;
	const char *query = choose_query(database);
	int step = SQLITE_ROW;

	if (!query || sqlite3_prepare_v2(database, query, -1, &statement, NULL)) {
		list_give_up(reader, "an SQLite database without fail2ban's bans: %.100s",
			     sqlite3_errmsg(database));
		return;
	}
	for (size_t row = 1; !reader->error && (step = sqlite3_step(statement)) == SQLITE_ROW;
	     row++)
		take(reader, statement, row);
	if (!reader->error && step != SQLITE_DONE)
		list_give_up(reader,
			     "fail2ban's database cannot be read: %.100s; copy it while "
			     "fail2ban is stopped",
			     sqlite3_errmsg(database));
}

bool list_fail2ban_database(struct list_reader *reader, const char *text, size_t size)
{
	static const char magic[] = "SQLite format 3"; /* the file begins with this and its NUL */
	__attribute__((cleanup(close_database))) sqlite3 *database = NULL;
	size_t steps = 0;

	if (size < 100 || memcmp(text, magic, sizeof(magic)) != 0)
		return false;
	if (reader->options->allow) {
		list_give_up(reader, "fail2ban's bans say nothing for an allow list; import them "
				     "with --deny");
		return true;
	}
	if (sqlite3_open_v2(":memory:", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) ||
	    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) ||
	    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) ||
	    sqlite3_deserialize(database, "main", (unsigned char *)(uintptr_t)text,
				(sqlite3_int64)size, (sqlite3_int64)size,
				SQLITE_DESERIALIZE_READONLY)) {
		list_give_up(reader, "the database cannot be opened: %.100s",
			     sqlite3_errmsg(database));
		return true;
	}
	sqlite3_progress_handler(database, STEPS_EVERY, count_steps, &steps);
	read_bans(reader, database);
	return true;
}
