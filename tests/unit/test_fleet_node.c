// SPDX-License-Identifier: GPL-2.0-or-later
/* Members of a fleet by their batches alone: a million hostile statements, forks, replays, an
 * engine that lost all, keys in exchange, and how fast it goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "checked.h"
#include "detect/detect.h"
#include "fleet/node.h"
#include "fleet_members.h"
#include "in_range.h"

#define NOW_MS 1795000000000LL
#define LIES   (is_under_valgrind() ? 50000U : 1000000U)

enum { TRAITOR, HONEST, OTHER, MEMBERS };

static struct node_member members[MEMBERS];
static struct fleet_signer signers[MEMBERS], spare;
static uint64_t random_state;

/* What one node was told. */
struct seen {
	unsigned adopted, released, port25, networks;
	unsigned troubles[NODE_TROUBLES];
};

static void on_changed(const struct adoption_change *change, void *context)
{
	struct seen *seen = context;
	bool host = change->prefix.length >= (prefix_is4(&change->prefix) ? 128 : 64);

	if (!change->until_ms)
		seen->released++;
	else
		seen->adopted++;
	seen->port25 += change->until_ms && change->services & BAN_SMTP;
	seen->networks += change->until_ms && !host;
}

static void on_troubled(enum node_trouble trouble, uint16_t member, void *context)
{
	struct seen *seen = context;

	(void)member;
	seen->troubles[trouble]++;
}

static int make_members(void **state)
{
	(void)state;
	if (fleet_members_make(members, signers, MEMBERS))
		return -1;
	memset(spare.seed, 99, FLEET_KEY_SIZE);
	fleet_signer_derive(&spare);
	return 0;
}

static struct node *make(uint16_t self, unsigned quorum, struct seen *seen)
{
	struct node_settings settings = { .members = members,
					  .member_count = MEMBERS,
					  .self = self,
					  .signer = signers[self],
					  .quorum = quorum,
					  .budget = 100,
					  .changed = on_changed,
					  .troubled = on_troubled,
					  .context = seen };
	struct node *node;

	*seen = (struct seen){ 0 };
	node = fleet_members_node(&settings, NOW_MS);
	assert_non_null(node);
	return node;
}

static uint64_t chance(uint64_t below)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (random_state >> 33) % below;
}

static struct fleet_statement ban_of(uint32_t address, uint8_t services, uint8_t rule)
{
	return (struct fleet_statement){ .kind = FLEET_BAN,
					 .prefix = { address_from4(address), 128 },
					 .services = services,
					 .rule = rule,
					 .time_ms = NOW_MS + FLEET_LEASE_MS };
}

static struct fleet_statement lie(void)
{
	struct fleet_statement statement = ban_of((uint32_t)chance(1ULL << 32),
						  (uint8_t)(1 + chance(3)), (uint8_t)chance(256));

	if (chance(4) == 0)
		statement.kind = FLEET_REVOKE;
	if (chance(2))
		statement.rule = RULE_SOURCE_ABUSE;
	if (chance(4) == 0) {
		statement.prefix.length = (uint32_t)chance(129);
		statement.prefix.address =
			address_mask(&statement.prefix.address, statement.prefix.length);
	}
	if (chance(4) == 0)
		statement.time_ms = (int64_t)chance(1LL << 53);
	return statement;
}

/* The traitor's node says whatever it likes; `receiver` gets it. */
static void betray(struct node *traitor, struct node *receiver, unsigned statements,
		   int64_t *now_ms)
{
	uint8_t bytes[FLEET_BATCH_SIZE];

	for (unsigned i = 0; i < statements; i += FLEET_STATEMENTS_MAX) {
		size_t size;

		for (unsigned j = 0; j < FLEET_STATEMENTS_MAX; j++) {
			struct fleet_statement statement = lie();

			node_sight(traitor, &statement);
		}
		*now_ms += (int64_t)chance(20);
		size = node_next(traitor, *now_ms + (int64_t)chance(1200000) - 600000, bytes);
		if (chance(8) == 0) /* also forged on its way */
			bytes[chance(size)] ^= (uint8_t)(1 + chance(255));
		node_receive(receiver, TRAITOR, bytes, size, *now_ms);
		if (chance(16) == 0) /* and replayed as another's */
			node_receive(receiver, OTHER, bytes, size, *now_ms);
	}
}

static void test_a_million_statements_of_a_traitor_ban_nobody(void **state)
{
	struct seen seen, none;
	struct node *traitor = make(TRAITOR, 2, &none), *receiver = make(HONEST, 2, &seen);
	int64_t now_ms = NOW_MS;

	(void)state;
	random_state = 1;
	betray(traitor, receiver, LIES, &now_ms);
	assert_true(node_counts_of(receiver, TRAITOR)->statements > LIES / 2);
	assert_int_equal(seen.adopted, 0);
	node_free(traitor);
	node_free(receiver);
}

