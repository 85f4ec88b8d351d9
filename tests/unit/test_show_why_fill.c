// SPDX-License-Identifier: GPL-2.0-or-later
/* Filling a why from gate and store (show_fakes.h). */
#include "in_range.h"
#include "show_fakes.h"

uint32_t why_provider(const struct config *config, const struct address *address)
{
	(void)config;
	return address->byte[12] == 192 ? 64500 : 0;
}

static void gate_ban(struct world *world, const char *text, int64_t for_s)
{
	size_t at = world->gate.ban_count++;
	uint64_t end_ns = BOOT_NS + (uint64_t)(for_s * NS_PER_S);
	uint32_t since = (BOOT_NS - 10 * (uint64_t)NS_PER_S) >> BAN_TIME_SHIFT;
	struct ban ban = { .expires_ns = { end_ns, end_ns },
			   .since = { since, since },
			   .rule = { RULE_SOURCE_FAILURES, RULE_SOURCE_FAILURES } };

	prefix_parse(text, strlen(text), &world->gate.bans[at].prefix);
	world->gate.bans[at].ban = ban;
}

static void store_ban(struct world *world, const char *text, int64_t until_wall_ns)
{
	size_t at = world->store.ban_count++;

	world->store.bans[at] = (struct ban_record){ .services = BAN_ALL,
						     .since_wall_ns = WALL_NS - 10 * NS_PER_S,
						     .until_wall_ns = until_wall_ns,
						     .rule = RULE_SOURCE_FAILURES,
						     .reason = "5 failed logins" };
	prefix_parse(text, strlen(text), &world->store.bans[at].prefix);
}

static struct why *asked(struct world *world, const char *text)
{
	struct why *why = NULL;
	struct address address;

	assert_int_equal(address_parse(text, strlen(text), &address), 0);
	assert_int_equal(why_fill(&world->instance, &address, WALL_NS, BOOT_NS, &why, NULL), 0);
	return why;
}

static void why_finds_every_running_ban_over_the_address(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_why) struct why *why = NULL;

	gate_ban(world, "192.0.2.5/32", 60);
	gate_ban(world, "192.0.2.0/24", 3600);
	gate_ban(world, "192.0.0.0/16", 0); /* ends now */
	gate_ban(world, "198.51.100.0/24", 3600);
	store_ban(world, "192.0.2.5/32", WALL_NS + 61 * NS_PER_S);   /* as announced */
	store_ban(world, "192.0.2.0/24", WALL_NS + 9000 * NS_PER_S); /* not what is in force */
	why = asked(world, "192.0.2.5");
	assert_int_equal(why->ban_count, 2);
	assert_int_equal(why->provider, 64500);
	assert_int_equal(why->bans[0].prefix.length, 120);
	assert_int_equal(why->bans[0].until_wall_ns, WALL_NS + 3600 * NS_PER_S);
	assert_string_equal(why->bans[0].reason, "5 failed logins");
	assert_within(why->bans[0].since_wall_ns, WALL_NS - 11 * NS_PER_S, WALL_NS - 10 * NS_PER_S);
	assert_int_equal(why->bans[1].until_wall_ns, WALL_NS + 61 * NS_PER_S);
	assert_int_equal(why->services[0].verdict.reason, REASON_BANNED);
}

static void why_does_not_take_an_ipv6_ban_for_one_of_ipv4(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_why) struct why *four = NULL, *six = NULL;

	gate_ban(world, "::/16", 60);
	gate_ban(world, "2001:db8::/48", 60);
	four = asked(world, "192.0.2.5");
	assert_int_equal(four->ban_count, 0);
	six = asked(world, "2001:db8::1");
	assert_int_equal(six->ban_count, 1);
	assert_int_equal(six->source.length, 64);
}

static void why_names_all_lists_and_the_one_that_decides(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_why) struct why *why = NULL;
	static const char *const names[] = { "a", "b", "c" };

	world->store.list_count = 3;
	for (size_t i = 0; i < 3; i++) {
		strcpy(world->store.lists[i].name, names[i]);
		world->store.lists[i].id = (uint8_t)(9 - i);
		world->store.contains[i] = i != 1;
	}
	world->gate.lookup = (struct lookup){ (__u16)country("JP"), 7, LOOKUP_DENY };
	why = asked(world, "192.0.2.5");
	assert_int_equal(why->list_count, 2);
	assert_int_equal(why->country, country("JP"));
	assert_int_equal(why->services[0].verdict.reason, REASON_LISTED);
	assert_string_equal(why_list_name(why, why->services[0].verdict.list), "c");
	assert_null(why_list_name(why, 8));
	assert_null(why_list_name(why, 0));
}

