// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of the store, as steps from each version of the schema to the next. A new step also
 * needs a store of the version before: tests/unit/data/schema/VERSION.sql. */
#include "store/database.h"

/*
 * Times are nanoseconds since 1970. Unsigned numbers are stored as signed ones with the same bits.
 */
static const char schema1[] =
	"PRAGMA application_id = 1936026473;"
	"CREATE TABLE bans(prefix BLOB PRIMARY KEY, since INTEGER NOT NULL, until INTEGER NOT NULL,"
	" rule INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX bans_until ON bans(until);"
	"CREATE TABLE evidence(id INTEGER PRIMARY KEY, prefix BLOB NOT NULL, wall INTEGER NOT NULL,"
	" line TEXT NOT NULL);"
	"CREATE INDEX evidence_prefix ON evidence(prefix, wall);"
	"CREATE INDEX evidence_wall ON evidence(wall);"
	"CREATE TABLE lists(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" allow INTEGER NOT NULL, updated INTEGER NOT NULL, prefixes INTEGER NOT NULL,"
	" source TEXT NOT NULL, source_mtime INTEGER NOT NULL, source_size INTEGER NOT NULL);"
	"CREATE TABLE list_ranges(id INTEGER PRIMARY KEY, ranges BLOB NOT NULL);"
	"CREATE TABLE countries(id INTEGER PRIMARY KEY CHECK(id = 1), source TEXT NOT NULL,"
	" updated INTEGER NOT NULL, ranges BLOB NOT NULL);"
	"CREATE TABLE generation(id INTEGER PRIMARY KEY CHECK(id = 1), number INTEGER NOT NULL);"
	"INSERT INTO generation VALUES(1, 0);"
	"CREATE TABLE positions(path TEXT PRIMARY KEY, device INTEGER NOT NULL,"
	" inode INTEGER NOT NULL, offset INTEGER NOT NULL, head_digest INTEGER NOT NULL,"
	" head_size INTEGER NOT NULL) WITHOUT ROWID;"
	"PRAGMA user_version = 1;";
/* The step from version 1; a new store takes it as well. */
static const char schema2[] =
	"CREATE TABLE known(account TEXT NOT NULL COLLATE NOCASE, source BLOB NOT NULL,"
	" first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY(account, source))"
	" WITHOUT ROWID;"
	"CREATE INDEX known_source ON known(source, last);"
	"CREATE INDEX known_last ON known(last);"
	"CREATE TABLE repeats(prefix BLOB PRIMARY KEY, bans INTEGER NOT NULL,"
	" until INTEGER NOT NULL, lasts INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX repeats_until ON repeats(until);"
	"CREATE TABLE troubles(account TEXT NOT NULL COLLATE NOCASE, rule INTEGER NOT NULL,"
	" last INTEGER NOT NULL, PRIMARY KEY(account, rule)) WITHOUT ROWID;"
	"PRAGMA user_version = 2;";
/* The step from version 2: see store_clock.c. */
static const char schema3[] =
	"CREATE TABLE clock(id INTEGER PRIMARY KEY CHECK(id = 1), boot TEXT NOT NULL,"
	" apart INTEGER NOT NULL, shift INTEGER NOT NULL);"
	"PRAGMA user_version = 3;";
/* The step from version 3: bans, and bans in a row, have services. And files of lists, whose
 * prefixes 0.1.0 did not count, are read again. */
static const char schema4[] =
	"UPDATE lists SET source_mtime = 0 WHERE prefixes = 0;"
	"CREATE TABLE bans4(prefix BLOB NOT NULL, services INTEGER NOT NULL,"
	" since INTEGER NOT NULL, until INTEGER NOT NULL, rule INTEGER NOT NULL,"
	" reason TEXT NOT NULL, PRIMARY KEY(prefix, services)) WITHOUT ROWID;"
	"INSERT INTO bans4 SELECT prefix, 3, since, until, rule, reason FROM bans;"
	"DROP TABLE bans;"
	"ALTER TABLE bans4 RENAME TO bans;"
	"CREATE INDEX bans_until ON bans(until);"
	"CREATE INDEX bans_smtp ON bans(prefix) WHERE services = 1;"
	"CREATE TABLE repeats4(prefix BLOB NOT NULL, services INTEGER NOT NULL,"
	" bans INTEGER NOT NULL, until INTEGER NOT NULL, lasts INTEGER NOT NULL,"
	" PRIMARY KEY(prefix, services)) WITHOUT ROWID;"
	"INSERT INTO repeats4 SELECT prefix, 1, bans, until, lasts FROM repeats"
	" UNION ALL SELECT prefix, 2, bans, until, lasts FROM repeats;"
	"DROP TABLE repeats;"
	"ALTER TABLE repeats4 RENAME TO repeats;"
	"CREATE INDEX repeats_until ON repeats(until);"
	"PRAGMA user_version = 4;";
/* The step from version 4: see usual.c. */
static const char schema5[] =
	"CREATE TABLE begun(id INTEGER PRIMARY KEY CHECK(id = 1), wall INTEGER NOT NULL);"
	"CREATE TABLE senders(network BLOB PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX senders_last ON senders(last);"
	"CREATE TABLE habits(account TEXT PRIMARY KEY COLLATE NOCASE, last INTEGER NOT NULL,"
	" day INTEGER NOT NULL, messages INTEGER NOT NULL, today INTEGER NOT NULL,"
	" failing INTEGER NOT NULL, failing_today INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX habits_last ON habits(last);"
	"PRAGMA user_version = 5;";
