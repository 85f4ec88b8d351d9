// SPDX-License-Identifier: GPL-2.0-or-later
/* What a ban does to kernel, store and sockets. The store is real; the kernel is an array here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/bans.h"
#include "in_range.h"
#include "kernel/ban_entry.h"
#include "kernel/sockets.h"
#include "net/devices.h"

#define MINUTE (60 * NS_PER_S)

__attribute__((weak)) void ranges_free(struct ranges *ranges)
{
	free(ranges->v4);
	free(ranges->v6);
	*ranges = (struct ranges){ 0 };
}

/* ---- the kernel ---- */

struct gate {
	struct {
		struct prefix prefix;
		struct ban ban;
	} entries[1024];
	size_t count, room;
	size_t some; /* entries in a portion of a walk */
	uint64_t overflows;
	uint32_t mode;
	unsigned sweeps;
	struct prefix cut; /* the last prefix whose sockets were destroyed */
	bool idle;	   /* the meters know of no open connection */
	size_t cut_ports, cuts, cut_prefixes;
	uint16_t cut_first;
	int cut_result;
};

static struct gate *kernel; /* sockets_destroy() has no other way to it */

static size_t find(const struct gate *gate, const struct prefix *prefix)
{
	size_t i = 0;

	while (i < gate->count && memcmp(&gate->entries[i].prefix, prefix, sizeof(*prefix)))
		i++;
	return i;
}

int gate_ban_put(struct gate *gate, const struct prefix *prefix, const struct ban *ban,
		 struct fault *fault)
{
	size_t at = find(gate, prefix);

	if (at == gate->count) {
		if (gate->count == gate->room)
			return fault_set(fault, -ENOSPC, "the table is full");
		gate->count++;
	}
	gate->entries[at].prefix = *prefix;
	gate->entries[at].ban = *ban;
	return 0;
}

int gate_ban_put_many(struct gate *gate, const struct prefix *prefixes, const struct ban *bans,
		      size_t count, size_t *done, struct fault *fault)
{
	int result = 0;

	for (*done = 0; *done < count && !result; *done += !result)
		result = gate_ban_put(gate, &prefixes[*done], &bans[*done], fault);
	return result;
}

int gate_ban_remove(struct gate *gate, const struct prefix *prefix, struct fault *fault)
{
	size_t at = find(gate, prefix);

	if (at == gate->count)
		return fault_set(fault, -ENOENT, "not banned");
	gate->entries[at] = gate->entries[--gate->count];
	return 0;
}

int gate_ban_get(struct gate *gate, const struct prefix *prefix, struct ban *ban,
		 struct fault *fault)
{
	size_t at = find(gate, prefix);

	if (at == gate->count)
		return fault_set(fault, -ENOENT, "not banned");
	*ban = gate->entries[at].ban;
	return 0;
}

int gate_ban_each(struct gate *gate,
		  int (*each)(const struct prefix *prefix, const struct ban *ban, void *context),
		  void *context, struct fault *fault)
{
	(void)fault;
	for (size_t i = 0; i < gate->count; i++)
		if (each(&gate->entries[i].prefix, &gate->entries[i].ban, context))
			break;
	return 0;
}

int gate_ban_some(struct gate *gate, struct gate_ban_walk *walk,
		  struct prefix prefixes[GATE_BAN_SOME], struct ban bans[GATE_BAN_SOME],
		  size_t *count, struct fault *fault)
{
	(void)fault;
	for (*count = 0; *count < gate->some && walk->at < gate->count; walk->at++, ++*count) {
		prefixes[*count] = gate->entries[walk->at].prefix;
		bans[*count] = gate->entries[walk->at].ban;
	}
	walk->ended = walk->at == gate->count;
	return 0;
}

int gate_ban_sweep(struct gate *gate, uint64_t now_boot_ns, size_t *removed, struct fault *fault)
{
	size_t kept = 0;

	(void)fault;
	gate->sweeps++;
	for (size_t i = 0; i < gate->count; i++)
		if (ban_active(&gate->entries[i].ban, now_boot_ns))
			gate->entries[kept++] = gate->entries[i];
	if (removed)
		*removed = gate->count - kept;
	gate->count = kept;
	return 0;
}

struct gate_usage gate_ban_usage(const struct gate *gate)
{
	return (struct gate_usage){ .used = gate->count, .size = gate->room };
}

void gate_ban_gave_way(struct gate *gate, uint64_t count)
{
	gate->overflows += count;
}

bool gate_none_open(struct gate *gate, const struct policy *policy, const struct prefix *wanted)
{
	(void)policy;
	(void)wanted;
	return gate->idle;
}

int gate_policy_get(struct gate *gate, struct policy *policy, struct fault *fault)
{
	(void)fault;
	memset(policy, 0, sizeof(*policy));
	policy->mode = gate->mode;
	return 0;
}

int sockets_destroy(const struct prefix *prefixes, size_t prefix_count, const uint16_t *ports,
		    size_t port_count, size_t *destroyed, struct fault *fault)
{
	kernel->cut_first = ports[0];
	kernel->cut = prefixes[prefix_count - 1];
	kernel->cut_prefixes = prefix_count;
	kernel->cut_ports = port_count;
	kernel->cuts++;
	*destroyed = 3;
	return kernel->cut_result ? fault_set(fault, kernel->cut_result, "no INET_DIAG_DESTROY")
				  : 0;
}

int devices_own(struct prefix **prefixes, size_t *count, struct fault *fault)
{
	(void)fault;
	*prefixes = NULL;
	*count = 0;
	return 0;
}

/* ---- the place ---- */