static void why_asks_the_store_when_no_gate_is_loaded(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_why) struct why *why = NULL, *allowed = NULL;

	world->instance.gate = NULL;
	world->store.has_countries = true;
	store_ban(world, "192.0.2.0/24", WALL_NS + 1);
	store_ban(world, "192.0.2.5/32", WALL_NS); /* has ended */
	world->store.list_count = 2;
	strcpy(world->store.lists[0].name, "deny");
	world->store.lists[0].id = 1;
	world->store.contains[0] = true;
	strcpy(world->store.lists[1].name, "home");
	world->store.lists[1].id = 2;
	world->store.lists[1].allow = true;
	why = asked(world, "192.0.2.5");
	assert_false(why->loaded);
	assert_int_equal(why->country, country("BR"));
	assert_int_equal(why->ban_count, 1);
	assert_int_equal(why->services[1].verdict.reason, REASON_BANNED);
	world->store.contains[1] = true;
	allowed = asked(world, "192.0.2.5");
	assert_false(allowed->services[1].verdict.drop);
	assert_string_equal(why_list_name(allowed, allowed->services[1].verdict.list), "home");
}

static void why_answers_by_the_configuration_alone_where_nothing_ever_ran(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_why) struct why *why = NULL, *broken = NULL;

	world->instance.gate = NULL;
	world->instance.store = NULL;
	fault_set(&world->instance.store_fault, -ENOENT, "there is no store yet");
	why = asked(world, "192.0.2.5");
	assert_int_equal(why->fault_count, 0);
	assert_int_equal(why->services[0].verdict.reason, REASON_NONE);
	assert_int_equal(why->services[1].verdict.reason, REASON_COUNTRY);
	fault_set(&world->instance.store_fault, -EBADMSG, "the store is damaged");
	broken = asked(world, "192.0.2.5");
	assert_int_equal(broken->fault_count, 1);
}

static void why_reads_the_configured_country_files_where_the_store_has_none(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_why) struct why *why = NULL, *new = NULL, *absent = NULL, *none = NULL;
	_cleanup_(cleanup_why) struct why *local = NULL;
	char path[] = "/geoip", *files[] = { path };

	world->instance.gate = NULL;
	world->instance.config->country_files = files;
	world->instance.config->country_file_count = 1;
	why = asked(world, "192.0.2.5");
	assert_int_equal(why->country, country("JP"));
	world->instance.store = NULL;
	fault_set(&world->instance.store_fault, -ENOENT, "there is no store yet");
	new = asked(world, "192.0.2.5");
	assert_int_equal(new->country, country("JP"));
	assert_int_equal(new->fault_count, 0);
	local = asked(world, "192.168.0.5");
	assert_int_equal(local->country, COUNTRY_LAN);
	/* Files that somebody named are to be there; default ones need not be. */
	*path = '.';
	absent = asked(world, "192.0.2.5");
	assert_int_equal(absent->country, COUNTRY_ZZ);
	assert_int_equal(absent->fault_count, 1);
	world->instance.config->country_files_default = true;
	none = asked(world, "192.0.2.5");
	assert_int_equal(none->country, COUNTRY_ZZ);
	assert_int_equal(none->fault_count, 0);
	world->instance.config->country_file_count = 0;
}

static void why_takes_no_more_evidence_than_it_shows(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_why) struct why *why = NULL;

	world->store.evidence_count = 1000;
	why = asked(world, "192.0.2.5");
	assert_int_equal(why->evidence_count, WHY_EVIDENCE_MAX);
	assert_int_equal(why->past_count, WHY_PAST_MAX);
	assert_int_equal(why->stale_count, 1);
	assert_true(why->past[WHY_PAST_MAX - 1].lifted);
	assert_int_equal(why->fault_count, 0);
}

static void why_does_not_guess_when_the_gate_does_not_answer(void **state)
{
	struct world *world = *state;
	struct address address = address_from4(0xc0000205);
	struct why *why = NULL;
	struct fault fault;

	world->gate.ban_error = -EIO;
	assert_int_equal(why_fill(&world->instance, &address, WALL_NS, BOOT_NS, &why, &fault),
			 -EIO);
	assert_null(why);
	world->gate.ban_error = 0;
	world->gate.table_error = -ENOENT; /* no table yet is an answer */
	why = asked(world, "192.0.2.5");
	assert_int_equal(why->country, COUNTRY_ZZ);
	why_free(why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(why_finds_every_running_ban_over_the_address),
		WORLD_TEST(why_does_not_take_an_ipv6_ban_for_one_of_ipv4),
		WORLD_TEST(why_names_all_lists_and_the_one_that_decides),
		WORLD_TEST(why_asks_the_store_when_no_gate_is_loaded),
		WORLD_TEST(why_answers_by_the_configuration_alone_where_nothing_ever_ran),
		WORLD_TEST(why_reads_the_configured_country_files_where_the_store_has_none),
		WORLD_TEST(why_takes_no_more_evidence_than_it_shows),
		WORLD_TEST(why_does_not_guess_when_the_gate_does_not_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
