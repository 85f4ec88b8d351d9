// SPDX-License-Identifier: GPL-2.0-or-later
/* Up to which position each log was read. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/database.h"

static int put(struct store *store, const char *path, const struct follow_position *position,
	       struct fault *fault)
{
	static const char sql[] = "INSERT OR REPLACE INTO positions VALUES(?1, ?2, ?3, ?4, ?5, ?6)";

	return database_write(store, sql, "store a log position", fault,
			      DATABASE_VALUES({ .text = path },
					      { .number = (sqlite3_int64)position->device },
					      { .number = (sqlite3_int64)position->inode },
					      { .number = (sqlite3_int64)position->offset },
					      { .number = (sqlite3_int64)position->head_digest },
					      { .number = position->head_size }));
}

int store_position_put(struct store *store, const char *path,
		       const struct follow_position *position, struct fault *fault)
{
	int result;

	if (store->begun)
		return put(store, path, position, fault);
	/* Not synced by itself: if a power cut takes back some seconds, lines are read twice, and
	 * the bans that they led to exist already. */
	result = database_execute(store, "PRAGMA synchronous = NORMAL", "write", fault);
	if (!result)
		result = put(store, path, position, fault);
	sqlite3_exec(store->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	return result;
}

int store_position_get(struct store *store, const char *path, struct follow_position *position,
		       struct fault *fault)
{
	static const char sql[] = "SELECT device, inode, offset, head_digest, head_size"
				  " FROM positions WHERE path = ?1";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result =
		database_bound(store, sql, &statement, fault, DATABASE_VALUES({ .text = path }));

	if (result)
		return result;
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		*position = (struct follow_position){
			.device = (uint64_t)sqlite3_column_int64(statement, 0),
			.inode = (uint64_t)sqlite3_column_int64(statement, 1),
			.offset = (uint64_t)sqlite3_column_int64(statement, 2),
			.head_digest = (uint64_t)sqlite3_column_int64(statement, 3),
			.head_size = (uint32_t)sqlite3_column_int64(statement, 4),
		};
		return 0;
	case SQLITE_DONE:
		return fault_set(fault, -ENOENT, "nothing is known of %s", path);
	default:
		return database_fault(store, fault, "look up a log position");
	}
}
