// SPDX-License-Identifier: GPL-2.0-or-later
/* Removes from the store what is too old. Limits on the number of rows: caps.c. */
#include "base/cleanup.h"
#include "base/time.h"
#include "store/database.h"

#define EVIDENCE_MOST 1000000 /* lines in all, since an attacker with many addresses can fill it */
#define EVIDENCE_DAYS 90
#define NOTES_DAYS    30   /* what the rules remember; incidents twice as long */
#define EXPIRE_MOST   2000 /* rows of a kind in one call, about 10 ms */

/* Runs a statement with a time. Sets *more if it removed as many rows as it may. */
static int run_with_time(struct store *store, const char *sql, int64_t wall_ns, bool *more,
			 struct fault *fault)
{
	int result = database_write(store, sql, "forget what has ended", fault,
				    DATABASE_VALUES({ .number = wall_ns }));

	if (!result && sqlite3_changes(store->db) >= EXPIRE_MOST)
		*more = true;
	return result;
}

/* Removes the rows of a table that are older than ?1, by the column `time`. */
#define AGED(table, keys, time, keep_days)                                               \
	{                                                                                \
		"DELETE FROM " table " WHERE (" keys ") IN (SELECT " keys " FROM " table \
		" WHERE " time " < ?1 LIMIT " SQL_NUMBER(EXPIRE_MOST) ")",               \
			keep_days                                                        \
	}

/* What gets too old: evidence and the past; what the rules remember; what the policy keeps. */
static const struct {
	const char *sql;
	int64_t days;
} aged[] = {
	AGED("evidence", "id", "wall", EVIDENCE_DAYS),
	AGED("past_bans", "id", "ended", EVIDENCE_DAYS),
	AGED("past_alerts", "id", "wall", EVIDENCE_DAYS),
	AGED("known", "account, source", "last", NOTES_DAYS),
	AGED("repeats", "prefix, services", "until", NOTES_DAYS),
	AGED("troubles", "account, rule", "last", 2 * NOTES_DAYS),
	AGED("senders", "network", "last", NOTES_DAYS),
	AGED("habits", "account", "last", NOTES_DAYS),
	AGED("rights", "account", "last", EVIDENCE_DAYS),
	AGED("wrongs", "account, source", "last", EVIDENCE_DAYS),
	AGED("budgets", "account", "last", NOTES_DAYS),
	AGED("refusals", "source, wall, service", "wall", STORE_REFUSALS_DAYS),
	AGED("held", "account, queue", "wall", NOTES_DAYS),
};

static int expire_aged(struct store *store, int64_t now_wall_ns, bool *more, struct fault *fault)
{
	int result = 0;

	for (size_t i = 0; i < sizeof(aged) / sizeof(*aged) && !result; i++)
		result = run_with_time(store, aged[i].sql,
				       now_wall_ns - aged[i].days * 86400 * NS_PER_S, more, fault);
	return result;
}

int store_expire(struct store *store, int64_t now_wall_ns, struct fault *fault)
{
	static const char bans[] =
		"DELETE FROM bans WHERE (prefix, services) IN"
		" (SELECT prefix, services FROM bans WHERE until <= ?1"
		" ORDER BY until, prefix, services LIMIT " SQL_NUMBER(EXPIRE_MOST) ")";
	/* Ids ascend, so the lowest ones are the oldest. */
	static const char most[] =
		"DELETE FROM evidence WHERE ?1 AND id IN (SELECT id FROM evidence WHERE id <="
		" (SELECT max(id) FROM evidence) - " SQL_NUMBER(EVIDENCE_MOST) " LIMIT " SQL_NUMBER(
			EXPIRE_MOST) ")";
	bool more = false;
	int64_t shift;
	int result = database_group_begin(store, fault);

	if (result)
		return result;
	result = database_shift(store, &shift, fault);
	if (!result)
		result = database_past_expired(store, now_wall_ns, EXPIRE_MOST, fault);
	if (!result)
		result =
			run_with_time(store, bans, database_add(now_wall_ns, -shift), &more, fault);
	if (!result)
		result = expire_aged(store, now_wall_ns, &more, fault);
	if (!result)
		result = run_with_time(store, most, 1, &more, fault);
	if (!result)
		result = database_expire_spans(store, now_wall_ns, fault);
	if (!result && !more)
		result = database_cap_all(store, fault);
	result = database_group_end(store, result, fault);
	return result ? result : more;
}