struct place {
	char folder[64];
	struct config config;
	struct gate gate;
	struct instance instance;
	struct protected_set set;
	struct fault fault;
	size_t closed;
	int64_t now;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->folder, sizeof(place->folder), "/tmp/sekisho-bans-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	place->config.service_count = 2;
	place->config.services[0].ports[0] = 25;
	place->config.services[0].port_count = 1;
	place->config.services[1].ports[0] = 465;
	place->config.services[1].ports[1] = 587;
	place->config.services[1].port_count = 2;
	place->gate.room = 64;
	place->gate.some = 7;
	place->gate.mode = GATE_ENFORCE;
	place->instance =
		(struct instance){ .config = &place->config, .gate = &place->gate, .lock_fd = -1 };
	assert_int_equal(store_open(place->folder, false, &place->instance.store, &place->fault),
			 0);
	place->now = clock_wall_ns();
	kernel = &place->gate;
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	store_close(place->instance.store);
	free(place->instance.cuts.items);
	snprintf(command, sizeof(command), "rm -rf '%s'", place->folder);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

static struct prefix prefix(const char *text)
{
	struct prefix result;

	assert_int_equal(prefix_parse(text, strlen(text), &result), 0);
	return result;
}

static int add(struct place *place, const char *text, enum ban_services services, uint32_t rule,
	       int64_t lasts_ns, const char *reason, struct bans_adding *adding)
{
	struct ban_record asked = { .prefix = prefix(text),
				    .services = services,
				    .since_wall_ns = place->now,
				    .until_wall_ns = place->now + lasts_ns,
				    .rule = rule };
	int error;

	snprintf(asked.reason, sizeof(asked.reason), "%s", reason);
	error = bans_add(&place->instance, &place->set, &asked, adding, &place->fault);
	place->closed = adding->sockets_closed;
	return error;
}

static int ban(struct place *place, const char *text, uint32_t rule, int64_t lasts_ns,
	       const char *reason)
{
	struct store_evidence evidence = { .wall_ns = place->now, .line = "a line" };
	struct bans_adding adding = { .evidence = &evidence, .evidence_count = 1 };

	return add(place, text, BAN_ALL, rule, lasts_ns, reason, &adding);
}

/* When it ends, or has ended, for both groups of services. */
static void end(struct ban *ban, uint64_t boot_ns)
{
	ban->expires_ns[BAN_GROUP_SMTP] = ban->expires_ns[BAN_GROUP_LOGIN] = boot_ns;
}

static uint64_t since_of(const struct ban *ban)
{
	return (uint64_t)ban->since[BAN_GROUP_LOGIN] << BAN_TIME_SHIFT;
}

static struct ban_record stored(struct place *place, const char *text)
{
	struct prefix wanted = prefix(text);
	struct ban_record row;

