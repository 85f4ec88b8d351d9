// SPDX-License-Identifier: GPL-2.0-or-later
/* The outflow breaker away from the kernel: its configuration, who is behind a trip, its looks. */
#include "conf_room.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "net/address.h"
#include "show/json.h"
#include "show/outflow_view.h"
#include "show/prometheus.h"

#define S (1000000000ULL)

/* ---- the configuration ---- */

static struct outflow_rules rules_of(struct room *room, const char *text)
{
	struct config *config = load_text(room, text, 0);
	struct outflow_rules rules;

	config_to_outflow(config, &rules);
	config_free(config);
	return rules;
}

static void without_a_section_it_counts_and_limits_nothing(void **state)
{
	struct outflow_rules rules = rules_of(*state, "");

	assert_int_equal(rules.mode, GATE_MONITOR);
	assert_int_equal(rules.port_count, 3);
	assert_int_equal(rules.ports[0], 25);
	assert_int_equal(rules.ports[1], 465);
	assert_int_equal(rules.ports[2], 587);
	assert_int_equal(rules.interval_ns | rules.guest_interval_ns | rules.users_only, 0);
	assert_int_equal(rules.calm_ns, 600 * S);
}

static void every_key_reaches_the_rules(void **state)
{
	struct outflow_rules rules = rules_of(*state, "[gate]\nmode = enforce\n"
						      "[outflow]\nmode = monitor\nrate = 60/m\n"
						      "burst = 30\nguest-rate = 6/m\n"
						      "ports = 25 2525\nusers = root, 12345\n"
						      "except = 192.0.2.0/24 2001:db8::/32\n"
						      "guests = 10.0.0.0/8 10.9.0.128/25\n"
						      "calm = 5m\n");

	assert_int_equal(rules.mode, GATE_MONITOR);
	assert_int_equal(rules.interval_ns, S);
	assert_int_equal(rules.burst, 30);
	assert_int_equal(rules.guest_interval_ns, 10 * S);
	assert_int_equal(rules.guest_burst, 6);
	assert_int_equal(rules.port_count, 2);
	assert_int_equal(rules.ports[1], 2525);
	assert_int_equal(rules.users_only, 1);
	assert_int_equal(rules.user_count, 2);
	assert_int_equal(rules.users[0], 0);
	assert_int_equal(rules.users[1], 12345);
	assert_int_equal(rules.except_count, 2);
	assert_int_equal(rules.calm_ns, 300 * S);
	/* The longest first, so that the breaker can take the first that holds. */
	assert_int_equal(rules.guest_count, 2);
	assert_int_equal(rules.guests[0].length, 96 + 25);
	assert_int_equal(rules.guests[0].mask.byte[15], 0x80);
	assert_int_equal(rules.guests[1].length, 96 + 8);
	assert_true(rules.guests[0].is4);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(rules.excepts[i].is4, rules.excepts[i].length >= 96);
}

static void guests_have_the_machines_limits_unless_told(void **state)
{
	struct outflow_rules rules = rules_of(*state, "[gate]\nmode = enforce\n"
						      "[outflow]\nrate = 60/m\nburst = 7\n");

	assert_int_equal(rules.mode, GATE_ENFORCE);
	assert_int_equal(rules.guest_interval_ns, S);
	assert_int_equal(rules.guest_burst, 7);
}

static void no_ports_take_the_breaker_off(void **state)
{
	assert_int_equal(rules_of(*state, "[outflow]\nports = none\n").port_count, 0);
}

