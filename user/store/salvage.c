// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies what can still be read of a damaged store into a new one. Each table is read from its
 * beginning up to the damage, and then from its end back to it. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/database.h"

#define ROWS_AT_ONCE 10000 /* in one transaction, so that others can write in between */

struct salvage_table {
	const char *name, *columns, *order;
	const char *older; /* columns for a schema that lacks some of them; NULL: none does */
	int count;	   /* of columns */
	int key;	   /* the column that holds a prefix, or -1 */
	bool later;	   /* older schemas do not have the table */
};

static const struct salvage_table tables[] = {
	{ "bans", "prefix, services, since, until, rule, reason", "prefix",
	  "prefix, 3, since, until, rule, reason", 6, 0 },
	{ "lists",
	  "id, name, allow, updated, prefixes, source, source_mtime, source_size, services", "id",
	  "id, name, allow, updated, prefixes, source, source_mtime, source_size, ''", 9, -1 },
	{ "list_ranges", "id, ranges", "id", NULL, 2, -1 },
	{ "countries", "id, source, updated, ranges", "id", NULL, 4, -1 },
	{ "positions", "path, device, inode, offset, head_digest, head_size", "path", NULL, 6, -1 },
	{ "clock", "id, boot, apart, shift", "id", NULL, 4, -1 },
	{ "repeats", "prefix, services, bans, until, lasts", "prefix",
	  "prefix, 2, bans, until, lasts", 5, 0 },
	{ "troubles", "account, rule, last", "account, rule", NULL, 3, -1 },
	{ "known", "account, source, first, last", "account, source", NULL, 4, 1 },
	{ "senders", "network, last", "network", NULL, 2, 0, true },
	{ "habits", "account, last, day, messages, today, failing, failing_today", "account", NULL,
	  7, -1, true },
	{ "begun", "id, wall", "id", NULL, 2, -1, true },
	{ "past_alerts", "id, wall, rule, account, prefix, facts", "id", NULL, 6, -1, true },
	{ "past_bans", "id, prefix, services, since, ended, lifted, rule, reason", "id", NULL, 8, 1,
	  true },
	{ "rights", "account, digests, last", "account", NULL, 3, -1, true },
	{ "wrongs", "account, source, digests, stale, last", "account, source", NULL, 5, 1, true },
	{ "budgets",
	  "account, last, unknown, fresh, shared, day, recipients, first_time, refused, held,"
	  " held_size, over",
	  "account", NULL, 12, -1, true },
	{ "held", "account, queue, wall, recipients, size", "account, queue", NULL, 5, -1, true },
	{ "spans", "length, start, counts", "length, start", NULL, 3, -1, true },
	{ "refusals", "source, wall, service, count, would", "source", NULL, 5, 0, true },
	{ "evidence", "prefix, wall, line", "id", NULL, 3, 0 },
};

struct salvage_copying {
	struct store from; /* the damaged one */
	struct store *to;
	struct store_salvage *salvage;
	struct fault *fault;
};

/* Copies a row. 1: copied; 0: it is there already, or is invalid; or -errno of the new store. */
static int copy_row(struct salvage_copying *copying, const struct salvage_table *table,
		    sqlite3_stmt *from, sqlite3_stmt *to)
{
	struct prefix prefix;
	int result;

	if (table->key >= 0 &&
	    database_column_key(&copying->from, from, table->key, &prefix, NULL)) {
		copying->salvage->complete = false;
		return 0;
	}
	sqlite3_reset(to);
	for (int i = 0; i < table->count; i++)
		if (sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i)) != SQLITE_OK)
			return fault_set(copying->fault, -ENOMEM, "out of memory");
	result = database_run(copying->to, to, "store what was salvaged", copying->fault);
	if (result)
		return result;
	return sqlite3_changes(copying->to->db) ? 1 : 0;
}

static int copy_rows(struct salvage_copying *copying, const struct salvage_table *table,
		     sqlite3_stmt *from, sqlite3_stmt *to, uint64_t *copied)
{
	int result = 0, step = SQLITE_ROW;

	while (!result && step == SQLITE_ROW) {
		result = database_group_begin(copying->to, copying->fault);
		if (result)
			return result;
		for (unsigned i = 0; i < ROWS_AT_ONCE && result >= 0; i++) {
			step = sqlite3_step(from);
			if (step != SQLITE_ROW)
				break;
			result = copy_row(copying, table, from, to);
			*copied += result == 1;
		}
		sqlite3_reset(to);
		result = database_group_end(copying->to, result < 0 ? result : 0, copying->fault);
	}
	return result ? result : step != SQLITE_DONE;
}

