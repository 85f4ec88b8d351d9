// SPDX-License-Identifier: GPL-2.0-or-later
/* `why`: the verdict against a table, the answer as text and as JSON. */
#include "base/time.h"
#include "show_example.h"

#include "show/json.h"
#include "show/why.h"

/* ---- the verdict ---- */

static struct policy *example_policy(void)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	assert_non_null(policy);
	policy->service_count = 2;
	/* Service 1 is open, service 2 lets Japan in alone. */
	memset(policy->country_class[2], CLASS_DENY, COUNTRY_COUNT);
	policy->country_class[2][country("JP")] = CLASS_PASS;
	/* A service that is not in use, with a policy left behind. */
	memset(policy->country_class[3], CLASS_DENY, COUNTRY_COUNT);
	return policy;
}

static void the_first_match_in_the_gates_order_decides(void **state)
{
	_cleanup_free_ struct policy *policy = example_policy();
	const unsigned jp = country("JP"), br = country("BR");
	const struct {
		unsigned service, country;
		uint8_t list, flags;
		bool banned;
		enum reason reason;
		uint8_t by_list;
	} rows[] = {
		{ 1, jp, 0, 0, false, REASON_NONE, 0 },
		{ 1, br, 0, 0, false, REASON_NONE, 0 },
		{ 2, jp, 0, 0, false, REASON_NONE, 0 },
		{ 2, br, 0, 0, false, REASON_COUNTRY, 0 },
		{ 2, COUNTRY_ZZ, 0, 0, false, REASON_COUNTRY, 0 },
		{ 2, COUNTRY_COUNT, 0, 0, false, REASON_COUNTRY, 0 }, /* reads as unknown */
		{ 2, 65535, 0, 0, false, REASON_COUNTRY, 0 },
		/* A deny list comes before the country. */
		{ 1, jp, 4, LOOKUP_DENY, false, REASON_LISTED, 4 },
		{ 2, br, 4, LOOKUP_DENY, false, REASON_LISTED, 4 },
		/* A ban before both. */
		{ 1, jp, 0, 0, true, REASON_BANNED, 0 },
		{ 2, br, 4, LOOKUP_DENY, true, REASON_BANNED, 0 },
		/* An allow list before everything, whatever else the leaf says. */
		{ 1, jp, 5, LOOKUP_ALLOW, false, REASON_NONE, 5 },
		{ 2, br, 5, LOOKUP_ALLOW, true, REASON_NONE, 5 },
		{ 2, br, 5, LOOKUP_ALLOW | LOOKUP_DENY, true, REASON_NONE, 5 },
		{ 2, br, 5, LOOKUP_ALLOW | LOOKUP_LONG, false, REASON_NONE, 5 },
		/* No list, no allowing. */
		{ 2, br, 0, LOOKUP_ALLOW, false, REASON_COUNTRY, 0 },
		/* Not a protected port: not the gate's. */
		{ 0, br, 4, LOOKUP_DENY, true, REASON_NONE, 0 },
		{ 3, br, 4, LOOKUP_DENY, true, REASON_NONE, 0 },
		{ SERVICE_MAX, br, 4, LOOKUP_DENY, true, REASON_NONE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct lookup lookup = { .country = (__u16)rows[i].country,
					 .list = rows[i].list,
					 .flags = rows[i].flags };
		struct verdict verdict =
			verdict_decide(policy, rows[i].service, &lookup, rows[i].banned);

		if (verdict.reason != rows[i].reason || verdict.list != rows[i].by_list ||
		    verdict.drop != (rows[i].reason != REASON_NONE))
			fail_msg("row %zu: %s by list %u", i, reason_name(verdict.reason),
				 verdict.list);
	}
}

static void the_mode_plays_no_part_in_the_verdict(void **state)
{
	_cleanup_free_ struct policy *policy = example_policy();
	struct lookup lookup = { .country = COUNTRY_ZZ };

	(void)state;
	policy->mode = GATE_MONITOR;
	assert_true(verdict_decide(policy, 2, &lookup, false).drop);
	policy->mode = GATE_ENFORCE;
	assert_true(verdict_decide(policy, 2, &lookup, false).drop);
}

/* ---- the answer ---- */

static void set_prefix(struct prefix *prefix, const char *text)
{
	assert_int_equal(prefix_parse(text, strlen(text), prefix), 0);
}

/* 192.0.2.5 from Brazil: banned by its network, on a deny list, submission from JP alone. */
static struct why *example_why(void)
{
	struct why *why = calloc(1, sizeof(*why));

	assert_non_null(why);
	assert_int_equal(address_parse("192.0.2.5", 9, &why->address), 0);
	why->source = address_source(&why->address, 64);
	why->country = country("BR");
	why->loaded = true;
	why->mode = GATE_MONITOR;
	strcpy(why->config_path, "/etc/sekisho/sekisho.conf");
	why->service_count = 2;
	strcpy(why->services[0].name, "smtp");
	strcpy(why->services[1].name, "submission");
	why->services[0].group = BAN_SMTP;
	why->services[1].group = BAN_LOGIN;
	for (size_t i = 0; i < 2; i++)
		why->services[i].country = why->country,
		why->services[i].verdict = (struct verdict){ true, REASON_BANNED, 0 };
	why->bans = calloc(1, sizeof(*why->bans));
	why->ban_count = 1;
	set_prefix(&why->bans[0].prefix, "192.0.2.0/24");
	why->bans[0].since_wall_ns = NOW_S * NS_PER_S;
	why->bans[0].until_wall_ns = (NOW_S + 3600) * NS_PER_S;
	why->bans[0].rule = RULE_SOURCE_FAILURES;
	strcpy(why->bans[0].reason, "5 failed logins in 10m (bob\033[2J)");
	why->bans[0].services = BAN_ALL;
	why->bans[0].in_kernel = true;
	why->bans[0].packets = 9;
	why->bans[0].attempts = 4;
	why->lists = calloc(2, sizeof(*why->lists));
	why->list_count = 2;
	why->lists[0] = (struct why_list){ .name = "drop", .id = 3, .source = "/l/drop.txt" };
	why->lists[1] = (struct why_list){ .name = "own", .id = 5, .allow = true, .source = "-" };
	why->evidence[0].wall_ns = (NOW_S - 1) * NS_PER_S + 500;
	why->evidence[0].line = strdup("mx postfix/smtpd[1]: \x9bwarning");
	why->evidence_count = 1;
	why->past_count = 1;
	why->past[0] = why->bans[0];
	why->past[0].services = BAN_LOGIN;
	why->past[0].lifted = true;
	return why;
}

static char *why_text(const struct why *why)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	text_why(out, why);
	fclose(out);
	return text;
}

