/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many recipients an account's sources may still hand mail in for. Each purse is a bucket that
 * is emptied by recipients and fills up in time, so that no more than `recipients_day` leave in any
 * 24 hours. Pure, bounded: an account takes 400 bytes. Private to user/policy/. Not here: which
 * messages are under way (recipients.c).
 */
#ifndef SEKISHO_POLICY_BUDGETS_H
#define SEKISHO_POLICY_BUDGETS_H

#include "policy/judge.h"

struct budgets;

struct budgets *budgets_new(const struct judge_settings *settings); /* NULL: out of memory */
void budgets_free(struct budgets *budgets);
/* `settings` must live on until the next call, or the end. Keeps what was spent; of more accounts
 * than the new most, that of the longest unused is forgotten. */
void budgets_configure(struct budgets *budgets, const struct judge_settings *settings);

/* The account's budget as of a time; valid until the next call. `key` is struct detect_look's. */
struct judge_budget *budgets_find(struct budgets *budgets, const char *account,
				  const struct prefix *key, int64_t now_ns);
/* The same, if it is in memory. */
struct judge_budget *budgets_peek(struct budgets *budgets, const struct prefix *key);
/* What there is left in a purse: whole recipients. `usual`: see struct detect_look. */
uint32_t budgets_left(const struct budgets *budgets, const struct judge_budget *budget,
		      enum judge_purse purse, uint32_t usual);
/* Takes so many recipients out of it, or gives them back (negative). */
void budgets_spend(struct judge_budget *budget, enum judge_purse purse, int64_t recipients);
/* Whether the account has not met this recipient lately (64 are remembered); it has then. */
bool budgets_meet(struct budgets *budgets, const struct prefix *key, const char *recipient);
/* To the memory outside. */
void budgets_keep(const struct budgets *budgets, const char *account,
		  const struct judge_budget *budget);
/* By hand: nothing is spent. */
void budgets_restore(struct budgets *budgets, const char *account, const struct prefix *key);

#endif
