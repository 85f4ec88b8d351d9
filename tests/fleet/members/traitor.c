// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A member in wrong hands, at a real engine: it says whatever it likes, as fast as the engine takes
 * it.
 *
 *	traitor CONFIG WHAT COUNT [PREFIX]
 *
 *	sightings	strangers failed on user0@example.org to user4999@example.org
 *	turns		PREFIX is banned and lifted in turns
 *	ends		PREFIX is banned, now for an hour, now for half of one
 *	bans		so many sources are banned, port 25 too
 *	lies		whatever the format has room for
 *	clock		bans as of an hour ahead
 *	fork		two batches of one number
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/detect.h"
#include "member.h"

struct traitor {
	struct member member;
	struct node *twin;
	const char *what;
	struct prefix prefix;
	uint64_t random;
};

static uint64_t chance(struct traitor *traitor, uint64_t below)
{
	traitor->random = traitor->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (traitor->random >> 33) % below;
}

static struct fleet_statement lie(struct traitor *traitor, unsigned long i)
{
	struct fleet_statement lie = { .kind = FLEET_BAN,
				       .prefix = traitor->prefix,
				       .services = BAN_LOGIN,
				       .rule = RULE_SOURCE_FAILURES,
				       .time_ms = NOW_MS + 3600000 };
	char name[64];

	if (!strcmp(traitor->what, "sightings")) {
		lie.kind = FLEET_SIGHTING;
		lie.prefix = (struct prefix){ address_from4(0x2e000000 + (uint32_t)i * 256), 120 };
		lie.sight = FLEET_SIGHT_FAILURE;
		lie.time_ms = NOW_MS;
		snprintf(name, sizeof(name), "user%lu@example.org", i % 5000);
		fleet_account(&traitor->member.settings.secrets[0], name, lie.account);
	} else if (!strcmp(traitor->what, "turns")) {
		lie.kind = i % 2 ? FLEET_REVOKE : FLEET_BAN;
	} else if (!strcmp(traitor->what, "ends")) {
		lie.time_ms -= i % 2 ? 1800000 : 0;
	} else if (strcmp(traitor->what, "lies") != 0) {
		lie.prefix = member_host(0x2e000000 + (uint32_t)i);
		lie.services = BAN_ALL;
		lie.rule = RULE_SOURCE_ABUSE;
	} else {
		lie.kind = chance(traitor, 4) ? FLEET_BAN : FLEET_REVOKE;
		lie.prefix = member_host(0x2e000000 + (uint32_t)chance(traitor, 1 << 20));
		lie.prefix.length = chance(traitor, 2) ? 128 : (uint32_t)chance(traitor, 129);
		lie.prefix.address = address_mask(&lie.prefix.address, lie.prefix.length);
		lie.services = (uint8_t)(1 + chance(traitor, 3));
		lie.rule = (uint8_t)chance(traitor, 256);
		lie.time_ms = chance(traitor, 4) ? lie.time_ms
						 : (int64_t)chance(traitor, 1ULL << 53);
	}
	return lie;
}

static void wait_and_work(struct engine *engine)
{
	struct pollfd polls[ENGINE_POLLS];

	engine_polls(engine, polls);
	poll(polls, ENGINE_POLLS, 20);
	engine_work(engine, polls, NOW_BOOT_MS);
}

static void betray(struct traitor *traitor, unsigned long count)
{
	int64_t ahead_ms = strcmp(traitor->what, "clock") ? 0 : 3600000;
	bool fork = !strcmp(traitor->what, "fork");
	struct member *member = &traitor->member;
	struct engine_state state;
	unsigned long said = 0;

	do {
		while (engine_room(member->engine) > 1 && said < count) {
			for (unsigned i = 0; i < FLEET_STATEMENTS_MAX && said < count; i++) {
				struct fleet_statement statement = lie(traitor, said++);

				node_sight(member->node, &statement);
				statement.prefix = member_host(0x2f000000);
				node_sight(traitor->twin, &statement);
			}
			member_append(member, member->node, NOW_MS + ahead_ms);
			if (fork)
				member_append(member, traitor->twin, NOW_MS + ahead_ms);
		}
		wait_and_work(member->engine);
		engine_get_state(member->engine, &state);
	} while (said < count || state.in_flight);
}

int main(int argc, char **argv)
{
	struct traitor traitor = { .random = 1 };
	uint64_t begun = clock_boot_ns();
	unsigned long count;

	if (argc < 4 || !member_open(&traitor.member, argv[1]))
		return fprintf(stderr, "usage: traitor CONFIG WHAT COUNT [PREFIX]\n"), 2;
	traitor.twin = node_new(&traitor.member.settings, (uint64_t)NOW_MS);
	if (!traitor.twin)
		return 1;
	traitor.what = argv[2];
	count = strtoul(argv[3], NULL, 10);
	traitor.prefix = member_host(0x2e000001);
	if (argc > 4 && prefix_parse(argv[4], strlen(argv[4]), &traitor.prefix))
		return fprintf(stderr, "'%s' is no prefix\n", argv[4]), 2;
	betray(&traitor, count);
	printf("%lu statements in %.2f s\n", count, (double)(clock_boot_ns() - begun) / 1e9);
	return 0;
}
