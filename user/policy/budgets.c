// SPDX-License-Identifier: GPL-2.0-or-later
/* Buckets of recipients. See budgets.h. */
#include "policy/budgets.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/lru_table.h"
#include "net/address.h"

#define MILLION	 1000000ULL
#define HOUR_NS	 (3600 * NS_PER_S)
#define DAY_NS	 (86400 * NS_PER_S)
#define MET	 64 /* recipients that are remembered for an account */
#define NEW_MORE 4  /* new sources get so many times as much as unknown ones */
#define USUAL	 3  /* a shared place gets so many times the usual */

struct spending {
	struct judge_budget budget;
	uint32_t met[MET]; /* parts of the recipients' hashes; a ring */
	uint32_t next;
};

struct budgets {
	const struct judge_settings *settings;
	struct lru_seed seed;
	struct lru_table *spendings;
};

struct budgets *budgets_new(const struct judge_settings *settings)
{
	struct budgets *budgets = calloc(1, sizeof(*budgets));

	if (!budgets)
		return NULL;
	budgets->settings = settings;
	budgets->seed = lru_seed_new();
	budgets->spendings = lru_new(sizeof(struct spending), settings->most_accounts, NULL, NULL);
	if (budgets->spendings)
		return budgets;
	free(budgets);
	return NULL;
}

void budgets_free(struct budgets *budgets)
{
	if (!budgets)
		return;
	lru_free(budgets->spendings);
	free(budgets);
}

void budgets_configure(struct budgets *budgets, const struct judge_settings *settings)
{
	budgets->settings = settings;
	lru_resize(budgets->spendings, settings->most_accounts);
}

struct bucket {
	uint64_t size, refill; /* millionths of a recipient; `refill` come back in period_ns */
	int64_t period_ns;
};

/* The bucket of a purse. What comes back in a day is the difference between the recipients of a day
 * and those at once. */
static struct bucket bucket_of(const struct judge_settings *settings, enum judge_purse purse,
			       uint32_t usual)
{
	uint64_t once = settings->recipients, day = settings->recipients_day;

	if (purse == JUDGE_PURSE_SHARED) {
		once = (uint64_t)usual * USUAL;
		if (once < settings->shared_hour)
			once = settings->shared_hour;
		return (struct bucket){ once * MILLION, once * MILLION, HOUR_NS };
	}
	/* A part must come back. */
	if (once > day - day / 4)
		once = day - day / 4;
	if (purse == JUDGE_PURSE_NEW) {
		once *= NEW_MORE;
		day *= NEW_MORE;
	}
	return (struct bucket){ once * MILLION, (day - once) * MILLION, DAY_NS };
}

/* Gives back what came back since the last call. A clock that was set back gives nothing. */
static void refill(const struct judge_settings *settings, struct judge_budget *budget,
		   int64_t now_ns)
{
	uint32_t day = now_ns > 0 ? (uint32_t)(now_ns / DAY_NS) : 0;
	uint64_t passed_ns = 0;

	if (now_ns > budget->wall_ns)
		passed_ns = (uint64_t)now_ns - (uint64_t)budget->wall_ns;
	if (passed_ns > 2 * (uint64_t)DAY_NS)
		passed_ns = 2 * (uint64_t)DAY_NS;
	for (int purse = 0; purse < JUDGE_PURSE_COUNT; purse++) {
		struct bucket bucket = bucket_of(settings, (enum judge_purse)purse, 0);
		unsigned __int128 back = (unsigned __int128)bucket.refill * passed_ns;
		uint64_t comes = (uint64_t)(back / (uint64_t)bucket.period_ns);

		budget->spent[purse] -= comes < budget->spent[purse] ? comes : budget->spent[purse];
	}
	if (passed_ns || budget->wall_ns - now_ns > DAY_NS)
		budget->wall_ns = now_ns;
	if (budget->day == day)
		return;
	budget->day = day;
	budget->recipients = budget->first_time = budget->refused = 0;
	budget->held = budget->over = 0;
	budget->held_size = 0;
}

