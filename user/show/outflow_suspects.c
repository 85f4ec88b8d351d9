// SPDX-License-Identifier: GPL-2.0-or-later
/* The senders that caused a trip of the outflow breaker, and its sums (outflow_view.h). Pure. */
#include "show/outflow_view.h"

#include <stdlib.h>
#include <string.h>

/* Whether this breaker judged the attempt. */
static bool is_of(const struct gate_breaker *breaker, const struct outflow_recent *recent)
{
	const struct outflow_key *key = &breaker->key;

	switch (key->origin) {
	case OUTFLOW_LOCAL:
		return recent->who.origin == OUTFLOW_LOCAL && recent->verdict != OUTFLOW_USER;
	case OUTFLOW_REFUSED:
		return recent->who.origin == OUTFLOW_LOCAL && recent->who.id == key->id &&
		       recent->verdict == OUTFLOW_USER;
	case OUTFLOW_OTHER:
		return recent->who.origin != OUTFLOW_LOCAL;
	default:
		return recent->who.origin == key->origin && recent->who.id == key->id &&
		       recent->who.guest == key->guest;
	}
}

static void add_destination(struct outflow_suspect *suspect, const struct address *address)
{
	for (size_t i = 0; i < suspect->destination_count; i++)
		if (!memcmp(&suspect->destinations[i], address, sizeof(*address)))
			return;
	if (suspect->destination_count == OUTFLOW_DESTINATIONS)
		suspect->more = true;
	else
		suspect->destinations[suspect->destination_count++] = *address;
}

static int by_held(const void *a, const void *b)
{
	const struct outflow_suspect *x = a, *y = b;

	if (x->held != y->held)
		return x->held < y->held ? 1 : -1;
	if (x->attempts != y->attempts)
		return x->attempts < y->attempts ? 1 : -1;
	return x->last_ns < y->last_ns ? 1 : -1;
}

/* The sender's entry, added if there is none; NULL: there are too many. */
static struct outflow_suspect *find(struct outflow_suspect *suspects, size_t *count,
				    const struct outflow_recent *recent)
{
	struct outflow_key who = recent->who;

	who.port = 0;
	for (size_t i = 0; i < *count; i++)
		if (!memcmp(&suspects[i].who, &who, sizeof(who)) &&
		    suspects[i].cgroup == recent->cgroup)
			return &suspects[i];
	if (*count == OUTFLOW_RECENT)
		return NULL;
	suspects[*count] = (struct outflow_suspect){ .who = who,
						     .cgroup = recent->cgroup,
						     .last_ns = recent->time_ns };
	return &suspects[(*count)++];
}

size_t outflow_suspects(const struct gate_outflow *state, const struct gate_breaker *breaker,
			struct outflow_suspect *suspects)
{
	struct outflow_suspect *all = calloc(OUTFLOW_RECENT, sizeof(*all));
	uint64_t since = breaker->state.since_ns;
	size_t count = 0;

	since = since > OUTFLOW_BEFORE_NS ? since - OUTFLOW_BEFORE_NS : 0;
	for (size_t i = state->recent_count; all && i-- > 0;) { /* the newest first */
		const struct outflow_recent *recent = &state->recent[i];
		struct outflow_suspect *suspect;

		if (recent->time_ns < since || !is_of(breaker, recent))
			continue;
		suspect = find(all, &count, recent);
		if (!suspect)
			continue;
		suspect->attempts++;
		suspect->held += recent->verdict >= OUTFLOW_HELD;
		add_destination(suspect, &recent->destination);
	}
	if (all)
		qsort(all, count, sizeof(*all), by_held);
	if (count > OUTFLOW_SUSPECTS)
		count = OUTFLOW_SUSPECTS;
	if (all)
		memcpy(suspects, all, count * sizeof(*suspects));
	free(all);
	return count;
}

struct outflow_trip outflow_trip(const struct outflow_view *view)
{
	struct outflow_trip trip = { 0 };

	for (size_t i = 0; i < view->state->breaker_count; i++) {
		const struct gate_breaker *breaker = &view->state->breakers[i];

		if (!breaker->tripped)
			continue;
		trip.held += breaker->state.trip_held;
		if (trip.count++ && breaker->state.since_ns >= trip.since_ns)
			continue;
		trip.first = i;
		trip.since_ns = breaker->state.since_ns;
	}
	return trip;
}

struct outflow_count outflow_sum(const struct outflow_view *view, int port)
{
	struct outflow_count sum = { 0 };

	for (size_t i = 0; i < view->state->count_count; i++) {
		const struct outflow_count *count = &view->state->counts[i].count;

		if (port >= 0 && view->state->counts[i].key.port != port)
			continue;
		sum.attempts += count->attempts;
		for (size_t j = 0; j < OUTFLOW_VERDICTS; j++)
			sum.verdicts[j] += count->verdicts[j];
		sum.dropped += count->dropped;
		sum.late += count->late;
		sum.again += count->again;
		if (count->last_ns > sum.last_ns)
			sum.last_ns = count->last_ns;
	}
	return sum;
}
