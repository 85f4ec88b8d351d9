// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule bounce-surge: the share of failed deliveries of the whole server jumps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/rule.h"

#define FEWEST 1024
#define MOST   (1U << 20) /* deliveries in a window, 8 MiB; beyond, only the newest count */

struct bounce_surge {
	uint64_t window_ns;
	int64_t *ring; /* wall_ns, lowest bit set if it failed; `room` is a power of two */
	uint32_t first, count, room;
	uint32_t failed;
	int64_t newest_ns;
	uint64_t forgotten;
	uint64_t tags[DECISION_EVIDENCE_MAX]; /* of the last failed ones */
	uint64_t tag_count;
};

static void *create(const struct detect_settings *settings)
{
	const struct rule_settings *rule = &settings->rules[RULE_BOUNCE_SURGE];
	struct bounce_surge *state = calloc(1, sizeof(*state));

	if (state)
		state->window_ns = rule_windows(rule, 1, 1).window_ns;
	return state;
}

static void destroy(void *context)
{
	struct bounce_surge *state = context;

	free(state->ring);
	free(state);
}

static void configure(void *context, const struct detect_settings *settings)
{
	struct bounce_surge *state = context;

	state->window_ns = rule_windows(&settings->rules[RULE_BOUNCE_SURGE], 1, 1).window_ns;
}

static void take_off(struct bounce_surge *state)
{
	state->failed -= state->ring[state->first] & 1;
	state->first = (state->first + 1) & (state->room - 1);
	state->count--;
}

static bool make_room(struct bounce_surge *state)
{
	uint32_t room = state->room ? state->room * 2 : FEWEST;
	int64_t *ring;

	if (state->count < state->room)
		return true;
	if (room > MOST) {
		state->forgotten++;
		take_off(state);
		return true;
	}
	ring = malloc(room * sizeof(*ring));
	if (!ring)
		return false;
	for (uint32_t i = 0; i < state->count; i++)
		ring[i] = state->ring[(state->first + i) & (state->room - 1)];
	free(state->ring);
	state->ring = ring;
	state->first = 0;
	state->room = room;
	return true;
}

/* A delivery that comes late counts as if it came with the newest. If the clock was set back by
 * more than the window, counting begins anew. */
static void add(struct bounce_surge *state, int64_t wall_ns, bool failed)
{
	if (wall_ns < state->newest_ns &&
	    (uint64_t)state->newest_ns - (uint64_t)wall_ns > state->window_ns) {
		state->count = state->failed = 0;
		state->newest_ns = wall_ns;
	}
	if (wall_ns > state->newest_ns)
		state->newest_ns = wall_ns;
	if (!make_room(state)) {
		state->forgotten++;
		return;
	}
	state->ring[(state->first + state->count++) & (state->room - 1)] =
		(state->newest_ns & ~(int64_t)1) | failed;
	state->failed += failed;
	/* The newest always lies in its own window, and stays. */
	while (state->count > 1 &&
	       (uint64_t)(state->newest_ns & ~(int64_t)1) -
			       (uint64_t)(state->ring[state->first] & ~(int64_t)1) >
		       state->window_ns)
		take_off(state);
}

static void on_event(void *context, const struct rule_input *input)
{
	struct bounce_surge *state = context;
	const struct rule_settings *rule = &input->settings->rules[RULE_BOUNCE_SURGE];
	const struct event *event = input->event;
	uint64_t kept = DECISION_EVIDENCE_MAX;
	uint32_t failed, count;
	char window[TIME_TEXT_SIZE];
	struct decision decision;

	if (event->kind != EVENT_BOUNCE && event->kind != EVENT_DELIVERED)
		return;
	add(state, event->wall_ns, event->kind == EVENT_BOUNCE);
	if (event->kind == EVENT_BOUNCE)
		state->tags[state->tag_count++ % kept] = input->tag;
	failed = state->failed;
	count = state->count;
	if (event->kind != EVENT_BOUNCE || !count || count < rule->count ||
	    (uint64_t)failed * 100 < (uint64_t)count * rule->percent)
		return;
	rule_begin(input, RULE_BOUNCE_SURGE, &decision);
	for (uint64_t i = state->tag_count > kept ? state->tag_count - kept : 0;
	     i < state->tag_count; i++)
		rule_add_evidence(&decision, state->tags[i % kept]);
	duration_format(rule->window_s, window);
	snprintf(decision.reason, sizeof(decision.reason),
		 "%u of %u deliveries failed in %s (%u %%)", failed, count, window,
		 (unsigned)((uint64_t)failed * 100 / count));
	decision.action = ACTION_ALERT;
	rule_decide(input, &decision);
}

static void add_usage(const void *context, struct detect_usage *usage)
{
	const struct bounce_surge *state = context;

	usage->forgotten += state->forgotten;
}

const struct rule_type rule_bounce_surge = {
	.rule = RULE_BOUNCE_SURGE,
	.only_counts = true,
	.create = create,
	.destroy = destroy,
	.configure = configure,
	.event = on_event,
	.add_usage = add_usage,
};