static void why_text_says_would_drop_in_monitor_mode_and_how_to_undo(void **state)
{
	_cleanup_(cleanup_why) struct why *why = example_why();
	_cleanup_text_ char *text = why_text(why);

	(void)state;
	assert_string_equal(text,
			    "192.0.2.5, country BR\n"
			    "mode monitor: nothing is dropped\n"
			    "  smtp           would drop: banned\n"
			    "  submission     would drop: banned\n"
			    "\n"
			    "bans, which would shut it out in enforce mode\n"
			    "  192.0.2.0/24 until 2026-11-21T11:00:00Z, source-failures since "
			    "2026-11-21T10:00:00Z\n"
			    "    5 failed logins in 10m (bob\\x1b[2J)\n"
			    "    met 9 packets, 4 of them attempts\n"
			    "\n"
			    "lists that contain it\n"
			    "  drop (deny) /l/drop.txt\n"
			    "  own (allow) -\n"
			    "\n"
			    "earlier bans, the last first\n"
			    "  192.0.2.0/24 from login, 2026-11-21T10:00:00Z to "
			    "2026-11-21T11:00:00Z, source-failures, lifted\n"
			    "    5 failed logins in 10m (bob\\x1b[2J)\n"
			    "\n"
			    "evidence, newest first\n"
			    "  2026-11-21T09:59:59Z  mx postfix/smtpd[1]: \\x9bwarning\n"
			    "\n"
			    "to let it pass\n"
			    "  sekisho unban 192.0.2.0/24\n"
			    "  take it out of list drop, then: sekisho import drop /l/drop.txt\n");
}

static void why_text_says_drop_in_enforce_mode_and_names_the_deciding_list(void **state)
{
	_cleanup_(cleanup_why) struct why *why = example_why();
	_cleanup_text_ char *text = NULL;

	(void)state;
	why->mode = GATE_ENFORCE;
	why->ban_count = 0;
	why->services[0].verdict = (struct verdict){ true, REASON_LISTED, 3 };
	why->services[1].verdict = (struct verdict){ true, REASON_COUNTRY, 0 };
	text = why_text(why);
	assert_non_null(strstr(text, "mode enforce\n  smtp           drop: listed (list drop)\n"
				     "  submission     drop: country\n"));
	assert_non_null(strstr(text, "  let BR in: [service submission] countries in "
				     "/etc/sekisho/sekisho.conf\n"));
	assert_null(strstr(text, "unban"));
}

static void why_text_has_nothing_to_undo_where_an_allow_list_decides(void **state)
{
	_cleanup_(cleanup_why) struct why *why = example_why();
	_cleanup_text_ char *text = NULL;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		why->services[i].verdict = (struct verdict){ false, REASON_NONE, 5 };
	text = why_text(why);
	assert_non_null(strstr(text, "  smtp           pass (list own)\n"));
	assert_null(strstr(text, "to let it pass"));
	assert_null(strstr(text, "unban"));
}