	assert_int_equal(store_ban_get(place->instance.store, &wanted, BAN_ALL, &row, NULL), 0);
	return row;
}

static bool is_stored(struct place *place, const char *text)
{
	struct prefix wanted = prefix(text);
	struct ban_record row;

	return !store_ban_get(place->instance.store, &wanted, BAN_ALL, &row, NULL);
}

static void expect_near(uint64_t value, uint64_t wanted)
{
	assert_within(value, wanted - NS_PER_S, wanted + NS_PER_S);
}

static void a_ban_reaches_kernel_store_and_sockets_of_every_service_port(void **state)
{
	struct place *place = *state;
	struct prefix wanted = prefix("192.0.2.5");
	struct ban_record row;

	assert_int_equal(ban(place, "192.0.2.5", RULE_SOURCE_FAILURES, 60 * MINUTE, "because"), 0);
	assert_int_equal(place->fault.error, 0);
	assert_string_equal(place->fault.text, "");
	assert_int_equal(place->closed, 3);
	assert_int_equal(place->gate.count, 1);
	expect_near(since_of(&place->gate.entries[0].ban), clock_boot_ns());
	expect_near(place->gate.entries[0].ban.expires_ns[BAN_GROUP_LOGIN],
		    clock_boot_ns() + 60 * MINUTE);
	assert_int_equal(place->gate.entries[0].ban.rule[BAN_GROUP_LOGIN], RULE_SOURCE_FAILURES);
	assert_memory_equal(&place->gate.cut, &wanted, sizeof(wanted));
	assert_int_equal(place->gate.cut_ports, 3);
	assert_int_equal(place->gate.cut_first, 25);
	row = stored(place, "192.0.2.5");
	assert_int_equal(row.since_wall_ns, place->now);
	assert_int_equal(row.until_wall_ns, place->now + 60 * MINUTE);
	assert_int_equal(row.rule, RULE_SOURCE_FAILURES);
	assert_string_equal(row.reason, "because");
}

static void monitor_mode_cuts_no_sockets(void **state)
{
	struct place *place = *state;

	place->gate.mode = GATE_MONITOR;
	assert_int_equal(ban(place, "192.0.2.5", RULE_MANUAL, MINUTE, ""), 0);
	assert_int_equal(place->gate.count, 1);
	assert_int_equal(place->gate.cuts, 0);
	assert_int_equal(place->closed, 0);
}

static void what_is_protected_touches_nothing(void **state)
{
	struct place *place = *state;

	assert_int_equal(ban(place, "127.0.0.1", RULE_SOURCE_FAILURES, MINUTE, ""), -EPERM);
	assert_non_null(strstr(place->fault.text, "cannot ban 127.0.0.1/32: it is loopback"));
	assert_int_equal(ban(place, "192.0.2.1", RULE_MANUAL, 0, ""), -EINVAL);
	assert_int_equal(place->gate.count, 0);
	assert_int_equal(place->gate.cuts, 0);
	assert_false(is_stored(place, "127.0.0.1"));
	assert_false(is_stored(place, "192.0.2.1"));
}

static void without_a_gate_nothing_is_banned_and_the_remedy_is_said(void **state)
{
	struct place *place = *state;

	place->instance.gate = NULL;
	fault_set(&place->instance.gate_fault, -ENOENT, "no gate is loaded; `sekisho load`");
	assert_int_equal(ban(place, "192.0.2.1", RULE_MANUAL, MINUTE, ""), -ENOENT);
	assert_non_null(strstr(place->fault.text, "sekisho load"));
	assert_false(is_stored(place, "192.0.2.1"));
}

static void a_rule_prolongs_a_ban_and_keeps_since_and_counters(void **state)
{
	struct place *place = *state;
	struct ban *there = &place->gate.entries[0].ban;
	struct ban_record row;

	ban(place, "192.0.2.5", RULE_SOURCE_FAILURES, 10 * MINUTE, "first");
	there->since[BAN_GROUP_SMTP] = there->since[BAN_GROUP_LOGIN] -= 100;
	there->packets = 7;
	there->attempts = 6;
	there->last = 5;
	uint64_t since = since_of(there);

	place->now += MINUTE;
	assert_int_equal(ban(place, "192.0.2.5", RULE_SOURCE_FAILURES, 60 * MINUTE, "second"), 0);
	assert_int_equal(since_of(there), since);
	assert_int_equal(there->packets, 7);
	assert_int_equal(there->attempts, 6);
	assert_int_equal(there->last, 5);
	expect_near(there->expires_ns[BAN_GROUP_LOGIN], clock_boot_ns() + 60 * MINUTE);
	row = stored(place, "192.0.2.5");
	assert_int_equal(row.since_wall_ns, place->now - MINUTE);
	assert_int_equal(row.until_wall_ns, place->now + 60 * MINUTE);
	assert_string_equal(row.reason, "second");
}

static void a_rule_never_shortens_a_ban_but_a_hand_does(void **state)
{
	struct place *place = *state;
	struct ban *there = &place->gate.entries[0].ban;
	struct ban_record row;

	ban(place, "192.0.2.5", RULE_MANUAL, 600 * MINUTE, "by hand");
	assert_int_equal(ban(place, "192.0.2.5", RULE_SOURCE_FAILURES, MINUTE, "rule"), 0);
	expect_near(there->expires_ns[BAN_GROUP_LOGIN], clock_boot_ns() + 600 * MINUTE);
	assert_int_equal(there->rule[BAN_GROUP_SMTP], RULE_MANUAL);
	row = stored(place, "192.0.2.5");
	assert_int_equal(row.until_wall_ns, place->now + 600 * MINUTE);
	assert_int_equal(row.rule, RULE_MANUAL);
	assert_string_equal(row.reason, "by hand");

	assert_int_equal(ban(place, "192.0.2.5", RULE_MANUAL, MINUTE, "shorter"), 0);
	expect_near(there->expires_ns[BAN_GROUP_LOGIN], clock_boot_ns() + MINUTE);
	row = stored(place, "192.0.2.5");
	assert_int_equal(row.until_wall_ns, place->now + MINUTE);
	assert_string_equal(row.reason, "shorter");
}

static void a_ban_that_has_ended_begins_anew(void **state)
{
	struct place *place = *state;
	struct ban *there = &place->gate.entries[0].ban;

	ban(place, "192.0.2.5", RULE_SOURCE_FAILURES, MINUTE, "");
	end(there, clock_boot_ns());
	there->since[BAN_GROUP_SMTP] = there->since[BAN_GROUP_LOGIN] = 1;
	there->packets = 9;
	ban(place, "192.0.2.5", RULE_SOURCE_FAILURES, MINUTE, "");
	assert_int_equal(there->packets, 0);
	expect_near(since_of(there), clock_boot_ns());
}

static void a_store_that_fails_does_not_undo_the_ban(void **state)
{
	struct place *place = *state;
	struct store *store = place->instance.store;

	place->instance.store = NULL;
	fault_set(&place->instance.store_fault, -ENOSPC, "the disk is full");
	assert_int_equal(ban(place, "192.0.2.5", RULE_MANUAL, MINUTE, ""), 0);
	assert_int_equal(place->fault.error, -ENOSPC);
	assert_non_null(strstr(place->fault.text, "192.0.2.5/32 is banned, but"));
	assert_non_null(strstr(place->fault.text, "the disk is full"));
	assert_int_equal(place->gate.count, 1);
	assert_int_equal(place->gate.cuts, 1);
	place->instance.store = store;
}

static void sockets_that_cannot_be_closed_do_not_undo_the_ban(void **state)
{
	struct place *place = *state;

	place->gate.cut_result = -EOPNOTSUPP;
	assert_int_equal(ban(place, "192.0.2.5", RULE_MANUAL, MINUTE, ""), 0);
	assert_int_equal(place->fault.error, -EOPNOTSUPP);
	assert_non_null(strstr(place->fault.text, "not closed"));
	assert_true(is_stored(place, "192.0.2.5"));
}

static void a_full_map_is_swept_before_a_ban_is_refused(void **state)
{
	struct place *place = *state;

	place->gate.room = 2;
	ban(place, "192.0.2.1", RULE_MANUAL, MINUTE, "");
	ban(place, "192.0.2.2", RULE_MANUAL, MINUTE, "");
	assert_int_equal(ban(place, "192.0.2.3", RULE_MANUAL, MINUTE, ""), -ENOSPC);
	assert_false(is_stored(place, "192.0.2.3"));
	assert_int_equal(ban(place, "192.0.2.4", RULE_MANUAL, MINUTE, ""), -ENOSPC);
	end(&place->gate.entries[0].ban, 1);
	assert_int_equal(ban(place, "192.0.2.3", RULE_MANUAL, MINUTE, ""), 0);
	assert_int_equal(place->gate.count, 2);
	assert_int_equal(place->gate.sweeps, 1); /* not of all of it each time */
}

/* Fills the table to the last entry with bans of /64s, `each` of one /48, that last longer and
 * longer. */
static void fill(struct place *place, size_t room, unsigned each)
{
	place->gate.room = room;
	place->gate.some = 512;
	for (unsigned i = 0; place->gate.count < room; i++) {
		char text[64];

		snprintf(text, sizeof(text), "2a00:1:%x:%x::/64", i / each, i % each);
		assert_int_equal(ban(place, text, RULE_SOURCE_FAILURES, 60 * MINUTE + i * NS_PER_S,
				     "because"),
				 0);
		if (place->gate.count + room / 64 == room)
			break;
	}
}

static bool is_banned(struct place *place, const char *text)
{
	struct prefix wanted = prefix(text);
	struct ban there;

	return !gate_ban_get(&place->gate, &wanted, &there, NULL);
}

static void in_a_full_table_the_least_time_left_gives_way_and_hands_have_room(void **state)
{
	struct place *place = *state;

	ban(place, "192.0.2.1", RULE_MANUAL, MINUTE, "by hand, and the shortest of all");
	fill(place, 256, 1);
	assert_int_equal(place->gate.count, 252); /* 1 in 64 is for hands */
	assert_int_equal(ban(place, "198.51.100.1", RULE_SOURCE_FAILURES, 60 * MINUTE, ""), 0);
	assert_true(is_banned(place, "198.51.100.1"));
	assert_true(is_stored(place, "198.51.100.1"));
	assert_true(is_banned(place, "192.0.2.1"));
	assert_false(is_banned(place, "2a00:1:0:0::/64"));
	assert_false(is_stored(place, "2a00:1:0:0::/64"));
	assert_true(is_banned(place, "2a00:1:80:0::/64"));
	assert_int_equal(place->instance.room.gave_way, 8); /* 1 in 32 */
	assert_int_equal(place->gate.overflows, 8);
	assert_int_equal(place->instance.room.networks, 0);
	for (unsigned i = 1; i < 8; i++) {
		char text[32];

		snprintf(text, sizeof(text), "198.51.100.%u", 1 + i);
		assert_int_equal(ban(place, text, RULE_SOURCE_FAILURES, 60 * MINUTE, ""), 0);
	}
	assert_int_equal(place->gate.count, 252);
	for (unsigned i = 0; i < 4; i++) {
		char text[32];

		snprintf(text, sizeof(text), "203.0.113.%u", i);
		assert_int_equal(ban(place, text, RULE_MANUAL, MINUTE, ""), 0);
	}
	assert_int_equal(place->gate.count, 256);
	assert_int_equal(place->gate.sweeps, 0); /* not of all of it while others give way */
}

static void a_network_that_fills_the_table_is_banned_as_a_whole(void **state)
{
	struct place *place = *state;
	struct prefix network = prefix("2a00:1::/48");
	uint64_t began = clock_boot_ns(), lasts = 60 * MINUTE + 199 * NS_PER_S;

	fill(place, 256, 200);
	assert_int_equal(ban(place, "198.51.100.1", RULE_SOURCE_FAILURES, 60 * MINUTE, ""), 0);
	assert_true(is_banned(place, "2a00:1::/48"));
	assert_non_null(strstr(stored(place, "2a00:1::/48").reason, "of its sources"));
	assert_false(is_banned(place, "2a00:1:0:7::/64"));
	assert_false(is_stored(place, "2a00:1:0:7::/64"));
	assert_true(is_banned(place, "2a00:1:1:7::/64")); /* too few of that one */
	assert_false(is_banned(place, "2a00:1:1::/48"));
	assert_int_equal(place->gate.count, 252 - 200 + 2);
	/* As long as the longest of them. */
	assert_within(
		place->gate.entries[find(&place->gate, &network)].ban.expires_ns[BAN_GROUP_LOGIN],
		began + lasts, clock_boot_ns() + lasts);
}

static void no_network_is_banned_in_which_somebody_logged_in_or_is_protected(void **state)
{
	struct place *place = *state;
	struct store_known known = { .source = prefix("2a00:1:0:ffff::/64"),
				     .first_wall_ns = place->now,
				     .last_wall_ns = place->now };

	fill(place, 256, 200);
	store_known_put(place->instance.store, "bob", &known, NULL);
	assert_int_equal(ban(place, "198.51.100.1", RULE_SOURCE_FAILURES, 60 * MINUTE, ""), 0);
	assert_false(is_banned(place, "2a00:1::/48"));
	assert_int_equal(place->gate.count, 252 - 8 + 1);
	store_known_remove(place->instance.store, "bob", &known.source, NULL);
	place->set.items = calloc(1, sizeof(*place->set.items));
	place->set.items[0].prefix = prefix("2a00:1:0:eeee::/128");
	place->set.count = 1;
	for (unsigned i = 0; i < 20; i++) {
		char text[32];

		snprintf(text, sizeof(text), "203.0.113.%u", i);
		assert_int_equal(ban(place, text, RULE_SOURCE_FAILURES, 60 * MINUTE, ""), 0);
	}
	assert_false(is_banned(place, "2a00:1::/48"));
	free(place->set.items);
}

static void connections_of_many_bans_are_closed_at_once_and_only_where_some_are_open(void **state)
{
	struct place *place = *state;
	struct bans_adding adding = { .cut_later = true };
	size_t closed;

	for (unsigned i = 0; i < 50; i++) {
		char text[32];

		snprintf(text, sizeof(text), "192.0.2.%u", 1 + i);
		assert_int_equal(
			add(place, text, BAN_ALL, RULE_SOURCE_FAILURES, MINUTE, "", &adding), 0);
	}
	assert_int_equal(place->gate.cuts, 0);
	assert_int_equal(cuts_make(&place->instance, &closed, &place->fault), 0);
	assert_int_equal(place->gate.cuts, 1);
	assert_int_equal(place->gate.cut_prefixes, 50);
	assert_int_equal(closed, 3);
	place->gate.idle = true;
	assert_int_equal(ban(place, "192.0.2.99", RULE_MANUAL, MINUTE, ""), 0);
	assert_int_equal(place->gate.cuts, 1);
}

static void unbanning_needs_the_exact_prefix_and_takes_it_from_both(void **state)
{
	struct place *place = *state;
	struct prefix net = prefix("192.0.2.0/24"), one = prefix("192.0.2.5");

	ban(place, "192.0.2.0/24", RULE_MANUAL, MINUTE, "");
	assert_int_equal(bans_remove(&place->instance, &one, BAN_ALL, &place->fault), -ENOENT);
	assert_int_equal(bans_remove(&place->instance, &net, BAN_ALL, &place->fault), 0);
	assert_int_equal(place->gate.count, 0);
	assert_false(is_stored(place, "192.0.2.0/24"));
	/* In one of both is enough. */
	ban(place, "192.0.2.0/24", RULE_MANUAL, MINUTE, "");
	place->gate.count = 0;
	assert_int_equal(bans_remove(&place->instance, &net, BAN_ALL, &place->fault), 0);
	ban(place, "192.0.2.0/24", RULE_MANUAL, MINUTE, "");
	store_ban_remove(place->instance.store, &net, BAN_ALL, clock_wall_ns(), NULL);
	assert_int_equal(bans_remove(&place->instance, &net, BAN_ALL, &place->fault), 0);
	assert_int_equal(bans_remove(&place->instance, &net, BAN_ALL, &place->fault), -ENOENT);
}

static void put_row(struct place *place, const char *text, int64_t since, int64_t until)
{
	struct ban_record row = { .prefix = prefix(text),
				  .services = BAN_ALL,
				  .since_wall_ns = since,
				  .until_wall_ns = until,
				  .rule = RULE_SOURCE_FAILURES,
				  .reason = "before the reboot" };

	assert_int_equal(store_ban_put(place->instance.store, &row, NULL, 0, NULL), 0);
}

static void a_reboot_brings_back_what_has_not_ended_with_its_end(void **state)
{
	struct place *place = *state;
	uint64_t boot = clock_boot_ns();
	size_t restored;

	put_row(place, "192.0.2.1", place->now - 1000 * 86400 * NS_PER_S, place->now + 5 * MINUTE);
	put_row(place, "192.0.2.2", place->now - MINUTE, place->now - 1);
	put_row(place, "2001:db8::/64", place->now - NS_PER_S, INT64_MAX);
	put_row(place, "192.0.2.3", place->now + MINUTE, place->now + 2 * MINUTE);
	assert_int_equal(bans_restore(&place->instance, true, &restored, &place->fault), 0);
	assert_int_equal(restored, 3);
	assert_int_equal(place->gate.count, 3);
	assert_int_equal(since_of(&place->gate.entries[0].ban), 0);
	expect_near(place->gate.entries[0].ban.expires_ns[BAN_GROUP_LOGIN], boot + 5 * MINUTE);
	assert_int_equal(place->gate.entries[0].ban.rule[BAN_GROUP_LOGIN], RULE_SOURCE_FAILURES);
	expect_near(since_of(&place->gate.entries[1].ban), boot);
	expect_near(since_of(&place->gate.entries[2].ban), boot - NS_PER_S);
	assert_true(place->gate.entries[2].ban.expires_ns[BAN_GROUP_SMTP] >
		    boot + 100ULL * 365 * 86400 * NS_PER_S);
}

static void a_map_too_small_for_the_store_says_how_many_came_back(void **state)
{
	struct place *place = *state;
	size_t restored;

	place->gate.room = 1;
	put_row(place, "192.0.2.1", place->now, place->now + MINUTE);
	put_row(place, "192.0.2.2", place->now, place->now + MINUTE);
	assert_int_equal(bans_restore(&place->instance, true, &restored, &place->fault), -ENOSPC);
	assert_int_equal(restored, 1);
	assert_non_null(strstr(place->fault.text, "only 1 bans are restored"));
}

static void kept_maps_give_back_what_the_store_lost(void **state)
{
	struct place *place = *state;
	char text[32];
	struct ban_record row;
	size_t restored;

	assert_int_equal(store_begin(place->instance.store, NULL), 0); /* one sync, not sixty */
	for (int i = 40; i-- > 0;) {
		struct prefix wanted;

		snprintf(text, sizeof(text), "192.0.2.%d", i);
		wanted = prefix(text);
		ban(place, text, RULE_SOURCE_FAILURES, MINUTE, "known");
		if (i % 3)
			store_ban_remove(place->instance.store, &wanted, BAN_ALL, clock_wall_ns(),
					 NULL);
	}
	end(&place->gate.entries[39].ban, 1); /* 192.0.2.0 has ended, and nobody swept */
	ban(place, "2001:db8::/64", RULE_MANUAL, MINUTE, "known");
	assert_int_equal(store_commit(place->instance.store, NULL), 0);
	assert_int_equal(bans_restore(&place->instance, false, &restored, &place->fault), 0);
	assert_int_equal(restored, 26);
	assert_int_equal(place->gate.count, 41);
	for (int i = 1; i < 40; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", i);
		row = stored(place, text);
		assert_int_equal(row.rule, RULE_SOURCE_FAILURES);
		expect_near((uint64_t)row.until_wall_ns, (uint64_t)place->now + MINUTE);
		assert_int_equal(!strcmp(row.reason, "known"), i % 3 == 0);
	}
	assert_int_equal(bans_restore(&place->instance, false, &restored, &place->fault), 0);
	assert_int_equal(restored, 0);
}

static size_t reconcile(struct place *place)
{
	struct bans_reconcile reconcile = { 0 };
	int more;

	do
		more = bans_reconcile_some(&place->instance, &reconcile, &place->fault);
	while (more == 1);
	assert_int_equal(more, 0);
	assert_int_equal(reconcile.seen, place->gate.count);
	return reconcile.written;
}

static void the_store_is_made_true_to_the_kernel_in_portions(void **state)
{
	struct place *place = *state;
	struct prefix lost = prefix("192.0.2.7"), longer = prefix("192.0.2.9");
	char text[32];
	struct ban_record row;

	assert_int_equal(store_begin(place->instance.store, NULL), 0);
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", i);
		ban(place, text, RULE_SOURCE_FAILURES, MINUTE, "known");
	}
	assert_int_equal(store_commit(place->instance.store, NULL), 0);
	assert_int_equal(reconcile(place), 0);
	assert_int_equal(
		store_ban_remove(place->instance.store, &lost, BAN_ALL, clock_wall_ns(), NULL), 0);
	for (size_t i = 0; i < place->gate.count; i++)
		if (!memcmp(&place->gate.entries[i].prefix, &longer, sizeof(longer)))
			end(&place->gate.entries[i].ban,
			    place->gate.entries[i].ban.expires_ns[0] + 5 * NS_PER_S);
	assert_int_equal(reconcile(place), 2);
	row = stored(place, "192.0.2.7");
	assert_non_null(strstr(row.reason, "the kernel kept it"));
	assert_int_equal(row.rule, RULE_SOURCE_FAILURES);
	row = stored(place, "192.0.2.9");
	assert_string_equal(row.reason, "known");
	assert_true(row.until_wall_ns - place->now > MINUTE + 3 * NS_PER_S);
	assert_int_equal(reconcile(place), 0);
	end(&place->gate.entries[0].ban, 1); /* ended */
	assert_int_equal(reconcile(place), 0);
}

