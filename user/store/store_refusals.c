// SPDX-License-Identifier: GPL-2.0-or-later
/* The sources that limits refused: a row for each minute, source and service. */
#include "base/cleanup.h"
#include "store/database.h"

int store_refusal_put(struct store *store, const struct store_refusal *refusal, struct fault *fault)
{
	static const char sql[] =
		"INSERT INTO refusals(source, wall, service, count, would) VALUES(?1, ?2, ?3, ?4, "
		"?5)"
		" ON CONFLICT DO UPDATE SET count = count + excluded.count, would = excluded.would";
	return database_put(store, CAP_REFUSALS, sql, "keep whom limits refused", fault,
			    DATABASE_VALUES({ .prefix = &refusal->source },
					    { .number = refusal->wall_ns },
					    { .text = refusal->service },
					    { .number = (int64_t)(refusal->count & INT64_MAX) },
					    { .number = refusal->would }));
}

int store_refusals_each(struct store *store, const struct prefix *source, int64_t from_ns,
			int64_t to_ns,
			int (*each)(const struct store_refusal *refusal, void *context),
			void *context, struct fault *fault)
{
	static const char sql[] = "SELECT wall, service, count, would FROM refusals"
				  " WHERE source = ?1 AND wall >= ?2 AND wall < ?3"
				  " ORDER BY wall, service";
	_cleanup_(database_finalize) sqlite3_stmt *statement = NULL;
	int step;

	if (!database_has(store, "refusals"))
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
