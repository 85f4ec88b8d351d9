/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What judge.c and recipients.c share. Private to user/policy/. */
#ifndef SEKISHO_POLICY_JUDGE_INTERNAL_H
#define SEKISHO_POLICY_JUDGE_INTERNAL_H

#include "detect/lru_table.h"
#include "policy/budgets.h"
#include "policy/judge.h"
#include "policy/passwords.h"

struct judge {
	struct judge_settings settings;
	struct detect *detect;
	struct passwords *passwords;
	struct budgets *budgets;
	struct lru_seed seed;
	struct lru_table *messages; /* struct message, by account and instance: recipients.c */
	bool ends;		    /* the server asks at the end of messages, too */
	struct judge_usage usage;
};

/* recipients.c: a table of messages under way. */
struct lru_table *messages_new(struct judge *judge, uint32_t most);

#endif
