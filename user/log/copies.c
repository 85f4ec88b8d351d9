// SPDX-License-Identifier: GPL-2.0-or-later
/* See copies.h. Pure. */
#include "log/copies.h"

#include <stdlib.h>
#include "base/time.h"

#define WAYS 4
#define LOGS 4 /* logs that are told apart for one event; all further ones share the last place */

struct copies_slot {
	uint64_t key; /* 0: free */
	int64_t at_s;
	uint8_t most;	    /* the most times that any one log had the event */
	uint8_t used;	    /* entries in use of the two arrays below */
	uint8_t logs[LOGS]; /* low bits of their numbers */
	uint8_t counts[LOGS];
	uint16_t pad[3];
};
_Static_assert(sizeof(struct copies_slot) == 32, "what copies.h promises");

struct copies {
	struct copies_slot slots[COPY_SLOTS];
};

struct copies *copies_new(void)
{
	return calloc(1, sizeof(struct copies));
}

void copies_free(struct copies *copies)
{
	free(copies);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
	return hash ^ hash >> 29;
}

/* Hash of what the line says, whatever the format of its log. */
static uint64_t key_of(const struct line_event *line_event)
{
	const struct event *event = &line_event->event;
	struct span queue = span_of(event->queue), account = span_of(event->account);
	uint64_t key = mix(1, (uint64_t)event->kind << 32 | (uint64_t)event->daemon << 24 |
				      (uint64_t)event->abuse << 16 |
				      (uint64_t)line_event->evidence << 8 | event->service);

	if (event->has_source)
		key = mix(mix(key, address_high(&event->source)), address_low(&event->source));
	key = mix(mix(key, span_hash(account)), span_hash(queue));
	return mix(mix(key, line_event->session),
		   (uint64_t)line_event->backend << 32 | event->count) |
	       1;
}

/* The slot of the event with this key; if there is none, the oldest one of its set, emptied. */
static struct copies_slot *look_up(struct copies *copies, uint64_t key, int64_t now_s)
{
	struct copies_slot *set = copies->slots + (key >> 32) % (COPY_SLOTS / WAYS) * WAYS,
			   *oldest = set;

	for (struct copies_slot *slot = set; slot < set + WAYS; slot++) {
		if (slot->key == key && llabs(now_s - slot->at_s) <= COPY_WINDOW_S)
			return slot;
		if (slot->at_s < oldest->at_s)
			oldest = slot;
	}
	*oldest = (struct copies_slot){ .key = key };
	return oldest;
}

bool copies_is_one(struct copies *copies, const struct line_event *line_event)
{
	int64_t now_s = line_event->event.wall_ns / NS_PER_S;
	struct copies_slot *slot;
	unsigned i;

	if (!now_s) /* without a time its order is unknown */
		return false;
	slot = look_up(copies, key_of(line_event), now_s);
	if (now_s > slot->at_s)
		slot->at_s = now_s;
	for (i = 0; i < slot->used && slot->logs[i] != (uint8_t)line_event->log;)
		i++;
	if (i == LOGS)
		i--;
	if (i == slot->used)
		slot->used++;
	if (slot->logs[i] != (uint8_t)line_event->log || slot->used == i + 1)
		slot->logs[i] = (uint8_t)line_event->log;
	if (slot->counts[i] < UINT8_MAX)
		slot->counts[i]++;
	if (slot->counts[i] <= slot->most && slot->most < UINT8_MAX)
		return true;
	slot->most = slot->counts[i];
	return false;
}
