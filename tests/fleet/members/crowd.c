// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many honest members at one real engine, in one process: each says INTERVAL milliseconds apart
 * that it bans a source that nobody else names, and reads all that the others say, as a member's
 * own process does, but opens none of it.
 *
 *	crowd SECONDS INTERVAL CONFIG...
 */
#include <stdio.h>
#include <stdlib.h>

#include "detect/detect.h"
#include "member.h"

struct crowd {
	struct member *members;
	size_t count;
	uint32_t said;
	int64_t *next_ms; /* when each speaks next, by the clock of boot */
	int64_t interval_ms;
};

static bool open_crowd(struct crowd *crowd, char **paths)
{
	crowd->members = calloc(crowd->count, sizeof(*crowd->members));
	crowd->next_ms = calloc(crowd->count, sizeof(*crowd->next_ms));
	if (!crowd->members || !crowd->next_ms)
		return false;
	for (size_t i = 0; i < crowd->count; i++) {
		if (!member_open(&crowd->members[i], paths[i]))
			return false;
		/* Not all in one moment. */
		crowd->next_ms[i] =
			NOW_BOOT_MS + (int64_t)i * crowd->interval_ms / (int64_t)crowd->count;
	}
	return true;
}

static void speak(struct crowd *crowd, struct member *member)
{
	struct fleet_statement ban = { .kind = FLEET_BAN,
				       .prefix = member_host(0x2e000000 + crowd->said++),
				       .services = BAN_LOGIN,
				       .rule = RULE_SOURCE_FAILURES,
				       .time_ms = NOW_MS + 3600000 };

	node_sight(member->node, &ban);
	member_append(member, member->node, NOW_MS);
}

static bool all_confirmed(const struct crowd *crowd)
{
	struct engine_state state;

	for (size_t i = 0; i < crowd->count; i++) {
		engine_get_state(crowd->members[i].engine, &state);
		if (state.in_flight)
			return false;
	}
	return true;
}

/* Until `end_ms` they speak; then until the engine has all of it. */
static void live(struct crowd *crowd, int64_t end_ms)
{
	struct pollfd *polls = calloc(crowd->count * ENGINE_POLLS, sizeof(*polls));

	while (polls && (NOW_BOOT_MS < end_ms || !all_confirmed(crowd))) {
		for (size_t i = 0; i < crowd->count; i++)
			engine_polls(crowd->members[i].engine, polls + i * ENGINE_POLLS);
		poll(polls, crowd->count * ENGINE_POLLS, 5);
		for (size_t i = 0; i < crowd->count; i++) {
			struct member *member = &crowd->members[i];

			engine_work(member->engine, polls + i * ENGINE_POLLS, NOW_BOOT_MS);
			if (NOW_BOOT_MS >= end_ms || NOW_BOOT_MS < crowd->next_ms[i] ||
			    engine_room(member->engine) < 2)
				continue;
			crowd->next_ms[i] += crowd->interval_ms;
			speak(crowd, member);
		}
	}
	free(polls);
}

int main(int argc, char **argv)
{
	struct crowd crowd = { .count = (size_t)(argc > 3 ? argc - 3 : 0) };
	long seconds = argc > 3 ? strtol(argv[1], NULL, 10) : 0;

	crowd.interval_ms = argc > 3 ? strtol(argv[2], NULL, 10) : 0;
	if (seconds <= 0 || crowd.interval_ms <= 0)
		return fprintf(stderr, "usage: crowd SECONDS INTERVAL CONFIG...\n"), 2;
	if (!open_crowd(&crowd, argv + 3))
		return 1;
	live(&crowd, NOW_BOOT_MS + seconds * 1000);
	printf("%u\n", crowd.said);
	return 0;
}