static void count_held(const struct adoption_change *change, void *context)
{
	(void)change;
	++*(unsigned *)context;
}

static void test_where_one_is_enough_a_traitor_has_its_budget_and_not_port_25(void **state)
{
	struct seen seen, none;
	struct node *traitor = make(TRAITOR, 1, &none), *receiver = make(HONEST, 1, &seen);
	int64_t now_ms = NOW_MS;
	unsigned held = 0;

	(void)state;
	random_state = 2;
	betray(traitor, receiver, LIES, &now_ms);
	for (struct adoption_walk walk = { 0 };
	     node_some(receiver, &walk, now_ms, count_held, &held);)
		;
	assert_within(held, 1, 100);
	assert_int_equal(seen.port25, 0);
	assert_int_equal(seen.networks, 0);
	node_free(traitor);
	node_free(receiver);
}

static void test_a_stream_that_cannot_be_read_is_told_once_an_hour_and_counted(void **state)
{
	struct seen seen;
	struct node *receiver = make(HONEST, 1, &seen);

	(void)state;
	for (int i = 0; i < 10; i++)
		node_unreadable(receiver, TRAITOR, NOW_MS + i);
	assert_int_equal(seen.troubles[NODE_UNREADABLE], 1);
	assert_int_equal(node_counts_of(receiver, TRAITOR)->refused[NODE_UNREADABLE], 10);
	assert_int_equal(node_counts_of(receiver, OTHER)->refused[NODE_UNREADABLE], 0);
	assert_string_equal(node_trouble_name(NODE_UNREADABLE), "unreadable");
	node_unreadable(receiver, TRAITOR, NOW_MS + 3600000);
	assert_int_equal(seen.troubles[NODE_UNREADABLE], 2);
	node_free(receiver);
}

static size_t say(struct node *node, uint32_t address, uint8_t bytes[FLEET_BATCH_SIZE])
{
	struct fleet_statement ban = ban_of(address, BAN_LOGIN, RULE_SOURCE_FAILURES);

	assert_true(node_ban(node, &ban, NOW_MS));
	return node_next(node, NOW_MS, bytes);
}

static void test_a_key_in_two_hands_is_suspended_and_its_bans_go(void **state)
{
	struct seen seen, none;
	struct node *owner = make(TRAITOR, 2, &none), *thief = make(TRAITOR, 2, &none);
	struct node *other = make(OTHER, 2, &none), *receiver = make(HONEST, 2, &seen);
	uint8_t first[FLEET_BATCH_SIZE], second[FLEET_BATCH_SIZE], third[FLEET_BATCH_SIZE];
	size_t size = say(owner, 0x2d000001, first), other_size = say(other, 0x2d000001, second);

	(void)state;
	node_receive(receiver, TRAITOR, first, size, NOW_MS);
	node_receive(receiver, OTHER, second, other_size, NOW_MS);
	assert_int_equal(seen.adopted, 1);
	size = say(thief, 0x2d000002, third);
	node_receive(receiver, TRAITOR, third, size, NOW_MS);
	assert_true(node_counts_of(receiver, TRAITOR)->suspended);
	assert_int_equal(seen.troubles[NODE_FORK], 1);
	assert_int_equal(seen.released, 1);
	/* the owner finds it in its own stream */
	node_free(owner);
	owner = make(TRAITOR, 2, &seen);
	say(owner, 0x2d000001, first);
	node_receive(owner, TRAITOR, third, size, NOW_MS);
	assert_int_equal(seen.troubles[NODE_OWN_KEY], 1);
	node_free(owner);
	node_free(thief);
	node_free(other);
	node_free(receiver);
}

static void test_what_is_not_signed_by_its_member_is_told_once(void **state)
{
	struct seen seen, none;
	struct node *traitor = make(TRAITOR, 1, &none), *receiver = make(HONEST, 1, &seen);
	uint8_t bytes[FLEET_BATCH_SIZE];
	size_t size = say(traitor, 0x2d000001, bytes);

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		node_receive(receiver, OTHER, bytes, size, NOW_MS); /* as another's */
	node_receive(receiver, OTHER, bytes, 3, NOW_MS);
	assert_int_equal(seen.adopted, 0);
	assert_int_equal(seen.troubles[NODE_SIGNATURE], 1);
	assert_int_equal(node_counts_of(receiver, OTHER)->refused[NODE_SIGNATURE], 51);
	node_receive(receiver, TRAITOR, bytes, size, NOW_MS);
	assert_int_equal(seen.adopted, 1);
	for (unsigned i = 0; i < 5; i++)
		node_receive(receiver, TRAITOR, bytes, size, NOW_MS);
	assert_int_equal(node_counts_of(receiver, TRAITOR)->repeated, 5);
	node_free(traitor);
	node_free(receiver);
}

