// SPDX-License-Identifier: GPL-2.0-or-later
/* See held.h. Pure. */
#include "log/held.h"

#include "base/time.h"
#include "log/attempts.h"

static struct held_entry *entry_at(struct held *held, unsigned i)
{
	return &held->entries[(held->first + i) % HELD_MOST];
}

static void take_out(struct held *held, unsigned i)
{
	/* Mostly the oldest one is taken out. */
	for (; i; i--)
		*entry_at(held, i) = *entry_at(held, i - 1);
	held->first = (held->first + 1) % HELD_MOST;
	held->count--;
}

bool held_put(struct held *held, const struct held_entry *entry, struct event *event)
{
	bool full = held->count == HELD_MOST;

	if (full) {
		*event = entry_at(held, 0)->event;
		take_out(held, 0);
	}
	*entry_at(held, held->count++) = *entry;
	return full;
}

void held_settle(struct held *held, uint32_t serial, enum event_password password)
{
	for (unsigned i = 0; i < held->count; i++) {
		struct held_entry *entry = entry_at(held, i);

		if (entry->serial != serial)
			continue;
		entry->open = false;
		if (password != EVENT_PASSWORD_UNKNOWN)
			entry->event.password = password;
	}
}

void held_drop(struct held *held, uint32_t serial)
{
	for (unsigned i = held->count; i--;)
		if (entry_at(held, i)->open && entry_at(held, i)->serial == serial)
			take_out(held, i);
}

void held_join(struct held *held, uint32_t serial, uint64_t session, int64_t wall_ns)
{
	for (unsigned i = 0; i < held->count; i++)
		if (entry_at(held, i)->serial == serial) {
			entry_at(held, i)->session = session;
			entry_at(held, i)->at_ns = wall_ns;
		}
}

/* How long after the last line of an attempt a failure still belongs to it. */
static int64_t reach_ns(const struct line_event *end)
{
	return (end->event.kind == EVENT_FAILURE ? HELD_PAST_MS : ATTEMPT_DELAY_MS) * NS_PER_MS;
}

bool held_take_back(struct held *held, const struct line_event *success)
{
	bool any = false;

	for (unsigned i = held->count; i--;) {
		const struct held_entry *entry = entry_at(held, i);
		int64_t passed_ns = success->event.wall_ns - entry->at_ns;

		if (!entry->open || passed_ns < 0 || passed_ns >= reach_ns(success) ||
		    address_compare(&entry->event.source, &success->event.source) != 0)
			continue;
		if (entry->session ? entry->session != success->session
				   : !entry->account || entry->account != success->account)
			continue;
		take_out(held, i);
		any = true;
	}
	return any;
}

bool held_next(struct held *held, int64_t now_wall_ns,
	       bool (*keep)(const struct held_entry *entry, const void *context),
	       const void *context, struct event *event)
{
	for (unsigned i = 0; i < held->count;) {
		struct held_entry *entry = entry_at(held, i);
		bool due = now_wall_ns - entry->event.wall_ns >
			   (held->in_order ? HELD_PAST_MS : HELD_MS) * NS_PER_MS;

		if (entry->open && !due) {
			if (held->in_order)
				return false;
			i++;
			continue;
		}
		if (entry->open && !keep(entry, context)) {
			take_out(held, i);
			continue;
		}
		*event = entry->event;
		take_out(held, i);
		return true;
	}
	return false;
}
