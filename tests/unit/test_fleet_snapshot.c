// SPDX-License-Identifier: GPL-2.0-or-later
/* Snapshots of a member's bans: how a late one begins with them, and what a hostile engine or
 * member gets by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "detect/detect.h"
#include "fleet/fleet_snapshot.h"
#include "fleet/node.h"
#include "fleet_members.h"

#define NOW_MS 1795000000000LL
#define FIRST  0x2d000001

enum { SPEAKER, LISTENER, OTHER, MEMBERS };

static struct node_member members[MEMBERS];
static struct fleet_signer signers[MEMBERS];

struct heard {
	unsigned adopted, released;
	unsigned troubles[NODE_TROUBLES];
};

static void on_changed(const struct adoption_change *change, void *context)
{
	struct heard *heard = context;

	if (change->until_ms)
		heard->adopted++;
	else
		heard->released++;
}

static void on_troubled(enum node_trouble trouble, uint16_t member, void *context)
{
	(void)member;
	((struct heard *)context)->troubles[trouble]++;
}

static int make_members(void **state)
{
	(void)state;
	return fleet_members_make(members, signers, MEMBERS);
}

static struct node *make(uint16_t self, struct heard *heard, int64_t now_ms)
{
	struct node_settings settings = { .members = members,
					  .member_count = MEMBERS,
					  .self = self,
					  .signer = signers[self],
					  .quorum = 1,
					  .budget = FLEET_BUDGET_MAX,
					  .changed = on_changed,
					  .troubled = on_troubled,
					  .context = heard };
	struct node *node;

	*heard = (struct heard){ 0 };
	node = fleet_members_node(&settings, (uint64_t)now_ms);
	assert_non_null(node);
	return node;
}

static void ban(struct node *node, uint32_t address)
{
	struct fleet_statement statement = { .kind = FLEET_BAN,
					     .prefix = { address_from4(address), 128 },
					     .services = BAN_LOGIN,
					     .rule = RULE_SOURCE_FAILURES,
					     .time_ms = NOW_MS + FLEET_LEASE_MS };

	assert_true(node_ban(node, &statement, NOW_MS));
}

/* A speaker that has said `bans` bans, what it said, and its snapshot. */
struct world {
	struct heard heard, unheard;
	struct node *speaker, *listener;
	uint8_t batches[8][FLEET_BATCH_SIZE];
	size_t sizes[8], count;
	uint8_t *snapshot;
	size_t snapshot_size;
};

static void say(struct world *world)
{
	size_t size;

	while ((size = node_next(world->speaker, NOW_MS, world->batches[world->count])))
		world->sizes[world->count++] = size;
}

static void begin_world(struct world *world, unsigned bans)
{
	*world = (struct world){ 0 };
	world->speaker = make(SPEAKER, &world->unheard, NOW_MS);
	world->listener = make(LISTENER, &world->heard, NOW_MS);
	for (unsigned i = 0; i < bans; i++)
		ban(world->speaker, FIRST + i);
	say(world);
	world->snapshot_size = node_snapshot(world->speaker, NOW_MS, false, &world->snapshot);
	assert_true(world->snapshot_size > 0);
}

static void end_world(struct world *world)
{
	node_free(world->speaker);
	node_free(world->listener);
	free(world->snapshot);
}

static void hear(struct world *world, size_t batch)
{
	node_receive(world->listener, SPEAKER, world->batches[batch], world->sizes[batch], NOW_MS);
}

static void begin(struct world *world, int64_t now_ms)
{
	node_begin(world->listener, SPEAKER, world->snapshot, world->snapshot_size, now_ms);
}

static void test_a_late_one_begins_with_it_and_goes_on_behind_it(void **state)
{
	struct world world;
	size_t before;

	(void)state;
	begin_world(&world, 300);
	before = world.count;
	begin(&world, NOW_MS);
	assert_int_equal(world.heard.adopted, 300);
	for (size_t i = 0; i < before; i++)
		hear(&world, i);
	assert_int_equal(node_counts_of(world.listener, SPEAKER)->repeated, before);
	node_unban(world.speaker, &(struct prefix){ address_from4(FIRST), 128 }, BAN_LOGIN);
	say(&world);
	hear(&world, before);
	assert_int_equal(world.heard.released, 1);
	assert_int_equal(node_counts_of(world.listener, SPEAKER)->missing, 0);
	/* what was taken back does not return with it */
	begin(&world, NOW_MS);
	assert_int_equal(world.heard.adopted, 300);
	for (unsigned i = 0; i < NODE_TROUBLES; i++)
		assert_int_equal(world.heard.troubles[i], 0);
	end_world(&world);
}

static void test_it_is_made_every_five_minutes_and_without_bans_too(void **state)
{
	struct heard unheard;
	struct node *node = make(SPEAKER, &unheard, NOW_MS);
	uint8_t bytes[FLEET_BATCH_SIZE], *snapshot = NULL;

	(void)state;
	assert_int_equal(node_snapshot(node, NOW_MS, true, &snapshot), 0); /* it said nothing */
	node_tick(node, NOW_MS);
	assert_true(node_next(node, NOW_MS, bytes));
	assert_true(node_snapshot(node, NOW_MS, false, &snapshot));
	free(snapshot);
	assert_int_equal(node_snapshot(node, NOW_MS + FLEET_SNAPSHOT_MS - 1, false, &snapshot), 0);
	assert_true(node_snapshot(node, NOW_MS + FLEET_SNAPSHOT_MS, false, &snapshot));
	free(snapshot);
	assert_true(node_snapshot(node, NOW_MS + FLEET_SNAPSHOT_MS, true, &snapshot));
	free(snapshot);
	node_free(node);
}