static void a_ban_for_the_kernel_only_leaves_the_store_alone(void **state)
{
	struct place *place = *state;
	struct bans_adding adding = { .kernel_only = true };

	assert_int_equal(add(place, "192.0.2.5", BAN_ALL, RULE_MANUAL, MINUTE, "", &adding), 0);
	assert_int_equal(place->fault.error, 0);
	assert_int_equal(place->gate.count, 1);
	assert_false(is_stored(place, "192.0.2.5"));
}

struct listed {
	char text[1024];
	size_t count, most;
	struct ban_record last;
};

static int list(const struct ban_record *ban, void *context)
{
	struct listed *listed = context;
	char text[PREFIX_TEXT_SIZE];

	prefix_format(&ban->prefix, text);
	sprintf(listed->text + strlen(listed->text), "%s=%s", text,
		*ban->reason ? ban->reason : "?");
	if (ban->services != BAN_ALL)
		strcat(listed->text, ban->services == BAN_SMTP ? ":smtp" : ":login");
	strcat(listed->text, " ");
	listed->last = *ban;
	return ++listed->count == listed->most;
}

static void the_kernel_says_which_bans_there_are_and_the_store_why(void **state)
{
	struct place *place = *state;
	struct listed listed = { 0 };
	struct prefix lost = prefix("10.0.0.0/24");

	ban(place, "2001:db8::/64", RULE_MANUAL, MINUTE, "six");
	ban(place, "192.0.2.5", RULE_MANUAL, MINUTE, "five");
	ban(place, "10.0.0.0/24", RULE_MANUAL, MINUTE, "lost");
	ban(place, "10.0.0.0/25", RULE_MANUAL, MINUTE, "kept");
	ban(place, "192.0.2.9", RULE_MANUAL, MINUTE, "ended");
	end(&place->gate.entries[4].ban, 1);
	place->gate.entries[0].ban.packets = 12;
	place->gate.entries[0].ban.last = (uint32_t)(clock_boot_ns() >> BAN_TIME_SHIFT);
	store_ban_remove(place->instance.store, &lost, BAN_ALL, clock_wall_ns(), NULL);
	put_row(place, "192.0.2.1", place->now, place->now + MINUTE); /* not in the kernel */
	assert_int_equal(bans_each(&place->instance, list, &listed, &place->fault), 0);
	assert_int_equal(place->fault.error, 0);
	assert_string_equal(listed.text,
			    "10.0.0.0/24=? 10.0.0.0/25=kept 192.0.2.5/32=five 2001:db8::/64=six ");
	assert_int_equal(listed.last.packets, 12);
	assert_int_equal(listed.last.since_wall_ns, place->now);
	assert_int_equal(listed.last.until_wall_ns, place->now + MINUTE);
	expect_near((uint64_t)listed.last.last_wall_ns, (uint64_t)clock_wall_ns());
	listed = (struct listed){ .most = 2 };
	assert_int_equal(bans_each(&place->instance, list, &listed, &place->fault), 0);
	assert_int_equal(listed.count, 2);
}