static void test_both_keys_of_a_member_count_while_one_is_exchanged(void **state)
{
	struct seen seen, none;
	struct node *owner = make(TRAITOR, 1, &none), *receiver = make(HONEST, 1, &seen);
	uint8_t bytes[FLEET_BATCH_SIZE];
	size_t size = say(owner, 0x2d000001, bytes);

	(void)state;
	memcpy(members[TRAITOR].keys[1], members[TRAITOR].keys[0], FLEET_KEY_SIZE);
	memcpy(members[TRAITOR].keys[0], spare.public, FLEET_KEY_SIZE);
	node_receive(receiver, TRAITOR, bytes, size, NOW_MS);
	assert_int_equal(seen.adopted, 0); /* the second one is not named yet */
	members[TRAITOR].key_count = 2;
	node_receive(receiver, TRAITOR, bytes, size, NOW_MS);
	assert_int_equal(seen.adopted, 1);
	members[TRAITOR].key_count = 1;
	memcpy(members[TRAITOR].keys[0], signers[TRAITOR].public, FLEET_KEY_SIZE);
	node_free(owner);
	node_free(receiver);
}

/* Told again after 20 minutes, at once when the engine was gone, and never more often than it may. */
static void test_own_bans_are_said_again(void **state)
{
	struct seen none;
	struct node *node = make(TRAITOR, 2, &none);
	uint8_t bytes[FLEET_BATCH_SIZE];
	int64_t now_ms = NOW_MS;

	(void)state;
	say(node, 0x2d000001, bytes);
	assert_int_equal(node_waiting(node), 0);
	node_restate(node, now_ms);
	assert_int_equal(node_waiting(node), 1);
	node_restate(node, now_ms);
	assert_int_equal(node_waiting(node), 1);
	assert_true(node_next(node, now_ms, bytes));
	for (unsigned i = 0; i <= FLEET_RENEW_MS / 1000; i++, now_ms += 1000)
		node_tick(node, now_ms);
	assert_within(node_waiting(node), 1, 3);
	while (node_next(node, now_ms, bytes))
		;
	/* and with nothing to say, that it is there */
	now_ms += FLEET_ALIVE_MS;
	node_unban(node, &(struct prefix){ address_from4(0x2d000001), 128 }, BAN_ALL);
	assert_true(node_next(node, now_ms, bytes));
	now_ms += FLEET_ALIVE_MS;
	node_tick(node, now_ms);
	assert_int_equal(node_waiting(node), 0);
	assert_true(node_next(node, now_ms, bytes));
	assert_int_equal(node_next(node, now_ms, bytes), 0);
	node_free(node);
}

/* Everything that holds is told: what is missing was lifted, and what is known already is not said
 * again. */
static void test_what_a_walk_does_not_tell_is_lifted(void **state)
{
	struct seen seen, none;
	struct node *maker = make(TRAITOR, 1, &none), *receiver = make(HONEST, 1, &seen);
	uint8_t bytes[FLEET_BATCH_SIZE];
	size_t size;
	struct fleet_statement kept = ban_of(0x2d000001, BAN_LOGIN, RULE_SOURCE_FAILURES);
	struct fleet_statement lifted = ban_of(0x2d000002, BAN_LOGIN, RULE_SOURCE_FAILURES);
	struct fleet_statement fresh = ban_of(0x2d000003, BAN_LOGIN, RULE_SOURCE_FAILURES);

	(void)state;
	assert_true(node_ban(maker, &kept, NOW_MS) && node_ban(maker, &lifted, NOW_MS));
	size = node_next(maker, NOW_MS, bytes);
	node_receive(receiver, TRAITOR, bytes, size, NOW_MS);
	assert_int_equal(seen.adopted, 2);
	node_walked(maker); /* of no walk: nothing follows */
	assert_int_equal(node_waiting(maker), 0);
	node_walk(maker);
	kept.time_ms += 20; /* by another clock */
	assert_true(node_ban(maker, &kept, NOW_MS) && node_ban(maker, &fresh, NOW_MS));
	node_walked(maker);
	assert_int_equal(node_waiting(maker), 2);
	size = node_next(maker, NOW_MS, bytes);
	node_receive(receiver, TRAITOR, bytes, size, NOW_MS);
	assert_int_equal(seen.adopted, 3);
	assert_int_equal(seen.released, 1);
	node_free(maker);
	node_free(receiver);
}

