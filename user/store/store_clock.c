// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When bans begin and end, even if the wall clock is set meanwhile. While a machine runs, its boot
 * clock tells how long a ban lasts; after a reboot only the wall clock does. So the store keeps
 * wall-clock times, and one number, the shift, that is added to all of them. A jump of the wall
 * clock within a boot is noticed by its distance from the boot clock, and changes only that number.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/database.h"

#define JUMP_LEAST_NS 50000000LL

struct store_clock_row {
	char boot[40];
	int64_t apart; /* the wall clock less the boot clock */
	int64_t shift;
};

int64_t database_add(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return a < 0 ? INT64_MIN : INT64_MAX;
}

/* Reads the row. -ENOENT: there is none yet. */
static int read_row(struct store *store, struct store_clock_row *row, struct fault *fault)
{
	_cleanup_(database_done) sqlite3_stmt *statement = NULL;
	const char *boot;
	int result = database_statement(store, "SELECT boot, apart, shift FROM clock", &statement,
					fault);

	*row = (struct store_clock_row){ 0 };
	if (result)
		return result;
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		boot = (const char *)sqlite3_column_text(statement, 0);
		strncpy(row->boot, boot ? boot : "", sizeof(row->boot) - 1);
		row->apart = sqlite3_column_int64(statement, 1);
		row->shift = sqlite3_column_int64(statement, 2);
		return 0;
	case SQLITE_DONE:
		return -ENOENT;
	default:
		return database_fault(store, fault, "read the clock");
	}
}

static int write_row(struct store *store, const struct store_clock_row *row, struct fault *fault)
{
	return database_write(store, "INSERT OR REPLACE INTO clock VALUES(1, ?1, ?2, ?3)",
			      "store the clock", fault,
			      DATABASE_VALUES({ .text = row->boot }, { .number = row->apart },
					      { .number = row->shift }));
}

int database_shift(struct store *store, int64_t *shift_ns, struct fault *fault)
{
	struct store_clock_row row;
	int result;

	*shift_ns = 0;
	if (!store->has_clock)
		return 0;
	result = read_row(store, &row, fault);
	*shift_ns = row.shift;
	return result == -ENOENT ? 0 : result;
}

/* Makes the row what it is to be at `now`. False: it needs no change. */
static bool advance(struct store_clock_row *row, bool known, const struct store_moment *now,
		    int64_t *jump_ns)
{
	int64_t apart = now->wall_ns - (int64_t)now->boot_ns;
	bool same_boot = known && !strcmp(row->boot, now->boot_id);
	int64_t jump = same_boot ? database_add(apart, -row->apart) : 0;

	*jump_ns = 0;
	if (same_boot && jump > -JUMP_LEAST_NS && jump < JUMP_LEAST_NS)
		return false;
	*jump_ns = jump;
	row->shift = database_add(row->shift, jump);
	row->apart = apart;
	memcpy(row->boot, now->boot_id, sizeof(row->boot));
	row->boot[sizeof(row->boot) - 1] = '\0';
	return true;
}

int store_clock(struct store *store, const struct store_moment *now, int64_t *jump_ns,
		struct fault *fault)
{
	int64_t jump = 0;
	struct store_clock_row row;
	int result = read_row(store, &row, fault);

	if (jump_ns)
		*jump_ns = 0;
	if (result && result != -ENOENT)
		return result;
	if (!advance(&row, !result, now, &jump))
		return 0;
	/* Once more within a transaction, so that two processes that see a jump do not count it
	 * twice. */
	result = database_group_begin(store, fault);
	if (result)
		return result;
	result = read_row(store, &row, fault);
	if (!result || result == -ENOENT)
		result = advance(&row, !result, now, &jump) ? write_row(store, &row, fault) : 0;
	result = database_group_end(store, result, fault);
	if (!result && jump_ns)
		*jump_ns = jump;
	return result;
}