/* Two clocks drift; a ban that was prolonged is no drift. */
static void ends_within_two_seconds_are_the_same_for_who_shows_and_who_corrects(void **state)
{
	struct place *place = *state;
	struct listed listed = { 0 };

	ban(place, "192.0.2.5", RULE_SOURCE_FAILURES, MINUTE, "");
	end(&place->gate.entries[0].ban,
	    place->gate.entries[0].ban.expires_ns[0] + 3 * NS_PER_S / 2);
	assert_int_equal(reconcile(place), 0);
	bans_each(&place->instance, list, &listed, NULL);
	assert_int_equal(listed.last.until_wall_ns, place->now + MINUTE);
	end(&place->gate.entries[0].ban, place->gate.entries[0].ban.expires_ns[0] + NS_PER_S);
	bans_each(&place->instance, list, &listed, NULL);
	assert_true(listed.last.until_wall_ns > place->now + MINUTE + 2 * NS_PER_S);
	assert_int_equal(reconcile(place), 1);
	assert_int_equal(reconcile(place), 0);
}

static void without_a_gate_the_stores_bans_are_listed_and_without_a_store_the_kernels(void **state)
{
	struct place *place = *state;
	struct store *store = place->instance.store;
	struct listed listed = { 0 };

	ban(place, "192.0.2.5", RULE_MANUAL, MINUTE, "five");
	place->instance.gate = NULL;
	assert_int_equal(bans_each(&place->instance, list, &listed, &place->fault), 0);
	assert_string_equal(listed.text, "192.0.2.5/32=five ");
	assert_false(listed.last.in_kernel);
	place->instance.gate = &place->gate;
	place->instance.store = NULL;
	fault_set(&place->instance.store_fault, -EBADMSG, "damaged");
	listed = (struct listed){ 0 };
	assert_int_equal(bans_each(&place->instance, list, &listed, &place->fault), 0);
	assert_string_equal(listed.text, "192.0.2.5/32=? ");
	assert_int_equal(place->fault.error, -EBADMSG);
	place->instance.store = store;
}

