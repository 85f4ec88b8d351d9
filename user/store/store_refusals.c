// SPDX-License-Identifier: GPL-2.0-or-later
/* Whom limits refused: a row for each minute, source and service. */
#include "base/cleanup.h"
#include "store/database.h"

static void finalize(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

/* An older schema, open for reading alone, has none. */
static bool has_refusals(const struct store *store)
{
	return sqlite3_table_column_metadata(store->db, NULL, "refusals", "wall", NULL, NULL, NULL,
					     NULL, NULL) == SQLITE_OK;
}

int store_refusal_put(struct store *store, const struct store_refusal *refusal, struct fault *fault)
{
	static const char sql[] =
		"INSERT INTO refusals(source, wall, service, count, would) VALUES(?1, ?2, ?3, ?4, "
		"?5)"
		" ON CONFLICT DO UPDATE SET count = count + excluded.count, would = excluded.would";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_statement(store, sql, &statement, fault);

	if (result)
		return result;
	database_bind_key(statement, 1, &refusal->source);
	sqlite3_bind_int64(statement, 2, refusal->wall_ns);
	sqlite3_bind_text(statement, 3, refusal->service, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 4, (int64_t)(refusal->count & INT64_MAX));
	sqlite3_bind_int(statement, 5, refusal->would);
	result = database_run(store, statement, "keep whom limits refused", fault);
	return result ? result : database_cap(store, CAP_REFUSALS, fault);
}

int store_refusals_each(struct store *store, const struct prefix *source, int64_t from_ns,
			int64_t to_ns,
			int (*each)(const struct store_refusal *refusal, void *context),
			void *context, struct fault *fault)
{
	static const char sql[] = "SELECT wall, service, count, would FROM refusals"
				  " WHERE source = ?1 AND wall >= ?2 AND wall < ?3"
				  " ORDER BY wall, service";
	_cleanup_(finalize) sqlite3_stmt *statement = NULL;
	int step;

	if (!has_refusals(store))
		return 0;
	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return database_fault(store, fault, "read whom limits refused");
	database_bind_key(statement, 1, source);
	sqlite3_bind_int64(statement, 2, from_ns);
	sqlite3_bind_int64(statement, 3, to_ns);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_refusal refusal = {
			.source = *source,
			.wall_ns = sqlite3_column_int64(statement, 0),
			.service = (const char *)sqlite3_column_text(statement, 1),
			.count = (uint64_t)sqlite3_column_int64(statement, 2),
			.would = sqlite3_column_int(statement, 3) != 0,
		};

		if (refusal.service && each(&refusal, context))
			return 0;
	}
	return step == SQLITE_DONE ? 0 : database_fault(store, fault, "read whom limits refused");
}
