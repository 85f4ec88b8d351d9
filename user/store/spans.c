// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters over time: a row for each minute and a row for each hour, as text (history/span.h). */
#include <errno.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "store/database.h"

int store_span_put(struct store *store, const struct store_span *span, struct fault *fault)
{
	static const char sql[] = "INSERT OR REPLACE INTO spans(length, start, counts)"
				  " VALUES(?1, ?2, ?3)";

	return database_write(store, sql, "keep what was counted", fault,
			      DATABASE_VALUES({ .number = span->length_s },
					      { .number = span->start_s },
					      { .text = span->counts }));
}

int store_spans_each(struct store *store, unsigned length_s, int64_t from_s, int64_t to_s,
		     store_span_each each, void *context, struct fault *fault)
{
	static const char sql[] = "SELECT start, counts FROM spans WHERE length = ?1"
				  " AND start >= ?2 AND start < ?3 ORDER BY start";
	_cleanup_(database_finalize) sqlite3_stmt *statement = NULL;
	int step;

	if (!database_has(store, "spans"))
		return 0;
	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return database_fault(store, fault, "read what was counted");
	sqlite3_bind_int64(statement, 1, length_s);
	sqlite3_bind_int64(statement, 2, from_s);
	sqlite3_bind_int64(statement, 3, to_s);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_span span = {
			.length_s = length_s,
			.start_s = sqlite3_column_int64(statement, 0),
			.counts = (const char *)sqlite3_column_text(statement, 1),
		};

		if (span.counts && each(&span, context))
			return 0;
	}
	return step == SQLITE_DONE ? 0 : database_fault(store, fault, "read what was counted");
}

/* Removes rows that are too old, and those beyond `most`: a clock that was far in the future left
 * rows that never get old. */
static int expire(struct store *store, unsigned length_s, int64_t from_s, int64_t most,
		  struct fault *fault)
{
	static const char sql[] =
		"DELETE FROM spans WHERE length = ?1 AND (start < ?2 OR start IN (SELECT start"
		" FROM spans WHERE length = ?1 ORDER BY start DESC LIMIT -1 OFFSET ?3))";

	return database_write(store, sql, "forget what was counted", fault,
			      DATABASE_VALUES({ .number = length_s }, { .number = from_s },
					      { .number = most }));
}

int database_expire_spans(struct store *store, int64_t now_wall_ns, struct fault *fault)
{
	int64_t now_s = now_wall_ns / NS_PER_S;
	int result =
		expire(store, 60, now_s - STORE_MINUTES_MOST * 60LL, STORE_MINUTES_MOST, fault);

	return result ? result
		      : expire(store, 3600, now_s - STORE_HOURS_MOST * 3600LL, STORE_HOURS_MOST,
			       fault);
}