static void wrong_values_are_told_with_their_remedy(void **state)
{
	static const struct {
		const char *text, *fault;
	} cases[] = {
		{ "[outflow]\nports = none 25\n", "either 'none' or numbers" },
		{ "[outflow]\nports = 25 none\n", "either 'none' or numbers" },
		{ "[outflow]\nports = 70000\n", "no TCP port" },
		{ "[outflow]\nports = 25 25\n", "named twice" },
		{ "[outflow]\nusers = no-such-user-here\n", "no user 'no-such-user-here'" },
		{ "[outflow]\nusers = 0 root\n", "named twice" },
		{ "[outflow]\nusers =\n", "'users' has no value" },
		{ "[outflow]\nexcept = 192.0.2.1/24\n", "write 192.0.2.0/24" },
		{ "[outflow]\nburst = 5\n", "'burst' is nothing without 'rate'" },
		{ "[outflow]\nguest-burst = 5\n", "'guest-burst' is nothing without" },
		{ "[outflow]\nrate = 0/m\n", "leave the key out for no limit" },
		{ "[outflow]\nrat = 5/m\n", "did you mean 'rate'" },
		{ "[outflow]\nmode = off\n", "it is one of monitor, enforce" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct room *room = *state;

		room->count = 0;
		load_text(room, cases[i].text, -EINVAL);
		if (!strstr(room->faults[0], cases[i].fault))
			fail_msg("%s\n-> %s", cases[i].text, room->faults[0]);
	}
}

/* ---- who is behind a trip ---- */

static struct outflow_recent attempt(uint64_t time_ns, uint32_t origin, uint32_t id,
				     uint32_t destination, unsigned verdict)
{
	return (struct outflow_recent){ .time_ns = time_ns,
					.cgroup = 7,
					.destination = address_from4(destination),
					.who = { .origin = origin, .id = id, .port = 25 },
					.verdict = (__u8)verdict,
					.mode = GATE_ENFORCE };
}

static void the_sender_most_held_back_is_the_first_suspect(void **state)
{
	struct outflow_recent recent[] = {
		attempt(10 * S, OUTFLOW_LOCAL, 5, 1, OUTFLOW_PASS), /* too long ago */
		attempt(100 * S, OUTFLOW_LOCAL, 5, 1, OUTFLOW_PASS),
		attempt(101 * S, OUTFLOW_LOCAL, 33, 1, OUTFLOW_PASS),
		attempt(120 * S, OUTFLOW_LOCAL, 33, 2, OUTFLOW_HELD),
		attempt(121 * S, OUTFLOW_LOCAL, 33, 3, OUTFLOW_HELD),
		attempt(122 * S, OUTFLOW_GUEST, 4, 9, OUTFLOW_HELD),
		attempt(123 * S, OUTFLOW_LOCAL, 44, 9, OUTFLOW_USER),
		attempt(124 * S, OUTFLOW_LOCAL, 5, 4, OUTFLOW_HELD),
	};
	struct gate_outflow outflow = { .recent = recent, .recent_count = COUNT(recent) };
	struct gate_breaker breaker = { .key = { .origin = OUTFLOW_LOCAL },
					.state = { .since_ns = 120 * S } };
	struct outflow_suspect suspects[OUTFLOW_SUSPECTS];

	(void)state;
	assert_int_equal(outflow_suspects(&outflow, &breaker, suspects), 2);
	assert_int_equal(suspects[0].who.id, 33);
	assert_int_equal(suspects[0].attempts, 3);
	assert_int_equal(suspects[0].held, 2);
	assert_int_equal(suspects[0].destination_count, 3);
	assert_int_equal(address_to4(&suspects[0].destinations[0]), 3); /* the last one */
	assert_int_equal(suspects[1].who.id, 5);
	assert_int_equal(suspects[1].attempts, 2);

	breaker.key = (struct outflow_key){ .origin = OUTFLOW_REFUSED, .id = 44 };
	assert_int_equal(outflow_suspects(&outflow, &breaker, suspects), 1);
	assert_int_equal(suspects[0].held, 1);
	breaker.key = (struct outflow_key){ .origin = OUTFLOW_GUEST, .id = 4 };
	assert_int_equal(outflow_suspects(&outflow, &breaker, suspects), 1);
}

static void ever_new_senders_and_destinations_are_bounded(void **state)
{
	struct outflow_recent recent[OUTFLOW_RECENT];
	struct gate_outflow outflow = { .recent = recent, .recent_count = OUTFLOW_RECENT };
	struct gate_breaker breaker = { .state = { .since_ns = S } };
	struct outflow_suspect suspects[OUTFLOW_SUSPECTS];

	(void)state;
	for (uint32_t i = 0; i < OUTFLOW_RECENT; i++)
		recent[i] = attempt(2 * S + i, OUTFLOW_LOCAL, i, i, OUTFLOW_HELD);
	assert_int_equal(outflow_suspects(&outflow, &breaker, suspects), OUTFLOW_SUSPECTS);
	for (uint32_t i = 0; i < OUTFLOW_RECENT; i++)
		recent[i].who.id = 1;
	assert_int_equal(outflow_suspects(&outflow, &breaker, suspects), 1);
	assert_int_equal(suspects[0].destination_count, OUTFLOW_DESTINATIONS);
	assert_true(suspects[0].more);
}

static void a_trip_lasts_until_calm_or_release(void **state)
{
	struct outflow_rules rules = { .calm_ns = 60 * S };
	struct outflow_control control = { 0 };
	struct gate_breaker breaker = { .state = { .since_ns = 100 * S, .last_held_ns = 200 * S } };

	(void)state;
	assert_true(gate_outflow_tripped(&rules, &control, &breaker, 200 * S));
	assert_true(gate_outflow_tripped(&rules, &control, &breaker, 260 * S - 1));
	assert_false(gate_outflow_tripped(&rules, &control, &breaker, 260 * S));
	control.released_ns = 150 * S;
	assert_false(gate_outflow_tripped(&rules, &control, &breaker, 200 * S));
	breaker.key.origin = OUTFLOW_REFUSED;
	assert_true(gate_outflow_tripped(&rules, &control, &breaker, 200 * S));
	breaker.state.since_ns = 0;
	assert_false(gate_outflow_tripped(&rules, &control, &breaker, 200 * S));
}

/* ---- its looks ---- */

struct example {
	struct gate_outflow state;
	struct outflow_view view;
	struct gate_breaker breakers[2];
	struct gate_outflow_count counts[2];
	struct outflow_recent recent[1];
	char names[3][OUTFLOW_NAME_SIZE];
};

/* Never freed as a view: it is all one piece. */
static struct example *example_new(void)
{
	struct example *example = calloc(1, sizeof(*example));

	example->breakers[0].tripped = true;
	example->breakers[0].state = (struct outflow_breaker){
		.since_ns = 1000 * S, .last_held_ns = 1009 * S, .trip_held = 12, .trips = 1
	};
	example->breakers[1].key.origin = OUTFLOW_OTHER;
	example->counts[0] = (struct gate_outflow_count){
		.key = { .id = 33, .port = 25 },
		.count = { .attempts = 42,
			   .verdicts = { [OUTFLOW_PASS] = 30, [OUTFLOW_HELD] = 12 },
			   .dropped = 12,
			   .late = 2 },
	};
	example->counts[1] =
		(struct gate_outflow_count){ .key = { .id = 101, .port = 587 },
					     .count = { .attempts = 1, .verdicts = { 1 } } };
	example->recent[0] = attempt(1009 * S, OUTFLOW_LOCAL, 33, 0xc0000219, OUTFLOW_HELD);
	strcpy(example->names[0], "www\033data");
	example->state = (struct gate_outflow){
		.has_rules = true,
		.rules = { .mode = GATE_ENFORCE,
			   .port_count = 2,
			   .ports = { 25, 587 },
			   .interval_ns = S,
			   .burst = 30,
			   .calm_ns = 600 * S },
		.now_boot_ns = 1010 * S,
		.breakers = example->breakers,
		.breaker_count = 2,
		.counts = example->counts,
		.count_count = 2,
		.recent = example->recent,
		.recent_count = 1,
	};
	example->view = (struct outflow_view){
		.state = &example->state,
		.now_wall_ns = 1790000000LL * NS_PER_S,
		.breaker_names = calloc(2, OUTFLOW_NAME_SIZE),
		.count_names = example->names,
		.recent_names = example->names,
		.suspects = calloc(2, sizeof(*example->view.suspects)),
	};
	example->view.suspects[0].count = outflow_suspects(&example->state, &example->breakers[0],
							   example->view.suspects[0].list);
	return example;
}

static void example_free(struct example *example)
{
	free(example->view.breaker_names);
	free(example->view.suspects);
	free(example);
}

static void json_says_state_senders_and_suspects(void **state)
{
	struct example *example = example_new();
	json_t *object = outflow_to_json(&example->view, true), *breaker, *none;

	(void)state;
	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, "state")), "tripped");
	assert_int_equal(json_integer_value(json_object_get(object, "held")), 12);
	assert_string_equal(json_string_value(json_object_get(object, "since")),
			    "2026-09-21T14:13:10Z");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(object, "total"), "attempts")),
		43);
	assert_int_equal(json_array_size(json_object_get(object, "senders")), 2);
	/* Nobody was without room, so nothing is said of them. */
	assert_int_equal(json_array_size(json_object_get(object, "breakers")), 1);
	breaker = json_array_get(json_object_get(object, "breakers"), 0);
	assert_int_equal(json_array_size(json_object_get(breaker, "suspects")), 1);
	assert_int_equal(json_array_size(json_object_get(object, "recent")), 1);
	json_decref(object);
	object = outflow_to_json(&example->view, false);
	assert_null(json_object_get(object, "recent"));
	json_decref(object);
	none = outflow_to_json(NULL, true);
	assert_true(json_is_null(none));
	json_decref(none);
	example_free(example);
}