/* The step from version 5: see account_rows.c. */
static const char schema6[] =
	"CREATE TABLE orders(id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,"
	" what INTEGER NOT NULL);"
	"PRAGMA user_version = 6;";
/* The step from version 6: the past, see store_past.c. */
static const char schema7[] =
	"CREATE TABLE past_bans(id INTEGER PRIMARY KEY, prefix BLOB NOT NULL,"
	" services INTEGER NOT NULL, since INTEGER NOT NULL, ended INTEGER NOT NULL,"
	" lifted INTEGER NOT NULL, rule INTEGER NOT NULL, reason TEXT NOT NULL);"
	"CREATE INDEX past_bans_prefix ON past_bans(prefix, ended);"
	"CREATE INDEX past_bans_ended ON past_bans(ended);"
	"CREATE TABLE past_alerts(id INTEGER PRIMARY KEY, wall INTEGER NOT NULL,"
	" rule TEXT NOT NULL, account TEXT COLLATE NOCASE, prefix BLOB, facts TEXT NOT NULL);"
	"CREATE INDEX past_alerts_rule ON past_alerts(rule, wall);"
	"CREATE INDEX past_alerts_wall ON past_alerts(wall);"
	"PRAGMA user_version = 7;";

/* The step from version 7: what the policy keeps, see policy_rows.c. */
static const char schema8[] =
	"CREATE TABLE rights(account TEXT PRIMARY KEY COLLATE NOCASE, digests BLOB NOT NULL,"
	" last INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX rights_last ON rights(last);"
	"CREATE TABLE wrongs(account TEXT NOT NULL COLLATE NOCASE, source BLOB NOT NULL,"
	" digests BLOB NOT NULL, stale INTEGER NOT NULL, last INTEGER NOT NULL,"
	" PRIMARY KEY(account, source)) WITHOUT ROWID;"
	"CREATE INDEX wrongs_last ON wrongs(last);"
	"CREATE INDEX wrongs_stale ON wrongs(source) WHERE stale > 0;"
	"CREATE TABLE budgets(account TEXT PRIMARY KEY COLLATE NOCASE, last INTEGER NOT NULL,"
	" unknown INTEGER NOT NULL, fresh INTEGER NOT NULL, shared INTEGER NOT NULL,"
	" day INTEGER NOT NULL, recipients INTEGER NOT NULL, first_time INTEGER NOT NULL,"
	" refused INTEGER NOT NULL, held INTEGER NOT NULL, held_size INTEGER NOT NULL,"
	" over INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX budgets_last ON budgets(last);"
	"CREATE INDEX budgets_over ON budgets(day) WHERE over > 0;"
	"CREATE TABLE held(account TEXT NOT NULL COLLATE NOCASE, queue TEXT NOT NULL,"
	" wall INTEGER NOT NULL, recipients INTEGER NOT NULL, size INTEGER NOT NULL,"
	" PRIMARY KEY(account, queue)) WITHOUT ROWID;"
	"CREATE INDEX held_wall ON held(wall);"
	"PRAGMA user_version = 8;";
/* The step from version 8: counters over time, see spans.c. */
static const char schema9[] = "CREATE TABLE spans(length INTEGER NOT NULL, start INTEGER NOT NULL,"
			      " counts TEXT NOT NULL, PRIMARY KEY(length, start)) WITHOUT ROWID;"
			      "PRAGMA user_version = 9;";

/* The step from version 9: whom limits refused, see store_refusals.c. */
static const char schema10[] =
	"CREATE TABLE refusals(source BLOB NOT NULL, wall INTEGER NOT NULL, service TEXT NOT NULL,"
	" count INTEGER NOT NULL, would INTEGER NOT NULL, PRIMARY KEY(source, wall, service))"
	" WITHOUT ROWID;"
	"CREATE INDEX refusals_wall ON refusals(wall);"
	"PRAGMA user_version = 10;";
/* The step from version 10: the services that a list had when it last had a section. What is in a
 * list of a feed or of providers shows that it had one; until its section says more, if it still
 * has one, it is for the login services. */
static const char schema11[] =
	"ALTER TABLE lists ADD COLUMN services TEXT NOT NULL DEFAULT '';"
	"UPDATE lists SET services = 'login' WHERE allow = 0"
	" AND (source GLOB 'AS[0-9]*' OR source LIKE '%/feeds/' || name || '.list');"
	"PRAGMA user_version = 11;";

/* steps[n] leads from version n to the next. */
static const char *const steps[] = { schema1, schema2, schema3, schema4,  schema5, schema6,
				     schema7, schema8, schema9, schema10, schema11 };

_Static_assert(sizeof(steps) / sizeof(*steps) == SCHEMA_VERSION, "a step to each version");
_Static_assert(APPLICATION_ID == 1936026473, "as written above");

int database_make_schema(struct store *store, int64_t version, struct fault *fault)
{
	int result = 0;

	for (; version < SCHEMA_VERSION && !result; version++)
		result = database_execute(store, steps[version], "make the tables", fault);
	return result;
}
