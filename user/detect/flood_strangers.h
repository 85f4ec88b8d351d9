/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of account-flood that bans: messages from sources that the account does not know. Pure.
 * Not here: how much is unusual for an account, whoever sends (account_flood.c).
 */
#ifndef SEKISHO_FLOOD_STRANGERS_H
#define SEKISHO_FLOOD_STRANGERS_H

#include "detect/rule.h"

struct flood_strangers;

struct flood_strangers *
flood_strangers_new(const struct detect_settings *settings); /* NULL: out of memory */
void flood_strangers_free(struct flood_strangers *state);
/* `settings` are read during the call only. What was counted is kept as far as the new bounds
 * allow. */
void flood_strangers_configure(struct flood_strangers *state,
			       const struct detect_settings *settings);

/* Counts a message that names its account, and decides. */
void flood_strangers_judge(struct flood_strangers *state, const struct rule_input *input);

/* Adds its figures to `usage`. */
void flood_strangers_add_usage(const struct flood_strangers *state, struct detect_usage *usage);

/* How many messages or recipients an event stands for. */
static inline uint32_t flood_weight(const struct event *event)
{
	uint32_t count = event->count ? event->count : 1;

	return event->recipients > count ? event->recipients : count;
}

#endif