static void text_says_it_and_shows_no_control_characters(void **state)
{
	struct example *example = example_new();
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	text_outflow(out, &example->view);
	fclose(out);
	assert_non_null(strstr(text, "tripped (enforce mode)\n"
				     "this machine: 60 a minute, 30 at once; guests: no limit\n"
				     "ports 25 587; any user\n"));
	assert_non_null(
		strstr(text, "this machine: tripped since 2026-09-21T14:13:10Z, 12 held back"));
	assert_non_null(strstr(text, "held       192.0.2.25 25"));
	assert_null(strchr(text, '\033'));
	free(text);
	example->state.rules.port_count = 0;
	assert_int_equal(outflow_state(&example->view), OUTFLOW_IS_OFF);
	example_free(example);
}

static size_t lines_with(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		count++;
	return count;
}

static void equal_attempts_are_one_row_with_the_last_time(void **state)
{
	struct example *example = example_new();
	struct outflow_recent recent[40];
	char names[40][OUTFLOW_NAME_SIZE] = { "" };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	for (uint32_t i = 0; i < 40; i++)
		recent[i] = attempt((970 + i) * S, OUTFLOW_LOCAL, 33, 0xc0000219,
				    i % 20 ? OUTFLOW_HELD : OUTFLOW_PASS);
	recent[7].destination.byte[15]++;
	recent[8].who.id++;
	example->state.recent = recent;
	example->state.recent_count = 40;
	example->view.recent_names = names;
	text_outflow(out, &example->view);
	fclose(out);
	assert_int_equal(lines_with(text, "192.0.2.25 25 "), 3);
	assert_non_null(strstr(text, "14:13:19Z  held       192.0.2.25 25                 36  "));
	assert_non_null(strstr(text, "14:13:00Z  pass       192.0.2.25 25                  2  "));
	assert_int_equal(lines_with(text, "192.0.2.26 25 "), 1);
	free(text);
	example_free(example);
}

