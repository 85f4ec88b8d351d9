// SPDX-License-Identifier: GPL-2.0-or-later
/* Bounds the rows of what the rules remember, since an attacker with many addresses or names makes
 * rows as fast as he is banned. The oldest rows give way. For a while there may be CAP_EACH rows
 * too many. */
#include "base/cleanup.h"
#include "store/database.h"
#include "store/policy_rows.h"

#define CAP_EACH \
	1024	   /* new rows after which they are counted: counting a million rows takes 50 ms */
#define CAP_ALL 20 /* calls of store_expire() */
#define OLDEST(keys, table, time, most)                                                            \
	"DELETE FROM " table " WHERE (" keys ") IN (SELECT " keys " FROM " table " ORDER BY " time \
	" LIMIT max(0, (SELECT count(*) FROM " table ") - " SQL_NUMBER(most) "))"

static const char *const oldest[] = {
	[CAP_KNOWN] = OLDEST("account, source", "known", "last", STORE_KNOWN_MOST),
	[CAP_REPEATS] = OLDEST("prefix, services", "repeats", "until", STORE_REPEATS_MOST),
	[CAP_INCIDENTS] = OLDEST("account, rule", "troubles", "last", STORE_INCIDENTS_MOST),
	[CAP_SENDERS] = OLDEST("network", "senders", "last", STORE_SENDERS_MOST),
	[CAP_PAST] = OLDEST("id", "past_bans", "id", STORE_PAST_MOST),
	[CAP_HABITS] = OLDEST("account", "habits", "last", STORE_HABITS_MOST),
	[CAP_RIGHTS] = OLDEST("account", "rights", "last", STORE_RIGHTS_MOST),
	[CAP_WRONGS] = OLDEST("account, source", "wrongs", "last", STORE_WRONGS_MOST),
	[CAP_BUDGETS] = OLDEST("account", "budgets", "last", STORE_BUDGETS_MOST),
	[CAP_REFUSALS] = OLDEST("source, wall, service", "refusals", "wall", STORE_REFUSALS_MOST),
	[CAP_HELD] = OLDEST("account, queue", "held", "wall", STORE_HELD_MOST),
};

static int remove_oldest(struct store *store, enum store_cap cap, struct fault *fault)
{
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result = database_statement(store, oldest[cap], &statement, fault);

	store->puts[cap] = 0;
	return result ? result : database_run(store, statement, "forget the oldest", fault);
}

int database_cap(struct store *store, enum store_cap cap, struct fault *fault)
{
	return ++store->puts[cap] < CAP_EACH ? 0 : remove_oldest(store, cap, fault);
}

int database_cap_all(struct store *store, struct fault *fault)
{
	int result = 0;

	if (store->expired++ % CAP_ALL)
		return 0;
	for (enum store_cap cap = 0; cap < CAP_COUNT && !result; cap++)
		result = remove_oldest(store, cap, fault);
	return result;
}
