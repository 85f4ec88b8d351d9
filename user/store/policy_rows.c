// SPDX-License-Identifier: GPL-2.0-or-later
/* Digests of passwords, budgets and messages on hold. See policy_rows.h. */
#include "store/policy_rows.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "store/database.h"

/* A digest in the store: three numbers of 32 bits, least significant byte first. */
#define DIGEST_SIZE 12

static void write_number(unsigned char *at, uint32_t number)
{
	number = htole32(number);
	memcpy(at, &number, sizeof(number));
}

static uint32_t read_number(const unsigned char *at)
{
	uint32_t number;

	memcpy(&number, at, sizeof(number));
	return le32toh(number);
}

int store_digests_put(struct store *store, const char *account, const struct prefix *source,
		      const struct judge_digests *digests, struct fault *fault)
{
	static const char rights[] = "INSERT OR REPLACE INTO rights(account, digests, last)"
				     " VALUES(?1, ?2, ?3)";
	static const char wrongs[] =
		"INSERT OR REPLACE INTO wrongs(account, digests, last, source, stale)"
		" VALUES(?1, ?2, ?3, ?4, ?5)";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	unsigned char text[JUDGE_WRONG * DIGEST_SIZE];
	int64_t last_ns = digests->stale_ns;
	size_t size = 0;
	int result = database_statement(store, source ? wrongs : rights, &statement, fault);

	if (result)
		return result;
	for (size_t i = 0; i < JUDGE_WRONG; i++) {
		const struct judge_digest *digest = &digests->items[i];

		if (!digest->first_s)
			continue;
		write_number(text + size, digest->mac);
		write_number(text + size + 4, digest->first_s);
		write_number(text + size + 8, digest->last_s);
		size += DIGEST_SIZE;
		if (last_ns < digest->last_s * NS_PER_S)
			last_ns = digest->last_s * NS_PER_S;
	}
	sqlite3_bind_text(statement, 1, account, -1, SQLITE_STATIC);
	sqlite3_bind_blob(statement, 2, text, (int)size, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 3, last_ns);
	if (source) {
		database_bind_key(statement, 4, source);
		sqlite3_bind_int64(statement, 5, digests->stale_ns);
	}
	result = database_run(store, statement, "store a password's digest", fault);
	return result ? result : database_cap(store, source ? CAP_WRONGS : CAP_RIGHTS, fault);
}

int store_digests_get(struct store *store, const char *account, const struct prefix *source,
		      struct judge_digests *digests, struct fault *fault)
{
	static const char rights[] = "SELECT digests, 0 FROM rights WHERE account = ?1";
	static const char wrongs[] =
		"SELECT digests, stale FROM wrongs WHERE account = ?1 AND source = ?2";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	const unsigned char *text;
	int result = database_statement(store, source ? wrongs : rights, &statement, fault);
	int step, size;

	*digests = (struct judge_digests){ 0 };
	if (result)
		return result;
	sqlite3_bind_text(statement, 1, account, -1, SQLITE_STATIC);
	if (source)
		database_bind_key(statement, 2, source);
	step = sqlite3_step(statement);
	if (step == SQLITE_DONE)
		return fault_set(fault, -ENOENT, "no password is known of it");
	if (step != SQLITE_ROW)
		return database_fault(store, fault, "look up a password's digest");
	text = sqlite3_column_blob(statement, 0);
	size = sqlite3_column_bytes(statement, 0);
	for (int i = 0; text && i < JUDGE_WRONG && (i + 1) * DIGEST_SIZE <= size; i++) {
		const unsigned char *at = text + (ptrdiff_t)i * DIGEST_SIZE;

		digests->items[i].mac = read_number(at);
		digests->items[i].first_s = read_number(at + 4);
		digests->items[i].last_s = read_number(at + 8);
	}
	digests->stale_ns = sqlite3_column_int64(statement, 1);
	return 0;
}

int store_stale_each(struct store *store, const struct prefix *within, int64_t from_wall_ns,
		     unsigned most,
		     void (*each)(const char *account, const struct prefix *source,
				  int64_t stale_wall_ns, void *context),
		     void *context, struct fault *fault)
{
	static const char sql[] =
		"SELECT account, source, stale FROM wrongs WHERE stale > 0 AND stale >= ?3"
		" AND source BETWEEN ?1 AND ?2 ORDER BY stale DESC LIMIT ?4";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int step, result;

	if (!database_has(store, "held"))
		return 0;
	result = database_statement(store, sql, &statement, fault);
	if (result)
		return result;
	database_bind_keys_in(statement, 1, 2, within);
	sqlite3_bind_int64(statement, 3, from_wall_ns);
	sqlite3_bind_int64(statement, 4, most);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *account = (const char *)sqlite3_column_text(statement, 0);
		struct prefix source;

		result = database_column_key(store, statement, 1, &source, fault);
		if (result)
			return result;
		if (account)
			each(account, &source, sqlite3_column_int64(statement, 2), context);
	}
	return step == SQLITE_DONE ? 0 : database_fault(store, fault, "look up stale devices");
}

#define BUDGET_COLUMNS                                                                          \
	"last, unknown, fresh, shared, day, recipients, first_time, refused, held, held_size, " \
	"over"

int store_budget_put(struct store *store, const char *account, const struct judge_budget *budget,
		     struct fault *fault)
{
	static const char sql[] = "INSERT OR REPLACE INTO budgets(account, " BUDGET_COLUMNS
				  ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