static int ban_from(struct place *place, enum ban_services services, uint32_t rule,
		    int64_t lasts_ns, const char *reason)
{
	struct bans_adding adding = { 0 };

	return add(place, "192.0.2.5", services, rule, lasts_ns, reason, &adding);
}

static void expect_ends(const struct place *place, int64_t smtp_ns, int64_t login_ns)
{
	const struct ban *ban = &place->gate.entries[0].ban;
	uint64_t now = clock_boot_ns();

	assert_int_equal(place->gate.count, 1);
	if (smtp_ns)
		expect_near(ban->expires_ns[BAN_GROUP_SMTP], now + (uint64_t)smtp_ns);
	else
		assert_int_equal(ban->expires_ns[BAN_GROUP_SMTP], 0);
	if (login_ns)
		expect_near(ban->expires_ns[BAN_GROUP_LOGIN], now + (uint64_t)login_ns);
	else
		assert_int_equal(ban->expires_ns[BAN_GROUP_LOGIN], 0);
}

static void a_ban_closes_its_services_alone_and_cuts_no_other_sockets(void **state)
{
	struct place *place = *state;
	struct listed listed = { 0 };

	assert_int_equal(ban_from(place, BAN_LOGIN, RULE_SOURCE_FAILURES, MINUTE, "guessing"), 0);
	expect_ends(place, 0, MINUTE);
	assert_int_equal(place->gate.cut_ports, 2);
	assert_int_equal(place->gate.cut_first, 465);
	assert_int_equal(bans_each(&place->instance, list, &listed, NULL), 0);
	assert_string_equal(listed.text, "192.0.2.5/32=guessing:login ");
	place->gate.count = 0;
	assert_int_equal(ban_from(place, BAN_SMTP, RULE_SOURCE_ABUSE, MINUTE, "abuse"), 0);
	expect_ends(place, MINUTE, 0);
	assert_int_equal(place->gate.cut_ports, 1);
	assert_int_equal(place->gate.cut_first, 25);
	assert_int_equal(ban_from(place, 0, RULE_MANUAL, MINUTE, ""), -EINVAL);
}

