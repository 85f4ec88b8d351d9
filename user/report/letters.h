/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of an account that passed, and what became of them. Pure. */
#ifndef SEKISHO_LETTERS_H
#define SEKISHO_LETTERS_H

#include "log/event.h"

struct letter {
	struct prefix source;
	char queue[EVENT_QUEUE_SIZE];
	unsigned recipients, delivered, bounced; /* of the recipients */
};

struct letters;

struct letters *letters_new(void); /* NULL: out of memory */
void letters_free(struct letters *letters);

/* One more, up to a million; what is beyond is not followed. */
void letters_passed(struct letters *letters, const struct event *event,
		    const struct prefix *source);
/* What an event with a queue id says of the message that has it. Ids are given again: once another
 * message has it, nothing counts any more. */
void letters_follow(struct letters *letters, const struct event *event);

/* Every letter, in the order in which they came. It and its texts are valid during the callback. */
void letters_each(const struct letters *letters,
		  void (*each)(const struct letter *letter, void *context), void *context);

#endif
