/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many recipients the messages of Postfix have: the line that names the account does not say
 * it, a later one with the same queue id does. Pure, bounded. Not here: what follows
 * (account_flood.c).
 */
#ifndef SEKISHO_FLOOD_QUEUED_H
#define SEKISHO_FLOOD_QUEUED_H

#include "detect/rule.h"

#define FLOOD_QUEUED_MOST 16384 /* messages whose recipients are not known yet */

struct flood_queued;

struct flood_queued *flood_queued_new(void); /* NULL: out of memory */
void flood_queued_free(struct flood_queued *queued);

/* Remembers a message whose recipients will be told. */
void flood_queued_note(struct flood_queued *queued, const struct rule_input *input);

/* The recipients that a message has beyond the first, as an event of their own with its tag. */
struct flood_more {
	struct event event; /* EVENT_QUEUED; its count is the number of recipients */
	struct rule_input input;
};

/* Fills in *more for an EVENT_QUEUED. False: it has none, or its message is not known; each message
 * is asked for once, since a message is queued again at each try to deliver it. */
bool flood_queued_take(struct flood_queued *queued, const struct rule_input *input,
		       struct flood_more *more);

#endif
