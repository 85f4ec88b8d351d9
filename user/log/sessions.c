// SPDX-License-Identifier: GPL-2.0-or-later
/* See sessions.h. Pure. */
#include "log/sessions.h"

#include <stdlib.h>

struct sessions_slot {
	uint64_t id; /* 0: free */
	struct address source;
	uint32_t used; /* the table's tick when last looked up */
	uint16_t account_size;
	char account[130]; /* who logged in, cut to this size */
};
_Static_assert(sizeof(struct sessions_slot) == 160, "what sessions.h promises");

struct sessions {
	uint32_t tick;
	struct sessions_slot slots[SESSION_SLOTS];
};

void sessions_free(struct sessions *sessions)
{
	free(sessions);
}

/* The session's slot or, if it has none, the slot to use for it: a free one, or another's. */
static struct sessions_slot *look_up(struct sessions *sessions, uint64_t id)
{
	uint64_t hash = (id ^ id >> 32) * 0x9e3779b97f4a7c15U;
	struct sessions_slot *set =
		sessions->slots + (hash >> 32) % (SESSION_SLOTS / SESSION_WAYS) * SESSION_WAYS;
	struct sessions_slot *oldest = set;

	sessions->tick++;
	for (struct sessions_slot *slot = set; slot < set + SESSION_WAYS; slot++) {
		if (slot->id == id) {
			slot->used = sessions->tick;
			return slot;
		}
		if (!slot->id ||
		    (oldest->id && sessions->tick - slot->used > sessions->tick - oldest->used))
			oldest = slot;
	}
	return oldest;
}

/* Whether a rule wants the line; fills in what is known of its session. */
static bool use(const struct sessions_slot *slot, bool known, struct parsed_line *parsed)
{
	if (parsed->has_source)
		known = known && !address_compare(&parsed->source, &slot->source);
	else if (known)
		parsed->source = slot->source;
	parsed->has_source |= known;
	if (parsed->kind != EVENT_MESSAGE)
		return true;
	if (parsed->has_source && !known)
		return true;		    /* the line itself says that it logged in */
	if (known && !slot->account_size) { /* from another server: nobody logged in */
		parsed->kind = EVENT_ACCEPTED;
		parsed->queue.size = 0;
		return true;
	}
	if (!known)
		return false;
	parsed->account = (struct span){ slot->account, slot->account_size };
	return true;
}

bool sessions_step(struct sessions **sessions, struct parsed_line *parsed)
{
	uint64_t id = span_hash(parsed->session) | 1;
	struct sessions_slot *slot;
	bool known;

	if (!*sessions)
		*sessions = calloc(1, sizeof(**sessions));
	if (!*sessions) /* no memory: as if the session were not known */
		return parsed->step == SESSION_LOGS_IN ||
		       (parsed->step == SESSION_USED && parsed->kind != EVENT_MESSAGE);
	slot = look_up(*sessions, id);
	known = slot->id == id;
	switch (parsed->step) {
	case SESSION_OPENS:
		*slot = (struct sessions_slot){ .id = id,
						.source = parsed->source,
						.used = (*sessions)->tick };
		return false;
	case SESSION_CLOSES:
		if (known)
			slot->id = 0;
		return false;
	case SESSION_LOGS_IN:
		*slot = (struct sessions_slot){ .id = id,
						.source = parsed->source,
						.used = (*sessions)->tick };
		known = true;
		break;
	case SESSION_USED:
	case SESSION_NONE:
		break;
	}
	if (known && parsed->kind == EVENT_SUCCESS) {
		size_t size = parsed->account.size;

		size = size < sizeof(slot->account) ? size : sizeof(slot->account);
		memcpy(slot->account, parsed->account.at, size);
		slot->account_size = (uint16_t)size;
	}
	return use(slot, known, parsed);
}