static void why_text_says_that_without_a_gate_nothing_is_in_force(void **state)
{
	_cleanup_(cleanup_why) struct why *why = example_why();
	_cleanup_text_ char *text = NULL;

	(void)state;
	why->loaded = false;
	why->mode = GATE_ENFORCE;
	text = why_text(why);
	assert_non_null(strstr(text, "no gate is loaded"));
	assert_non_null(strstr(text, "would drop: banned"));
	assert_null(strstr(text, "mode enforce"));
}

static void why_json_has_the_promised_members(void **state)
{
	_cleanup_(cleanup_why) struct why *why = example_why();
	_cleanup_text_ char *text = NULL;
	_cleanup_(cleanup_json) json_t *root = NULL;
	const json_t *smtp, *ban, *list, *line;

	(void)state;
	why->services[0].verdict = (struct verdict){ false, REASON_NONE, 0 };
	why->stale_count = 1;
	strcpy(why->stale[0].account, "bob");
	why->stale[0].last_wall_ns = 1795251600 * NS_PER_S;
	text = json_why(why, NULL);
	assert_non_null(text);
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "source")), "192.0.2.5");
	assert_string_equal(json_string_value(json_object_get(root, "country")), "BR");
	assert_string_equal(json_string_value(json_object_get(root, "mode")), "monitor");
	smtp = json_object_get(json_object_get(root, "services"), "smtp");
	assert_string_equal(json_string_value(json_object_get(smtp, "verdict")), "pass");
	assert_true(json_is_null(json_object_get(smtp, "reason")));
	smtp = json_object_get(json_object_get(root, "services"), "submission");
	/* What the policy says, monitor mode or not. */
	assert_string_equal(json_string_value(json_object_get(smtp, "verdict")), "drop");
	assert_string_equal(json_string_value(json_object_get(smtp, "reason")), "banned");
	list = json_array_get(json_object_get(root, "stale"), 0);
	assert_string_equal(json_string_value(json_object_get(list, "account")), "bob");
	assert_string_equal(json_string_value(json_object_get(list, "last")),
			    "2026-11-21T09:00:00Z");
	ban = json_array_get(json_object_get(root, "bans"), 0);
	assert_string_equal(json_string_value(json_object_get(ban, "prefix")), "192.0.2.0/24");
	assert_string_equal(json_string_value(json_object_get(ban, "until")),
			    "2026-11-21T11:00:00Z");
	assert_string_equal(json_string_value(json_object_get(ban, "rule")), "source-failures");
	assert_int_equal(json_integer_value(json_object_get(ban, "attempts")), 4);
	list = json_array_get(json_object_get(root, "lists"), 1);
	assert_string_equal(json_string_value(json_object_get(list, "action")), "allow");
	line = json_array_get(json_object_get(root, "earlier_bans"), 0);
	assert_string_equal(json_string_value(json_object_get(line, "prefix")), "192.0.2.0/24");
	assert_true(json_is_true(json_object_get(line, "lifted")));
	assert_string_equal(json_string_value(json_array_get(json_object_get(line, "services"), 0)),
			    "submission");
	line = json_array_get(json_object_get(root, "evidence"), 0);
	assert_string_equal(json_string_value(json_object_get(line, "line")),
			    "mx postfix/smtpd[1]: \xef\xbf\xbdwarning");
	assert_int_equal(json_array_size(json_object_get(root, "undo")), 2);
}

static void the_source_of_an_ipv6_address_is_its_64(void **state)
{
	_cleanup_(cleanup_why) struct why *why = example_why();
	_cleanup_text_ char *text = NULL;

	(void)state;
	assert_int_equal(address_parse("2001:db8::1:2", 13, &why->address), 0);
	why->source = address_source(&why->address, 64);
	why->country = COUNTRY_ZZ;
	text = why_text(why);
	assert_non_null(
		strstr(text, "2001:db8::1:2, source 2001:db8::/64, country ZZ (unknown)\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_match_in_the_gates_order_decides),
		cmocka_unit_test(the_mode_plays_no_part_in_the_verdict),
		cmocka_unit_test(why_text_says_would_drop_in_monitor_mode_and_how_to_undo),
		cmocka_unit_test(why_text_says_drop_in_enforce_mode_and_names_the_deciding_list),
		cmocka_unit_test(why_text_has_nothing_to_undo_where_an_allow_list_decides),
		cmocka_unit_test(why_text_says_that_without_a_gate_nothing_is_in_force),
		cmocka_unit_test(why_json_has_the_promised_members),
		cmocka_unit_test(the_source_of_an_ipv6_address_is_its_64),
	};

	time_show_utc(); /* whatever the machine's zone is */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