static bool select_from(struct salvage_copying *copying, const struct salvage_table *table,
			const char *columns, bool backwards, sqlite3_stmt **from)
{
	char select[256];

	snprintf(select, sizeof(select), "SELECT %s FROM %s ORDER BY %s%s", columns, table->name,
		 table->order, backwards ? " DESC" : "");
	return sqlite3_prepare_v2(copying->from.db, select, -1, from, NULL) == SQLITE_OK;
}

/* Copies a table from one end. 1: the damage was met; 0: read to the other end; or -errno of the
 * new store. */
static int copy_table(struct salvage_copying *copying, const struct salvage_table *table,
		      bool backwards, uint64_t *copied)
{
	static const char places[] = "?,?,?,?,?,?,?,?,?,?,?,?";
	_cleanup_(database_finalize) sqlite3_stmt *from = NULL;
	_cleanup_(database_finalize) sqlite3_stmt *to = NULL;
	char insert[256];

	/* Rows that are there already must not be there twice. */
	snprintf(insert, sizeof(insert), "INSERT OR IGNORE INTO %s(%s) VALUES(%.*s)", table->name,
		 table->columns, 2 * table->count - 1, places);
	if (!select_from(copying, table, table->columns, backwards, &from) &&
	    (!table->older || !select_from(copying, table, table->older, backwards, &from)))
		return !table->later || sqlite3_errcode(copying->from.db) != SQLITE_ERROR;
	if (sqlite3_prepare_v2(copying->to->db, insert, -1, &to, NULL) != SQLITE_OK)
		return database_fault(copying->to, copying->fault, "store what was salvaged");
	return copy_rows(copying, table, from, to, copied);
}

static int copy_all(struct salvage_copying *copying)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		const struct salvage_table *table = &tables[i];
		uint64_t copied = 0;
		int result = copy_table(copying, table, false, &copied);

		if (result == 1) {
			copying->salvage->complete = false;
			/* Evidence has no key by which rows that are read twice would be
			 * noticed. */
			if (strcmp(table->name, "evidence"))
				result = copy_table(copying, table, true, &copied);
		}
		if (result < 0)
			return result;
		copying->salvage->rows += copied;
		if (!strcmp(table->name, "bans"))
			copying->salvage->bans = copied;
		if (!strcmp(table->name, "list_ranges"))
			copying->salvage->lists = copied;
	}
	return 0;
}

/* Drops lists without content, and content without its list. */
static int drop_halves(struct store *store, struct fault *fault)
{
	return database_execute(store,
				"DELETE FROM lists WHERE id NOT IN (SELECT id FROM list_ranges);"
				"DELETE FROM list_ranges WHERE id NOT IN (SELECT id FROM lists)",
				"store what was salvaged", fault);
}

/* Raises the new store's generation, so that no number stands for two different contents. */
static int raise_generation(struct salvage_copying *copying)
{
	_cleanup_(database_finalize) sqlite3_stmt *from = NULL;
	uint64_t own = 0, old = 0;
	int result = store_generation(copying->to, &own, copying->fault);

	if (result)
		return result;
	if (sqlite3_prepare_v2(copying->from.db, "SELECT number FROM generation", -1, &from,
			       NULL) != SQLITE_OK ||
	    sqlite3_step(from) != SQLITE_ROW)
		return 0;
	old = (uint64_t)sqlite3_column_int64(from, 0);
	return old > own ? store_generation_set(copying->to, old, copying->fault) : 0;
}

int store_salvage(struct store *store, const char *path, struct store_salvage *salvage,
		  struct fault *fault)
{
	struct salvage_copying copying = { .from = { .path = (char *)(uintptr_t)path },
					   .to = store,
					   .salvage = salvage,
					   .fault = fault };
	int result;

	*salvage = (struct store_salvage){ .complete = true };
	if (sqlite3_open_v2(path, &copying.from.db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
		salvage->complete = false;
		sqlite3_close(copying.from.db);
		return 0;
	}
	sqlite3_exec(copying.from.db, "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF",
		     NULL, NULL, NULL);
	result = copy_all(&copying);
	if (!result)
		result = drop_halves(store, fault);
	if (!result)
		result = raise_generation(&copying);
	sqlite3_close(copying.from.db);
	return result;
}
