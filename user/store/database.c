// SPDX-License-Identifier: GPL-2.0-or-later
/* Statements, transactions and faults of the store. Not here: what is stored. */
#include "store/database.h"

#include <errno.h>
#include <string.h>

int database_system_fault(struct store *store, int error, struct fault *fault, const char *what)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return fault_set(fault, -error,
				 "cannot %s in %s: %s; free some space: bans go on in the kernel, "
				 "but what is not stored will not outlast a reboot",
				 what, store->path, strerror(error));
	case EROFS:
		return fault_set(
			fault, -error,
			"cannot %s in %s: the file system is read-only; remount it, or set "
			"[paths] state to another place",
			what, store->path);
	case EACCES:
	case EPERM:
		return fault_set(fault, -error, "cannot %s in %s: %s; run this as root", what,
				 store->path, strerror(error));
	default:
		return fault_set(fault, -error, "cannot %s in %s: %s", what, store->path,
				 strerror(error));
	}
}

int database_damage(struct store *store, struct fault *fault, const char *why)
{
	store->damaged = true;
	return fault_set(fault, -EBADMSG,
			 "the store %s is damaged (%s); the daemon, or `sekisho load`, moves it "
			 "aside and keeps the bans in the kernel and what can still be read",
			 store->path, why);
}

int database_fault(struct store *store, struct fault *fault, const char *what)
{
	int last = errno, system = store->db ? sqlite3_system_errno(store->db) : 0;

	/* SQLite keeps no errno of a failed write; the library's errno is still there. */
	if (!system && (last == ENOSPC || last == EDQUOT || last == EFBIG || last == EROFS))
		system = last;
	switch (store->db ? sqlite3_errcode(store->db) & 0xff : SQLITE_NOMEM) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return database_damage(store, fault, sqlite3_errmsg(store->db));
	case SQLITE_FULL:
		return database_system_fault(store, ENOSPC, fault, what);
	case SQLITE_READONLY:
		return database_system_fault(store, system == EACCES ? EACCES : EROFS, fault, what);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fault_set(fault, -EBUSY,
				 "cannot %s in %s: another process has been writing for %u ms; try "
				 "again once it has ended",
				 what, store->path, store->busy_ms);
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return database_system_fault(store, system ? system : EACCES, fault, what);
	case SQLITE_IOERR:
		return database_system_fault(store, system ? system : EIO, fault, what);
	case SQLITE_TOOBIG:
		return database_system_fault(store, EFBIG, fault, what);
	case SQLITE_NOMEM:
		return fault_set(fault, -ENOMEM, "cannot %s in %s: out of memory", what,
				 store->path);
	default:
		return fault_set(fault, -EIO, "cannot %s in %s: %s", what, store->path,
				 sqlite3_errmsg(store->db));
	}
}

int database_execute(struct store *store, const char *sql, const char *what, struct fault *fault)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return database_fault(store, fault, what);
}

/* SQLite ends a transaction by itself when it runs out of space: the statements after that must not
 * take effect one by one. */
static int check_begun(struct store *store, struct fault *fault)
{
	if (!store->begun || !sqlite3_get_autocommit(store->db))
		return 0;
	return fault_set(fault, -ECANCELED,
			 "nothing was stored in %s: an earlier fault undid the transaction",
			 store->path);
}

int database_statement(struct store *store, const char *sql, sqlite3_stmt **statement,
		       struct fault *fault)
{
	int result = check_begun(store, fault);

	if (result)
		return result;
	for (size_t i = 0; i < STORE_STATEMENTS; i++) {
		if (store->statements[i].sql && store->statements[i].sql != sql)
			continue;
		if (!store->statements[i].sql &&
		    sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
				       &store->statements[i].statement, NULL) != SQLITE_OK)
			return database_fault(store, fault, "prepare a statement");
		store->statements[i].sql = sql;
		*statement = store->statements[i].statement;
		return 0;
	}
	return fault_set(fault, -ENOMEM, "more than %d statements in use", STORE_STATEMENTS);
}

void database_done(sqlite3_stmt **statement)
{
	if (!*statement)
		return;
	sqlite3_reset(*statement);
	sqlite3_clear_bindings(*statement);
}

void database_finalize(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

bool database_has(const struct store *store, const char *table)
{
	return sqlite3_table_column_metadata(store->db, NULL, table, NULL, NULL, NULL, NULL, NULL,
					     NULL) == SQLITE_OK;
}

int database_run(struct store *store, sqlite3_stmt *statement, const char *what,
		 struct fault *fault)
{
	return sqlite3_step(statement) == SQLITE_DONE ? 0 : database_fault(store, fault, what);
}

int database_group_begin(struct store *store, struct fault *fault)
{
	int result = check_begun(store, fault);

	if (result)
		return result;
	return database_execute(store, store->begun ? "SAVEPOINT part" : "BEGIN IMMEDIATE",
				"begin a transaction", fault);
}

int database_group_end(struct store *store, int result, struct fault *fault)
{
	if (!result)
		result = database_execute(store, store->begun ? "RELEASE part" : "COMMIT",
					  "commit a transaction", fault);
	if (result && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db,
			     store->begun ? "ROLLBACK TO part; RELEASE part" : "ROLLBACK", NULL,
			     NULL, NULL);
	return result;
}

int store_begin(struct store *store, struct fault *fault)
{
	int result;

	if (store->begun)
		return fault_set(fault, -EALREADY, "a transaction is open in %s", store->path);
	result = database_execute(store, "BEGIN IMMEDIATE", "begin a transaction", fault);
	store->begun = !result;
	return result;
}

int store_commit(struct store *store, struct fault *fault)
{
	int result;

	if (!store->begun)
		return fault_set(fault, -EINVAL, "no transaction is open in %s", store->path);
	result = check_begun(store, fault);
	if (!result)
		result = database_execute(store, "COMMIT", "commit a transaction", fault);
	if (result)
		store_rollback(store);
	store->begun = false;
	return result;
}

void store_rollback(struct store *store)
{
	if (store->begun && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	store->begun = false;
}