static void sight(struct node *node, int64_t now_ms)
{
	struct fleet_statement sighting = { .kind = FLEET_SIGHTING,
					    .prefix = { address_from4(0x2d000000), 120 },
					    .sight = FLEET_SIGHT_FAILURE,
					    .time_ms = now_ms };

	node_sight(node, &sighting);
}

/* Three times it begins with a clock that is behind its own past, of which the engine keeps the
 * same batch each time: numbers that are used once must not come again with other words. */
static void test_a_member_behind_its_own_past_never_uses_a_number_twice(void **state)
{
	struct seen none;
	uint64_t incarnations[3];
	uint8_t past[FLEET_BATCH_SIZE], bytes[FLEET_BATCH_SIZE];
	struct node *before = make(TRAITOR, 2, &none), *node;
	size_t past_size = say(before, 0x2d000001, past);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fleet_header header;

		node = make(TRAITOR, 2, &none);
		node_receive(node, TRAITOR, past, past_size, NOW_MS);
		assert_int_equal(fleet_header_read(bytes, say(node, 0x2d000002, bytes), &header),
				 0);
		assert_true(header.incarnation > NOW_MS && header.sequence == 1);
		assert_true(header.incarnation <= NOW_MS + 65536 + 1);
		incarnations[i] = header.incarnation;
		node_free(node);
	}
	assert_true(incarnations[0] != incarnations[1] || incarnations[1] != incarnations[2]);
	node_free(before);
}

/* What one tells without end takes nothing from another's word. */
static void test_a_member_tells_of_so_many_accounts_and_others_are_still_heard(void **state)
{
	struct seen seen, none;
	struct node *traitor = make(TRAITOR, 2, &none), *honest = make(OTHER, 2, &none);
	struct node *receiver = make(HONEST, 2, &seen);
	uint8_t bytes[FLEET_BATCH_SIZE];
	size_t size;

	(void)state;
	for (unsigned i = 0; i < 4 * FLEET_SIGHTINGS; i++) {
		sight(traitor, NOW_MS);
		if (node_waiting(traitor) < FLEET_STATEMENTS_MAX)
			continue;
		size = node_next(traitor, NOW_MS, bytes);
		node_receive(receiver, TRAITOR, bytes, size, NOW_MS);
	}
	assert_int_equal(node_counts_of(receiver, TRAITOR)->sightings, FLEET_SIGHTINGS);
	assert_int_equal(node_counts_of(receiver, TRAITOR)->too_many, 3 * FLEET_SIGHTINGS);
	sight(honest, NOW_MS);
	size = node_next(honest, NOW_MS, bytes);
	node_receive(receiver, OTHER, bytes, size, NOW_MS);
	assert_int_equal(node_counts_of(receiver, OTHER)->sightings, 1);
	/* and a second later again some of the first */
	sight(traitor, NOW_MS + 1000);
	size = node_next(traitor, NOW_MS + 1000, bytes);
	node_receive(receiver, TRAITOR, bytes, size, NOW_MS + 1000);
	assert_int_equal(node_counts_of(receiver, TRAITOR)->sightings, FLEET_SIGHTINGS + 1);
	node_free(traitor);
	node_free(honest);
	node_free(receiver);
}

static struct node *make_with(uint16_t self, const char *first, const char *second,
			      struct seen *seen)
{
	struct node_settings settings = { .members = members,
					  .member_count = MEMBERS,
					  .self = self,
					  .signer = signers[self],
					  .secret_count = second ? 2 : 1,
					  .quorum = 1,
					  .budget = 100,
					  .changed = on_changed,
					  .troubled = on_troubled,
					  .context = seen };
	uint8_t secret[FLEET_KEY_SIZE] = { 0 };
	struct node *node;

	snprintf((char *)secret, sizeof(secret), "%s", first);
	fleet_secret_derive(secret, &settings.secrets[0]);
	snprintf((char *)secret, sizeof(secret), "%s", second ? second : "");
	fleet_secret_derive(secret, &settings.secrets[1]);
	*seen = (struct seen){ 0 };
	node = node_new(&settings, NOW_MS);
	assert_non_null(node);
	return node;
}