struct judge_budget *budgets_find(struct budgets *budgets, const char *account,
				  const struct prefix *key, int64_t now_ns)
{
	const struct judge_memory *memory = &budgets->settings->memory;
	struct spending *spending;
	bool fresh;

	spending = lru_touch(budgets->spendings, key, &fresh);
	if (fresh && memory->recall_budget &&
	    !memory->recall_budget(account, &spending->budget, memory->context))
		spending->budget = (struct judge_budget){ 0 };
	/* Less than a millionth is lost: a negligible part of the 347 that come back in a
	 * second. */
	if (!spending->budget.wall_ns || now_ns < spending->budget.wall_ns ||
	    now_ns - spending->budget.wall_ns > NS_PER_S)
		refill(budgets->settings, &spending->budget, now_ns);
	return &spending->budget;
}

struct judge_budget *budgets_peek(struct budgets *budgets, const struct prefix *key)
{
	struct spending *spending = lru_find(budgets->spendings, key);

	return spending ? &spending->budget : NULL;
}

static uint32_t left_in(const struct judge_budget *budget, enum judge_purse purse,
			const struct bucket *bucket)
{
	return budget->spent[purse] >= bucket->size
		       ? 0
		       : (uint32_t)((bucket->size - budget->spent[purse]) / MILLION);
}

void judge_left(const struct judge_settings *settings, struct judge_budget *budget, int64_t now_ns,
		uint32_t left[JUDGE_PURSE_COUNT], uint32_t full[JUDGE_PURSE_COUNT])
{
	refill(settings, budget, now_ns);
	for (int purse = 0; purse < JUDGE_PURSE_COUNT; purse++) {
		struct bucket bucket = bucket_of(settings, (enum judge_purse)purse, 0);

		left[purse] = left_in(budget, (enum judge_purse)purse, &bucket);
		full[purse] = (uint32_t)(bucket.size / MILLION);
	}
}

uint32_t budgets_left(const struct budgets *budgets, const struct judge_budget *budget,
		      enum judge_purse purse, uint32_t usual)
{
	struct bucket bucket;

	if (purse == JUDGE_PURSE_NONE)
		return UINT32_MAX;
	bucket = bucket_of(budgets->settings, purse, usual);
	return left_in(budget, purse, &bucket);
}

void budgets_spend(struct judge_budget *budget, enum judge_purse purse, int64_t recipients)
{
	uint64_t most = (uint64_t)UINT32_MAX * MILLION, amount;

	if (purse == JUDGE_PURSE_NONE)
		return;
	amount = (uint64_t)(recipients < 0 ? -recipients : recipients) * MILLION;
	if (recipients < 0)
		budget->spent[purse] -= amount < budget->spent[purse] ? amount
								      : budget->spent[purse];
	else
		budget->spent[purse] =
			amount > most - budget->spent[purse] ? most : budget->spent[purse] + amount;
}

bool budgets_meet(struct budgets *budgets, const struct prefix *key, const char *recipient)
{
	struct spending *spending = lru_find(budgets->spendings, key);
	struct prefix name = lru_name_key(&budgets->seed, recipient);
	uint32_t hash = (uint32_t)address_low(&name.address) | 1;

	if (!spending)
		return false;
	for (size_t i = 0; i < MET; i++)
		if (spending->met[i] == hash)
			return false;
	spending->met[spending->next++ % MET] = hash;
	return true;
}

void budgets_keep(const struct budgets *budgets, const char *account,
		  const struct judge_budget *budget)
{
	const struct judge_memory *memory = &budgets->settings->memory;

	if (memory->keep_budget)
		memory->keep_budget(account, budget, memory->context);
}

void budgets_restore(struct budgets *budgets, const char *account, const struct prefix *key)
{
	struct spending *spending = lru_touch(budgets->spendings, key, NULL);

	spending->budget = (struct judge_budget){ 0 };
	budgets_keep(budgets, account, &spending->budget);
}