static void test_one_of_a_wrong_signer_counts_for_nobody(void **state)
{
	struct world world;

	(void)state;
	begin_world(&world, 3);
	node_begin(world.listener, OTHER, world.snapshot, world.snapshot_size, NOW_MS);
	assert_int_equal(world.heard.adopted, 0);
	assert_int_equal(world.heard.troubles[NODE_SIGNATURE], 1);
	/* nor as a batch of its maker, nor a batch as a snapshot */
	node_receive(world.listener, SPEAKER, world.snapshot + 2, world.snapshot_size - 2, NOW_MS);
	assert_int_equal(world.heard.adopted, 0);
	assert_int_equal(world.heard.troubles[NODE_SIGNATURE], 2);
	memcpy(world.snapshot + 2, world.batches[0], world.sizes[0]);
	begin(&world, NOW_MS);
	assert_int_equal(world.heard.adopted, 0);
	end_world(&world);
}

static void test_a_foreign_ban_in_it_ends_it(void **state)
{
	struct world world;
	size_t second;

	(void)state;
	begin_world(&world, 2 * FLEET_STATEMENTS_MAX);
	second = 2 + ((size_t)world.snapshot[0] << 8 | world.snapshot[1]);
	world.snapshot[second + 100] ^= 1;
	begin(&world, NOW_MS);
	assert_int_equal(world.heard.adopted, FLEET_STATEMENTS_MAX);
	assert_int_equal(world.heard.troubles[NODE_SIGNATURE], 1);
	end_world(&world);
}

static void test_one_that_is_cut_is_worth_what_is_left(void **state)
{
	struct world world;

	(void)state;
	begin_world(&world, 2 * FLEET_STATEMENTS_MAX);
	for (size_t size = 0; size < world.snapshot_size; size += 97) {
		struct node *late = make(LISTENER, &world.heard, NOW_MS);

		node_begin(late, SPEAKER, world.snapshot, size, NOW_MS);
		assert_int_equal(world.heard.adopted % FLEET_STATEMENTS_MAX, 0);
		assert_true(world.heard.adopted <= FLEET_STATEMENTS_MAX);
		node_free(late);
	}
	/* no bytes behind it, and none that are too many, are read */
	node_begin(world.listener, SPEAKER, world.snapshot, FLEET_SNAPSHOT_MOST + 1U, NOW_MS);
	assert_int_equal(node_counts_of(world.listener, SPEAKER)->statements, 0);
	end_world(&world);
}

static void test_of_an_old_one_only_the_place_counts(void **state)
{
	struct world world;

	(void)state;
	begin_world(&world, 3);
	begin(&world, NOW_MS + FLEET_OLD_MS + 1);
	assert_int_equal(world.heard.adopted, 0);
	assert_int_equal(node_counts_of(world.listener, SPEAKER)->verdicts[ADOPTION_OLD], 3);
	end_world(&world);
}

static void test_one_that_lies_about_its_place_is_a_fork(void **state)
{
	struct world world;
	struct node *thief;
	uint8_t bytes[FLEET_BATCH_SIZE];

	(void)state;
	begin_world(&world, 3);
	free(world.snapshot);
	thief = make(SPEAKER, &world.unheard, NOW_MS); /* with the same key */
	ban(thief, FIRST + 100);
	assert_true(node_next(thief, NOW_MS, bytes));
	world.snapshot_size = node_snapshot(thief, NOW_MS, true, &world.snapshot);
	begin(&world, NOW_MS);
	assert_int_equal(world.heard.adopted, 1);
	hear(&world, 0);
	assert_int_equal(world.heard.troubles[NODE_FORK], 1);
	assert_int_equal(world.heard.released, 1);
	node_free(thief);
	end_world(&world);
}

static void test_a_member_knows_its_own_by_its_place(void **state)
{
	struct world world;
	struct node *thief;
	uint8_t bytes[FLEET_BATCH_SIZE];

	(void)state;
	begin_world(&world, 3);
	node_begin(world.speaker, SPEAKER, world.snapshot, world.snapshot_size, NOW_MS);
	assert_int_equal(world.unheard.troubles[NODE_OWN_KEY], 0);
	free(world.snapshot);
	thief = make(SPEAKER, &world.heard, NOW_MS + 1);
	ban(thief, FIRST + 100);
	assert_true(node_next(thief, NOW_MS, bytes));
	world.snapshot_size = node_snapshot(thief, NOW_MS, true, &world.snapshot);
	node_begin(world.speaker, SPEAKER, world.snapshot, world.snapshot_size, NOW_MS);
	assert_int_equal(world.unheard.troubles[NODE_OWN_KEY], 1);
	node_free(thief);
	end_world(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_late_one_begins_with_it_and_goes_on_behind_it),
		cmocka_unit_test(test_it_is_made_every_five_minutes_and_without_bans_too),
		cmocka_unit_test(test_one_of_a_wrong_signer_counts_for_nobody),
		cmocka_unit_test(test_a_foreign_ban_in_it_ends_it),
		cmocka_unit_test(test_one_that_is_cut_is_worth_what_is_left),
		cmocka_unit_test(test_of_an_old_one_only_the_place_counts),
		cmocka_unit_test(test_one_that_lies_about_its_place_is_a_fork),
		cmocka_unit_test(test_a_member_knows_its_own_by_its_place),
	};

	return cmocka_run_group_tests(tests, make_members, NULL);
}