/* Each step of an exchange: the first secret seals, both open, and a third is told of. */
static void test_both_secrets_open_while_one_is_exchanged(void **state)
{
	static const struct {
		const char *maker[2], *receiver[2];
		unsigned adopted;
	} steps[] = {
		{ { "old", NULL }, { "old", "new" }, 1 },
		{ { "old", "new" }, { "old", NULL }, 1 },
		{ { "new", "old" }, { "old", "new" }, 1 },
		{ { "old", "new" }, { "new", "old" }, 1 },
		{ { "new", NULL }, { "new", "old" }, 1 },
		{ { "new", NULL }, { "old", NULL }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		struct seen seen, none;
		struct node *maker =
			make_with(TRAITOR, steps[i].maker[0], steps[i].maker[1], &none);
		struct node *receiver =
			make_with(HONEST, steps[i].receiver[0], steps[i].receiver[1], &seen);
		uint8_t bytes[FLEET_BATCH_SIZE];
		size_t size = say(maker, 0x2d000001, bytes);

		node_receive(receiver, TRAITOR, bytes, size, NOW_MS);
		assert_int_equal(seen.adopted, steps[i].adopted);
		assert_int_equal(seen.troubles[NODE_SECRET], !steps[i].adopted);
		node_free(maker);
		node_free(receiver);
	}
}

/* An engine that is gone for long: of what waits the oldest goes, and is counted. */
static void test_what_waits_is_bounded_and_the_newest_stays(void **state)
{
	struct seen none;
	struct node *node = make(TRAITOR, 2, &none);
	struct fleet_statement ban;

	(void)state;
	for (uint32_t i = 0; i < FLEET_QUEUE_MAX + 100; i++) {
		ban = ban_of(0x2d000000 + i, BAN_LOGIN, RULE_SOURCE_FAILURES);
		node_sight(node, &ban);
	}
	assert_int_equal(node_waiting(node), FLEET_QUEUE_MAX);
	assert_int_equal(node_lost(node), 100);
	node_free(node);
}

/* A partition's worth: 100,000 statements, 3,000 of which a second member said as well. */
static void test_catching_up_is_quick(void **state)
{
	struct seen seen, none;
	struct node *first = make(TRAITOR, 2, &none), *second = make(OTHER, 2, &none);
	struct node *receiver = make(HONEST, 2, &seen);
	static uint8_t batches[900][FLEET_BATCH_SIZE];
	static size_t sizes[900];
	struct timespec begun, ended;
	size_t count = 0, own;
	double seconds;

	(void)state;
	for (unsigned i = 0; i < 103000; i++) {
		struct node *node = i < 100000 ? first : second;
		struct fleet_statement ban =
			ban_of(0x2d000000 + i % 100000 % 60000, BAN_LOGIN, RULE_SOURCE_FAILURES);

		node_sight(node, &ban);
		if (node_waiting(node) == FLEET_STATEMENTS_MAX || i == 99999 || i == 102999)
			sizes[count] = node_next(node, NOW_MS, batches[count]), count++;
	}
	own = (100000 + FLEET_STATEMENTS_MAX - 1) / FLEET_STATEMENTS_MAX;
	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (size_t i = 0; i < count; i++)
		node_receive(receiver, i < own ? TRAITOR : OTHER, batches[i], sizes[i], NOW_MS);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	seconds = (double)(ended.tv_sec - begun.tv_sec) +
		  (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
	printf("103,000 statements, %u adopted, in %.3f s\n", seen.adopted, seconds);
	assert_int_equal(seen.adopted, 3000);
	assert_true(seconds < 20); /* 2 s on a quiet machine; this one may be ten times slower */
	node_free(first);
	node_free(second);
	node_free(receiver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_million_statements_of_a_traitor_ban_nobody),
		cmocka_unit_test(test_where_one_is_enough_a_traitor_has_its_budget_and_not_port_25),
		cmocka_unit_test(
			test_a_stream_that_cannot_be_read_is_told_once_an_hour_and_counted),
		cmocka_unit_test(test_a_key_in_two_hands_is_suspended_and_its_bans_go),
		cmocka_unit_test(test_what_is_not_signed_by_its_member_is_told_once),
		cmocka_unit_test(test_both_keys_of_a_member_count_while_one_is_exchanged),
		cmocka_unit_test(test_own_bans_are_said_again),
		cmocka_unit_test(test_both_secrets_open_while_one_is_exchanged),
		cmocka_unit_test(test_what_waits_is_bounded_and_the_newest_stays),
		cmocka_unit_test(test_what_a_walk_does_not_tell_is_lifted),
		cmocka_unit_test(test_a_member_behind_its_own_past_never_uses_a_number_twice),
		cmocka_unit_test(
			test_a_member_tells_of_so_many_accounts_and_others_are_still_heard),
		cmocka_unit_test(test_catching_up_is_quick),
	};

	return cmocka_run_group_tests(tests, make_members, NULL);
}