static void a_ban_of_one_group_neither_prolongs_nor_shortens_that_of_the_other(void **state)
{
	struct place *place = *state;
	struct listed listed = { 0 };

	ban_from(place, BAN_LOGIN, RULE_SOURCE_FAILURES, 10 * MINUTE, "guessing");
	place->gate.entries[0].ban.packets = 7;
	ban_from(place, BAN_SMTP, RULE_SOURCE_ABUSE, 60 * MINUTE, "abuse");
	expect_ends(place, 60 * MINUTE, 10 * MINUTE);
	ban_from(place, BAN_SMTP, RULE_MANUAL, MINUTE, "by hand");
	expect_ends(place, MINUTE, 10 * MINUTE);
	assert_int_equal(place->gate.entries[0].ban.rule[BAN_GROUP_SMTP], RULE_MANUAL);
	assert_int_equal(place->gate.entries[0].ban.rule[BAN_GROUP_LOGIN], RULE_SOURCE_FAILURES);
	assert_int_equal(place->gate.entries[0].ban.packets, 7);
	assert_int_equal(bans_each(&place->instance, list, &listed, NULL), 0);
	assert_string_equal(listed.text, "192.0.2.5/32=by hand:smtp 192.0.2.5/32=guessing:login ");
	/* Of both, by a rule: the one that ends sooner is prolonged, the other stays. */
	ban_from(place, BAN_ALL, RULE_SOURCE_ABUSE, 5 * MINUTE, "both");
	expect_ends(place, 5 * MINUTE, 10 * MINUTE);
	listed = (struct listed){ 0 };
	bans_each(&place->instance, list, &listed, NULL);
	assert_string_equal(listed.text, "192.0.2.5/32=both:smtp 192.0.2.5/32=guessing:login ");
}

