/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of an account that passed, and whether they were delivered. Pure. */
#ifndef SEKISHO_LETTERS_H
#define SEKISHO_LETTERS_H

#include "log/event.h"

struct letter {
	struct prefix source;
	char queue[EVENT_QUEUE_SIZE];
	enum event_daemon daemon;		 /* the mail server that took it */
	unsigned recipients, delivered, bounced; /* of the recipients */
};

struct letters;

struct letters *letters_new(void); /* NULL: out of memory */
void letters_free(struct letters *letters);

/* Adds a message, up to a million; further ones are not followed. */
void letters_passed(struct letters *letters, const struct event *event,
		    const struct prefix *source);
/* Takes what an event with a queue id says of its message. Mail servers use ids again: once another
 * message has the id, nothing counts any more. */
void letters_follow(struct letters *letters, const struct event *event);

/* Every letter, in the order in which they came. It and its texts are valid during the callback. */
void letters_each(const struct letters *letters,
		  void (*each)(const struct letter *letter, void *context), void *context);

#endif