	return database_put(
		store, CAP_BUDGETS, sql, "store a budget", fault,
		DATABASE_VALUES({ .text = account }, { .number = budget->wall_ns },
				{ .number = (int64_t)budget->spent[JUDGE_PURSE_UNKNOWN] },
				{ .number = (int64_t)budget->spent[JUDGE_PURSE_NEW] },
				{ .number = (int64_t)budget->spent[JUDGE_PURSE_SHARED] },
				{ .number = budget->day }, { .number = budget->recipients },
				{ .number = budget->first_time }, { .number = budget->refused },
				{ .number = budget->held },
				{ .number = (int64_t)budget->held_size },
				{ .number = budget->over }));
}

static void read_budget(sqlite3_stmt *statement, struct judge_budget *budget)
{
	*budget = (struct judge_budget){
		.wall_ns = sqlite3_column_int64(statement, 1),
		.spent = { [JUDGE_PURSE_UNKNOWN] = (uint64_t)sqlite3_column_int64(statement, 2),
			   [JUDGE_PURSE_NEW] = (uint64_t)sqlite3_column_int64(statement, 3),
			   [JUDGE_PURSE_SHARED] = (uint64_t)sqlite3_column_int64(statement, 4) },
		.day = (uint32_t)sqlite3_column_int64(statement, 5),
		.recipients = (uint32_t)sqlite3_column_int64(statement, 6),
		.first_time = (uint32_t)sqlite3_column_int64(statement, 7),
		.refused = (uint32_t)sqlite3_column_int64(statement, 8),
		.held = (uint32_t)sqlite3_column_int64(statement, 9),
		.held_size = (uint64_t)sqlite3_column_int64(statement, 10),
		.over = (uint32_t)sqlite3_column_int64(statement, 11),
	};
}

int store_budget_get(struct store *store, const char *account, struct judge_budget *budget,
		     struct fault *fault)
{
	static const char sql[] = "SELECT account, " BUDGET_COLUMNS
				  " FROM budgets WHERE account = ?1";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int result;

	if (!database_has(store, "held"))
		return fault_set(fault, -ENOENT, "no budget is known of it");
	result =
		database_bound(store, sql, &statement, fault, DATABASE_VALUES({ .text = account }));
	if (!result)
		result = database_row(store, statement, "no budget is known of it",
				      "look up a budget", fault);
	if (result)
		return result;
	read_budget(statement, budget);
	return 0;
}

int store_over_each(struct store *store, uint32_t day,
		    void (*each)(const char *account, const struct judge_budget *budget,
				 void *context),
		    void *context, struct fault *fault)
{
	static const char sql[] = "SELECT account, " BUDGET_COLUMNS
				  " FROM budgets WHERE day = ?1 AND over > 0 ORDER BY account";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int step, result;

	if (!database_has(store, "held"))
		return 0;
	result = database_bound(store, sql, &statement, fault, DATABASE_VALUES({ .number = day }));
	if (result)
		return result;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *account = (const char *)sqlite3_column_text(statement, 0);
		struct judge_budget budget;

		read_budget(statement, &budget);
		if (account)
			each(account, &budget, context);
	}
	return step == SQLITE_DONE ? 0 : database_fault(store, fault, "read the budgets");
}

int store_held_put(struct store *store, const char *account, const struct judge_held *held,
		   struct fault *fault)
{
	static const char sql[] = "INSERT OR REPLACE INTO held(account, queue, wall, recipients,"
				  " size) VALUES(?1, ?2, ?3, ?4, ?5)";

	return database_put(store, CAP_HELD, sql, "store a message on hold", fault,
			    DATABASE_VALUES({ .text = account }, { .text = held->queue },
					    { .number = held->wall_ns },
					    { .number = held->recipients },
					    { .number = (int64_t)held->size }));
}

int store_held_each(struct store *store, const char *account, unsigned most,
		    void (*each)(const struct judge_held *held, void *context), void *context,
		    struct fault *fault)
{
	static const char sql[] = "SELECT queue, wall, recipients, size FROM held"
				  " WHERE account = ?1 ORDER BY wall DESC, queue LIMIT ?2";
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	int step, result;

	if (!database_has(store, "held"))
		return 0;
	result = database_bound(store, sql, &statement, fault,
				DATABASE_VALUES({ .text = account }, { .number = most }));
	if (result)
		return result;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *queue = (const char *)sqlite3_column_text(statement, 0);
		struct judge_held held = {
			.wall_ns = sqlite3_column_int64(statement, 1),
			.recipients = (uint32_t)sqlite3_column_int64(statement, 2),
			.size = (uint64_t)sqlite3_column_int64(statement, 3),
		};

		snprintf(held.queue, sizeof(held.queue), "%s", queue ? queue : "");
		each(&held, context);
	}
	return step == SQLITE_DONE ? 0 : database_fault(store, fault, "read what is on hold");
}

static int remove_of(struct store *store, const char *sql, const char *account, struct fault *fault)
{
	return database_write(store, sql, "forget what the policy keeps of an account", fault,
			      DATABASE_VALUES({ .text = account }));
}

int store_policy_clear(struct store *store, const char *account, bool all, struct fault *fault)
{
	static const char budgets[] = "DELETE FROM budgets WHERE account = ?1";
	static const char rights[] = "DELETE FROM rights WHERE account = ?1";
	static const char wrongs[] = "DELETE FROM wrongs WHERE account = ?1";
	static const char held[] = "DELETE FROM held WHERE account = ?1";
	int result = remove_of(store, budgets, account, fault);

	if (!result && all)
		result = remove_of(store, rights, account, fault);
	if (!result && all)
		result = remove_of(store, wrongs, account, fault);
	if (!result && all)
		result = remove_of(store, held, account, fault);
	return result;
}
