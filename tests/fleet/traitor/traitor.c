// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A member in wrong hands, at a real engine: it has the key and the secret of the configuration
 *that is given, and says whatever it likes, as fast as the engine takes it. The member's own fleet
 * process is to be stopped before, or both are one key in two hands.
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
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "conf/config.h"
#include "detect/detect.h"
#include "fleet/engine.h"
#include "fleet/fleet_keys.h"
#include "fleet/node.h"

#define NOW_MS (clock_wall_ns() / 1000000)

struct traitor {
	struct config *config;
	struct node_member *members;
	struct node_settings settings;
	struct node *node, *twin;
	struct engine *engine;
	const char *what;
	struct prefix prefix;
	uint64_t random;
};

static void no_entry(size_t stream, const uint8_t *bytes, size_t size, void *context)
{
	(void)stream;
	(void)bytes;
	(void)size;
	(void)context;
}

static void no_connection(void *context)
{
	(void)context;
}

static const char *stream_name(size_t stream, void *context)
{
	return ((struct traitor *)context)->members[stream].name;
}

static void print_fault(const char *text, void *context)
{
	(void)context;
	fprintf(stderr, "%s\n", text);
}

static bool open_traitor(struct traitor *traitor, const char *path)
{
	struct node_settings *settings = &traitor->settings;
	uint8_t secrets[FLEET_SECRETS_MAX][FLEET_KEY_SIZE];
	struct engine_settings engine = { .stream_name = stream_name,
					  .entry = no_entry,
					  .snapshot = no_entry,
					  .connected = no_connection,
					  .context = traitor };
	const struct config_fleet *fleet;
	struct fault fault = { 0 };

	if (!fleet_crypto_ready() || config_load(path, print_fault, NULL, &traitor->config))
		return false;
	fleet = &traitor->config->fleet;
	traitor->members = calloc(fleet->member_count, sizeof(*traitor->members));
	if (!traitor->members || fleet_key_read(fleet->key_file, &settings->signer, &fault) ||
	    fleet_secret_read(fleet->secret_file, secrets, FLEET_SECRETS_MAX,
			      &settings->secret_count, &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		return false;
	}
	for (size_t i = 0; i < settings->secret_count; i++)
		fleet_secret_derive(secrets[i], &settings->secrets[i]);
	for (size_t i = 0; i < fleet->member_count; i++) {
		memcpy(traitor->members[i].name, fleet->members[i].name,
		       sizeof(traitor->members[i].name));
		if (!strcmp(fleet->members[i].name, fleet->member))
			settings->self = (uint16_t)i;
	}
	settings->members = traitor->members;
	settings->member_count = (uint16_t)fleet->member_count;
	settings->quorum = 1;
	traitor->node = node_new(settings, (uint64_t)NOW_MS);
	traitor->twin = node_new(settings, (uint64_t)NOW_MS);
	engine.server = fleet->server;
	engine.prefix = settings->secrets[0].stream;
	engine.stream_count = fleet->member_count;
	engine.own = settings->self;
	return traitor->node && traitor->twin && !engine_new(&engine, 0, &traitor->engine, &fault);
}

static uint64_t chance(struct traitor *traitor, uint64_t below)
{
	traitor->random = traitor->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (traitor->random >> 33) % below;
}

static struct prefix host(uint32_t address)
{
	return (struct prefix){ .address = address_from4(address), .length = 128 };
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
		fleet_account(&traitor->settings.secrets[0], name, lie.account);
	} else if (!strcmp(traitor->what, "turns")) {
		lie.kind = i % 2 ? FLEET_REVOKE : FLEET_BAN;
	} else if (!strcmp(traitor->what, "ends")) {
		lie.time_ms -= i % 2 ? 1800000 : 0;
	} else if (strcmp(traitor->what, "lies") != 0) {
		lie.prefix = host(0x2e000000 + (uint32_t)i);
		lie.services = BAN_ALL;
		lie.rule = RULE_SOURCE_ABUSE;
	} else {
		lie.kind = chance(traitor, 4) ? FLEET_BAN : FLEET_REVOKE;
		lie.prefix = host(0x2e000000 + (uint32_t)chance(traitor, 1 << 20));
		lie.prefix.length = chance(traitor, 2) ? 128 : (uint32_t)chance(traitor, 129);
		lie.prefix.address = address_mask(&lie.prefix.address, lie.prefix.length);
		lie.services = (uint8_t)(1 + chance(traitor, 3));
		lie.rule = (uint8_t)chance(traitor, 256);
		lie.time_ms = chance(traitor, 4) ? lie.time_ms
						 : (int64_t)chance(traitor, 1ULL << 53);
	}
	return lie;
}

static void wait_and_work(struct traitor *traitor)
{
	struct pollfd polls[ENGINE_POLLS];

	engine_polls(traitor->engine, polls);
	poll(polls, ENGINE_POLLS, 20);
	engine_work(traitor->engine, polls, (int64_t)(clock_boot_ns() / 1000000));
}

static void append(struct traitor *traitor, struct node *node)
{
	int64_t now_ms = NOW_MS + (strcmp(traitor->what, "clock") ? 0 : 3600000);
	uint8_t bytes[FLEET_BATCH_SIZE];
	size_t size = node_next(node, now_ms, bytes);

	if (size)
		engine_append(traitor->engine, bytes, size, (int64_t)(clock_boot_ns() / 1000000),
			      NOW_MS);
}

static void betray(struct traitor *traitor, unsigned long count)
{
	bool fork = !strcmp(traitor->what, "fork");
	struct engine_state state;
	unsigned long said = 0;

	do {
		while (engine_room(traitor->engine) > 1 && said < count) {
			for (unsigned i = 0; i < FLEET_STATEMENTS_MAX && said < count; i++) {
				struct fleet_statement statement = lie(traitor, said++);

				node_sight(traitor->node, &statement);
				statement.prefix = host(0x2f000000);
				node_sight(traitor->twin, &statement);
			}
			append(traitor, traitor->node);
			if (fork)
				append(traitor, traitor->twin);
		}
		wait_and_work(traitor);
		engine_get_state(traitor->engine, &state);
	} while (said < count || state.in_flight);
}

int main(int argc, char **argv)
{
	struct traitor traitor = { .random = 1 };
	uint64_t begun = clock_boot_ns();
	unsigned long count;

	if (argc < 4 || !open_traitor(&traitor, argv[1]))
		return fprintf(stderr, "usage: traitor CONFIG WHAT COUNT [PREFIX]\n"), 2;
	traitor.what = argv[2];
	count = strtoul(argv[3], NULL, 10);
	traitor.prefix = host(0x2e000001);
	if (argc > 4 && prefix_parse(argv[4], strlen(argv[4]), &traitor.prefix))
		return fprintf(stderr, "'%s' is no prefix\n", argv[4]), 2;
	betray(&traitor, count);
	printf("%lu statements in %.2f s\n", count, (double)(clock_boot_ns() - begun) / 1e9);
	return 0;
}
