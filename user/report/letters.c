// SPDX-License-Identifier: GPL-2.0-or-later
/* See letters.h. */
#include "report/letters.h"

#include <stdlib.h>
#include <string.h>

#include "detect/lru_table.h"

#define LETTERS_MOST (1U << 20)
#define QUEUED_MOST  (1U << 18)

struct letters {
	struct letter *all;
	size_t count, room;
	struct lru_seed seed;
	struct lru_table *queued; /* size_t by queue id: the letter's index, if the id is unique */
};

struct letters *letters_new(void)
{
	struct letters *letters = calloc(1, sizeof(*letters));

	if (!letters)
		return NULL;
	letters->seed = lru_seed_new();
	letters->queued = lru_new(sizeof(size_t), QUEUED_MOST, NULL, NULL);
	if (letters->queued)
		return letters;
	free(letters);
	return NULL;
}

void letters_free(struct letters *letters)
{
	if (!letters)
		return;
	lru_free(letters->queued);
	free(letters->all);
	free(letters);
}

void letters_passed(struct letters *letters, const struct event *event, const struct prefix *source)
{
	struct letter *letter;

	if (letters->count == letters->room) {
		size_t room = letters->room ? 2 * letters->room : 256;
		void *items = letters->room < LETTERS_MOST
				      ? realloc(letters->all, room * sizeof(*letters->all))
				      : NULL;

		if (!items)
			return;
		letters->all = items;
		letters->room = room;
	}
	letter = &letters->all[letters->count];
	*letter = (struct letter){ .source = *source,
				   .daemon = event->daemon,
				   .recipients = event->recipients ? event->recipients : 1 };
	memcpy(letter->queue, event->queue, EVENT_QUEUE_SIZE);
	if (*event->queue) {
		struct prefix key = lru_name_key(&letters->seed, event->queue);
		size_t *index = lru_touch(letters->queued, &key, NULL);

		*index = letters->count;
	}
	letters->count++;
}

void letters_follow(struct letters *letters, const struct event *event)
{
	struct prefix key = lru_name_key(&letters->seed, event->queue);
	size_t *index = lru_find(letters->queued, &key);
	unsigned count = event->count ? event->count : 1;

	if (!index)
		return;
	if (event->kind == EVENT_DELIVERED)
		letters->all[*index].delivered += count;
	else if (event->kind == EVENT_BOUNCE)
		letters->all[*index].bounced += count;
	else if (event->kind == EVENT_QUEUED && event->recipients)
		letters->all[*index].recipients = event->recipients;
	else if (event->kind == EVENT_MESSAGE || event->kind == EVENT_ACCEPTED)
		lru_drop(letters->queued, index);
}

void letters_each(const struct letters *letters,
		  void (*each)(const struct letter *letter, void *context), void *context)
{
	for (size_t i = 0; i < letters->count; i++)
		each(&letters->all[i], context);
}
