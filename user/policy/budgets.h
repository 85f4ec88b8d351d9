/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For how many recipients an account's sources may still hand in mail. Each purse is a bucket that
 * recipients empty and time fills, so that no more than `recipients_day` leave in any 24 hours.
 * Pure, bounded: an account takes 400 bytes. Private to user/policy/. Not here: which messages are
 * under way (recipients.c).
 */
#ifndef SEKISHO_POLICY_BUDGETS_H
#define SEKISHO_POLICY_BUDGETS_H

#include "policy/judge.h"

struct budgets;

struct budgets *budgets_new(const struct judge_settings *settings); /* NULL: out of memory */
void budgets_free(struct budgets *budgets);
/* `settings` must live on until the next call, or the end. Keeps what was spent; if there are more
 * accounts than the new bound, forgets the longest unused ones. */
void budgets_configure(struct budgets *budgets, const struct judge_settings *settings);

/* The account's budget at `now_ns`; valid until the next call. `key` is that of struct
 * detect_look. */
struct judge_budget *budgets_find(struct budgets *budgets, const char *account,
				  const struct prefix *key, int64_t now_ns);
/* The same, if it is in memory. */
struct judge_budget *budgets_peek(struct budgets *budgets, const struct prefix *key);
/* How many whole recipients are left in a purse. `usual`: see struct detect_look. */
uint32_t budgets_left(const struct budgets *budgets, const struct judge_budget *budget,
		      enum judge_purse purse, uint32_t usual);
/* Takes `recipients` out of a purse, or gives them back (negative). */
void budgets_spend(struct judge_budget *budget, enum judge_purse purse, int64_t recipients);
/* Whether the account has not met this recipient lately (64 are remembered). Notes it. */
bool budgets_meet(struct budgets *budgets, const struct prefix *key, const char *recipient);
/* Hands the budget to settings->memory, to be kept. */
void budgets_keep(const struct budgets *budgets, const char *account,
		  const struct judge_budget *budget);
/* By hand: sets the budget to nothing spent. */
void budgets_restore(struct budgets *budgets, const char *account, const struct prefix *key);

#endif