static void one_group_is_lifted_and_the_other_stays_banned(void **state)
{
	struct place *place = *state;
	struct prefix one = prefix("192.0.2.5");
	struct listed listed = { 0 };

	ban_from(place, BAN_ALL, RULE_MANUAL, MINUTE, "by hand");
	assert_int_equal(bans_remove(&place->instance, &one, BAN_SMTP, &place->fault), 0);
	expect_ends(place, 0, MINUTE);
	assert_int_equal(bans_remove(&place->instance, &one, BAN_SMTP, &place->fault), -ENOENT);
	assert_int_equal(bans_each(&place->instance, list, &listed, NULL), 0);
	assert_string_equal(listed.text, "192.0.2.5/32=by hand:login ");
	assert_int_equal(bans_remove(&place->instance, &one, BAN_LOGIN, &place->fault), 0);
	assert_int_equal(place->gate.count, 0);
	assert_false(is_stored(place, "192.0.2.5"));
}

static void both_groups_come_back_after_a_reboot_as_one_entry(void **state)
{
	struct place *place = *state;
	size_t restored;

	ban_from(place, BAN_LOGIN, RULE_SOURCE_FAILURES, 10 * MINUTE, "guessing");
	ban_from(place, BAN_SMTP, RULE_SOURCE_ABUSE, 60 * MINUTE, "abuse");
	place->gate.count = 0;
	assert_int_equal(bans_restore(&place->instance, true, &restored, &place->fault), 0);
	assert_int_equal(restored, 1);
	expect_ends(place, 60 * MINUTE, 10 * MINUTE);
}

static void a_group_that_the_store_lost_is_written_to_it_again(void **state)
{
	struct place *place = *state;
	struct prefix one = prefix("192.0.2.5");
	struct listed listed = { 0 };
	size_t restored;

	ban_from(place, BAN_LOGIN, RULE_SOURCE_FAILURES, 10 * MINUTE, "guessing");
	ban_from(place, BAN_SMTP, RULE_SOURCE_ABUSE, 60 * MINUTE, "abuse");
	assert_int_equal(reconcile(place), 0);
	assert_int_equal(
		store_ban_remove(place->instance.store, &one, BAN_SMTP, clock_wall_ns(), NULL), 0);
	assert_int_equal(reconcile(place), 1);
	assert_int_equal(reconcile(place), 0);
	assert_int_equal(bans_each(&place->instance, list, &listed, NULL), 0);
	assert_non_null(strstr(listed.text, "the kernel kept it:smtp"));
	assert_non_null(strstr(listed.text, "=guessing:login"));
	/* The same at a start, once the store has fewer prefixes than the kernel. */
	ban(place, "192.0.2.6", RULE_MANUAL, MINUTE, "lost");
	one = prefix("192.0.2.6");
	assert_int_equal(
		store_ban_remove(place->instance.store, &one, BAN_LOGIN, clock_wall_ns(), NULL), 0);
	one = prefix("192.0.2.5");
	assert_int_equal(
		store_ban_remove(place->instance.store, &one, BAN_ALL, clock_wall_ns(), NULL), 0);
	assert_int_equal(bans_restore(&place->instance, false, &restored, &place->fault), 0);
	assert_int_equal(restored, 2);
	assert_int_equal(reconcile(place), 1); /* one row again of the two */
	assert_int_equal(reconcile(place), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ban_reaches_kernel_store_and_sockets_of_every_service_port),
		TEST(monitor_mode_cuts_no_sockets),
		TEST(what_is_protected_touches_nothing),
		TEST(without_a_gate_nothing_is_banned_and_the_remedy_is_said),
		TEST(a_rule_prolongs_a_ban_and_keeps_since_and_counters),
		TEST(a_rule_never_shortens_a_ban_but_a_hand_does),
		TEST(a_ban_that_has_ended_begins_anew),
		TEST(a_store_that_fails_does_not_undo_the_ban),
		TEST(sockets_that_cannot_be_closed_do_not_undo_the_ban),
		TEST(a_full_map_is_swept_before_a_ban_is_refused),
		TEST(in_a_full_table_the_least_time_left_gives_way_and_hands_have_room),
		TEST(a_network_that_fills_the_table_is_banned_as_a_whole),
		TEST(no_network_is_banned_in_which_somebody_logged_in_or_is_protected),
		TEST(connections_of_many_bans_are_closed_at_once_and_only_where_some_are_open),
		TEST(unbanning_needs_the_exact_prefix_and_takes_it_from_both),
		TEST(a_reboot_brings_back_what_has_not_ended_with_its_end),
		TEST(a_map_too_small_for_the_store_says_how_many_came_back),
		TEST(kept_maps_give_back_what_the_store_lost),
		TEST(the_store_is_made_true_to_the_kernel_in_portions),
		TEST(a_ban_for_the_kernel_only_leaves_the_store_alone),
		TEST(the_kernel_says_which_bans_there_are_and_the_store_why),
		TEST(a_ban_closes_its_services_alone_and_cuts_no_other_sockets),
		TEST(a_ban_of_one_group_neither_prolongs_nor_shortens_that_of_the_other),
		TEST(one_group_is_lifted_and_the_other_stays_banned),
		TEST(both_groups_come_back_after_a_reboot_as_one_entry),
		TEST(a_group_that_the_store_lost_is_written_to_it_again),
		TEST(ends_within_two_seconds_are_the_same_for_who_shows_and_who_corrects),
		TEST(without_a_gate_the_stores_bans_are_listed_and_without_a_store_the_kernels),
	};

	return cmocka_run_group_tests_name("bans", tests, NULL, NULL);
}
