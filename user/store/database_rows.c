// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes and looks up rows with bound values; see database.h. */
#include "store/database.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

int database_bound(struct store *store, const char *sql, sqlite3_stmt **statement,
		   struct fault *fault, const struct database_value *values, size_t count)
{
	int result = database_statement(store, sql, statement, fault);

	for (size_t i = 0; i < count && !result; i++) {
		int parameter = (int)i + 1;

		if (values[i].text)
			sqlite3_bind_text(*statement, parameter, values[i].text, -1,
					  SQLITE_TRANSIENT);
		else if (values[i].prefix)
			database_bind_key(*statement, parameter, values[i].prefix);
		else
			sqlite3_bind_int64(*statement, parameter, values[i].number);
	}
	return result;
}

int database_write(struct store *store, const char *sql, const char *what, struct fault *fault,
		   const struct database_value *values, size_t count)
{
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_bound(store, sql, &statement, fault, values, count);

	return result ? result : database_run(store, statement, what, fault);
}

int database_put(struct store *store, enum store_cap cap, const char *sql, const char *what,
		 struct fault *fault, const struct database_value *values, size_t count)
{
	int result = database_write(store, sql, what, fault, values, count);

	return result ? result : database_cap(store, cap, fault);
}

void database_column_text(sqlite3_stmt *statement, int column, char *text, size_t size)
{
	const unsigned char *value = sqlite3_column_text(statement, column);
	size_t length = value ? (size_t)sqlite3_column_bytes(statement, column) : 0;

	if (length >= size)
		length = size - 1;
	if (length)
		memcpy(text, value, length);
	text[length] = '\0';
}

int database_row(struct store *store, sqlite3_stmt *statement, const char *none, const char *what,
		 struct fault *fault)
{
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return 0;
	case SQLITE_DONE:
		return fault_set(fault, -ENOENT, "%s", none);
	default:
		return database_fault(store, fault, what);
	}
}