static void status_says_in_short_whose_trip_it_is_since_when_and_by_whom(void **state)
{
	struct example *example = example_new();
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	text_outflow_short(out, &example->view);
	fclose(out);
	assert_string_equal(text,
			    "tripped (enforce mode)\n"
			    "            this machine: tripped since 2026-09-21T14:13:10Z, 12 held "
			    "back\n"
			    "              by uid 33: 1 of 1 attempts\n");
	free(text);
	example_free(example);
}

static char *metrics_of(const struct outflow_view *view)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	prometheus_outflow(out, view);
	fclose(out);
	return text;
}

static void metrics_say_since_when_how_many_and_by_what_kind_of_sender(void **state)
{
	struct example *example = example_new();
	char *text = metrics_of(&example->view);

	(void)state;
	assert_non_null(strstr(text, "\nsekisho_outflow_tripped{who=\"local\"} 1\n"));
	assert_non_null(strstr(text, "\nsekisho_outflow_tripped{who=\"guest\"} 0\n"));
	assert_non_null(strstr(text, "\nsekisho_outflow_trip_held{who=\"local\"} 12\n"));
	assert_non_null(strstr(text, "\nsekisho_outflow_trip_start_timestamp_seconds"
				     "{who=\"local\"} 1789999990\n"));
	assert_null(strstr(text, "start_timestamp_seconds{who=\"guest\"}"));
	assert_non_null(strstr(text, "\nsekisho_outflow_enforcing 1\n"));
	assert_non_null(strstr(text, "\nsekisho_outflow_held_total{port=\"25\"} 12\n"));
	assert_null(strstr(text, "www")); /* no series per sender */
	free(text);
	example->state.rules.port_count = 0;
	text = metrics_of(&example->view);
	assert_string_equal(text, "");
	free(text);
	example_free(example);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_section_it_counts_and_limits_nothing),
		TEST(every_key_reaches_the_rules),
		TEST(guests_have_the_machines_limits_unless_told),
		TEST(no_ports_take_the_breaker_off),
		TEST(wrong_values_are_told_with_their_remedy),
		cmocka_unit_test(the_sender_most_held_back_is_the_first_suspect),
		cmocka_unit_test(ever_new_senders_and_destinations_are_bounded),
		cmocka_unit_test(a_trip_lasts_until_calm_or_release),
		cmocka_unit_test(json_says_state_senders_and_suspects),
		cmocka_unit_test(text_says_it_and_shows_no_control_characters),
		cmocka_unit_test(equal_attempts_are_one_row_with_the_last_time),
		cmocka_unit_test(status_says_in_short_whose_trip_it_is_since_when_and_by_whom),
		cmocka_unit_test(metrics_say_since_when_how_many_and_by_what_kind_of_sender),
	};

	time_show_utc(); /* whatever the machine's zone is */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
