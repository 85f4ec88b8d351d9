// SPDX-License-Identifier: GPL-2.0-or-later
/* Accounts as an administrator sees them: which there are, what was decided about one, and orders.
 * An order changes the store at once; a running daemon finds it here and does the same. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/database.h"
#include "store/policy_rows.h"

#define ORDERS_MOST "1000" /* orders that no daemon has taken: the oldest give way */

int store_account_each(struct store *store,
		       void (*each)(const char *account, uint64_t sources, int64_t first_wall_ns,
				    int64_t last_wall_ns, void *context),
		       void *context, struct fault *fault)
{
	static const char sql[] = "SELECT account, count(*), min(first), max(last) FROM known"
				  " GROUP BY account ORDER BY account";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int step, result = database_statement(store, sql, &statement, fault);

	if (result)
		return result;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *account = (const char *)sqlite3_column_text(statement, 0);

		if (!account)
			return database_fault(store, fault, "read the accounts");
		each(account, (uint64_t)sqlite3_column_int64(statement, 1),
		     sqlite3_column_int64(statement, 2), sqlite3_column_int64(statement, 3),
		     context);
	}
	return step == SQLITE_DONE ? 0 : database_fault(store, fault, "read the accounts");
}

int store_account_realm(struct store *store, char *realm, size_t size, struct fault *fault)
{
	static const char sql[] =
		"WITH names AS (SELECT DISTINCT account FROM known),"
		" bare AS (SELECT count(*) AS count FROM names WHERE NOT instr(account, '@')"
		"  AND NOT EXISTS (SELECT 1 FROM known WHERE account BETWEEN names.account || '@'"
		"  AND names.account || '@~')),"
		" realms AS (SELECT lower(substr(account, instr(account, '@') + 1)) AS realm,"
		"  count(*) AS count FROM names WHERE instr(account, '@') GROUP BY realm)"
		"SELECT realm FROM realms WHERE count * 2 >"
		" (SELECT sum(count) FROM realms) + (SELECT count FROM bare)";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_statement(store, sql, &statement, fault);

	if (!result)
		result = database_row(store, statement, "no realm is that of most accounts",
				      "look for the accounts' realm", fault);
	if (!result)
		database_column_text(statement, 0, realm, size);
	return result;
}

int store_evidence_naming(struct store *store, const char *text, size_t most,
			  bool (*each)(const struct prefix *prefix,
				       const struct store_evidence *evidence, void *context),
			  void *context, struct fault *fault)
{
	static const char sql[] = "SELECT prefix, wall, line FROM evidence"
				  " WHERE instr(lower(line), lower(?1)) ORDER BY wall DESC";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int step, result = database_bound(store, sql, &statement, fault,
					  DATABASE_VALUES({ .text = text }));

	if (result)
		return result;
	while (most && (step = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_evidence evidence = {
			.wall_ns = sqlite3_column_int64(statement, 1),
			.line = (const char *)sqlite3_column_text(statement, 2),
		};
		struct prefix prefix;

		result = database_column_key(store, statement, 0, &prefix, fault);
		if (result)
			return result;
		if (evidence.line && each(&prefix, &evidence, context))
			most--;
	}
	return !most || step == SQLITE_DONE ? 0 : database_fault(store, fault, "read evidence");
}

static int remove_rows(struct store *store, const char *sql, const char *account,
		       struct fault *fault)
{
	return database_write(store, sql, "forget what is known of an account", fault,
			      DATABASE_VALUES({ .text = account }));
}

int store_order_apply(struct store *store, const char *account, enum store_order order,
		      struct fault *fault)
{
	static const char troubles[] = "DELETE FROM troubles WHERE account = ?1";
	static const char known[] = "DELETE FROM known WHERE account = ?1";
	static const char habits[] = "DELETE FROM habits WHERE account = ?1";
	int result = remove_rows(store, troubles, account, fault);

	if (!result && order == STORE_FORGET)
		result = remove_rows(store, known, account, fault);
	if (!result && order == STORE_FORGET)
		result = remove_rows(store, habits, account, fault);
	return result ? result : store_policy_clear(store, account, order == STORE_FORGET, fault);
}

static int add_order(struct store *store, const char *account, enum store_order order,
		     struct fault *fault)
{
	static const char sql[] = "INSERT INTO orders(account, what) VALUES(?1, ?2)";
	static const char oldest[] = "DELETE FROM orders WHERE ?1 NOT NULL AND id <="
				     " (SELECT max(id) FROM orders) - " ORDERS_MOST;
	int result = database_write(store, sql, "store an order", fault,
				    DATABASE_VALUES({ .text = account }, { .number = order }));

	return result ? result : remove_rows(store, oldest, account, fault);
}

int store_order_put(struct store *store, const char *account, enum store_order order, int64_t *id,
		    struct fault *fault)
{
	int result = database_group_begin(store, fault);

	if (result)
		return result;
	result = store_order_apply(store, account, order, fault);
	if (!result)
		result = add_order(store, account, order, fault);
	if (!result)
		*id = sqlite3_last_insert_rowid(store->db);
	return database_group_end(store, result, fault);
}

int store_order_next(struct store *store, int64_t after, struct store_order_row *row,
		     struct fault *fault)
{
	static const char sql[] = "SELECT id, account, what FROM orders WHERE id > ?1"
				  " ORDER BY id LIMIT 1";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result =
		database_bound(store, sql, &statement, fault, DATABASE_VALUES({ .number = after }));

	if (!result)
		result = database_row(store, statement, "there is no order", "look for orders",
				      fault);
	if (result)
		return result;
	row->id = sqlite3_column_int64(statement, 0);
	row->order = (enum store_order)sqlite3_column_int64(statement, 2);
	database_column_text(statement, 1, row->account, sizeof(row->account));
	return 0;
}

int store_order_done(struct store *store, int64_t id, struct fault *fault)
{
	static const char sql[] = "DELETE FROM orders WHERE id <= ?1";

	return database_write(store, sql, "take an order out", fault,
			      DATABASE_VALUES({ .number = id }));
}
