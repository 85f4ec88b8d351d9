// SPDX-License-Identifier: GPL-2.0-or-later
/* A snapshot as JSON, parsed back. */
#include "show_example.h"

#include "show/json.h"

/* ---- JSON ---- */

static json_int_t number_at(const json_t *root, const char *path)
{
	char copy[128], *rest = copy;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *key; (key = strsep(&rest, "."));)
		root = json_object_get(root, key);
	assert_true(json_is_integer(root));
	return json_integer_value(root);
}

static json_t *parsed(char *text)
{
	_cleanup_text_ char *owned = text;
	json_t *root;

	assert_non_null(owned);
	assert_ptr_equal(strchr(owned, '\n'), owned + strlen(owned) - 1);
	root = json_loads(owned, 0, NULL);
	assert_non_null(root);
	return root;
}

static void stats_json_reads_back(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	_cleanup_(cleanup_json) json_t *root = parsed(json_stats(snapshot));
	const json_t *list;

	(void)state;
	assert_string_equal(json_string_value(json_object_get(root, "time")),
			    "2026-11-21T10:00:00Z");
	assert_string_equal(json_string_value(json_object_get(root, "mode")), "monitor");
	assert_int_equal(number_at(root, "total.attempts"), 1234877);
	assert_int_equal(number_at(root, "services.submission.would_drop"), 200);
	assert_int_equal(number_at(root, "services.submission.countries.BR.passed"), 200);
	assert_int_equal(number_at(root, "services.submission.reasons.country.dropped.packets"),
			 100);
	assert_int_equal(number_at(root, "services.submission.reasons.banned.would_drop.packets"),
			 7);
	assert_int_equal(number_at(root, "services.submission.syn_cookies.answered"), 41);
	assert_int_equal(number_at(root, "services.submission.syn_cookies.would_answer"), 42);
	assert_int_equal(number_at(root, "no_service.reasons.unreadable.dropped.packets"), 3);
	assert_int_equal(number_at(root, "tables.bans.overflows"), 1);
	assert_int_equal(number_at(root, "tables.prefixes.used"), 1500);
	assert_int_equal(number_at(root, "services.submission.open"), 12);
	assert_true(json_real_value(json_object_get(
			    json_object_get(json_object_get(json_object_get(root, "rates"),
							    "last_minute"),
					    "total"),
			    "attempts")) == 1.0);
	list = json_array_get(json_object_get(root, "sources"), 0);
	assert_string_equal(json_string_value(json_object_get(list, "prefix")), "192.0.2.5/32");
	assert_string_equal(json_string_value(json_object_get(list, "provider")), "AS64500");
	assert_true(json_is_null(
		json_object_get(json_array_get(json_object_get(root, "sources"), 1), "provider")));
	assert_string_equal(json_string_value(json_array_get(json_object_get(list, "services"), 0)),
			    "submission");
	assert_string_equal(json_string_value(json_object_get(list, "last")),
			    "2026-11-21T09:59:55Z");
	list = json_array_get(json_object_get(root, "lists"), 0);
	assert_string_equal(json_string_value(json_object_get(list, "name")), "drop");
	assert_int_equal(number_at(list, "packets"), 12);
	list = json_array_get(json_object_get(root, "lists"), 1);
	assert_true(json_is_null(json_object_get(list, "action")));
	/* Countries without a count are left out. */
	assert_int_equal(
		json_object_size(json_object_get(
			json_object_get(json_object_get(root, "services"), "smtp"), "countries")),
		1);
}

static void tables_the_gate_does_not_have_are_null(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	char *(*const render[])(const struct snapshot *) = { json_stats, json_status };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		_cleanup_(cleanup_json) json_t *root = parsed(render[i](snapshot));
		const json_t *tables = json_object_get(root, "tables");
		const json_t *sources = json_object_get(tables, "sources");

		assert_int_equal(json_object_size(tables), SNAPSHOT_TABLE_COUNT);
		assert_true(json_is_null(json_object_get(sources, "used")));
		assert_true(json_is_null(json_object_get(sources, "size")));
		assert_true(json_is_null(json_object_get(sources, "overflows")));
		assert_true(json_is_object(json_object_get(tables, "networks")));
	}
}

static void status_json_reads_back(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	_cleanup_(cleanup_json) json_t *root = NULL;
	const json_t *device, *log, *daemon;

	(void)state;
	add_status(snapshot);
	root = parsed(json_status(snapshot));
	assert_true(json_is_true(json_object_get(root, "loaded")));
	assert_int_equal(number_at(root, "contract"), CONTRACT_VERSION);
	assert_int_equal(number_at(root, "memory.bytes"), 20 << 20);
	assert_int_equal(number_at(root, "generation.gate"), 12);
	assert_int_equal(number_at(root, "generation.store"), 13);
	assert_int_equal(number_at(root, "countries.ranges"), 860000);
	device = json_array_get(json_object_get(root, "devices"), 1);
	assert_string_equal(json_string_value(json_object_get(device, "hook")), "tc");
	assert_string_equal(json_string_value(json_object_get(device, "why")), "no native XDP");
	assert_true(json_is_null(
		json_object_get(json_array_get(json_object_get(root, "devices"), 0), "why")));
	daemon = json_object_get(root, "daemon");
	assert_true(json_is_true(json_object_get(daemon, "running")));
	assert_int_equal(number_at(daemon, "events.failure"), 40);
	log = json_array_get(json_object_get(daemon, "logs"), 0);
	assert_int_equal(number_at(log, "lag_bytes"), 2048);
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(root, "services"), "submission")),
		2);
}

static void status_json_without_gate_has_every_member(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *full = example();
	_cleanup_(cleanup_snapshot) struct snapshot *empty = calloc(1, sizeof(*empty));
	_cleanup_(cleanup_json) json_t *a = NULL, *b = NULL;
	const char *key;
	json_t *value;

	(void)state;
	add_status(full);
	fault_set(&empty->gate_fault, -ENOENT, "no gate is loaded");
	a = parsed(json_status(full));
	b = parsed(json_status(empty));
	json_object_foreach (a, key, value)
		assert_non_null(json_object_get(b, key));
	assert_true(json_is_false(json_object_get(b, "loaded")));
	assert_true(json_is_null(json_object_get(b, "daemon")));
	assert_int_equal(json_array_size(json_object_get(b, "faults")), 1);
}

static void json_is_ascii_whatever_a_name_holds(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	_cleanup_text_ char *text = NULL;

	(void)state;
	strcpy(snapshot->lists[0].name, "a\xff\x1b\"\xc3\xa9");
	text = json_stats(snapshot);
	assert_non_null(strstr(text, "\"name\":\"a\\uFFFD\\u001B\\\"\\u00E9\""));
	for (const char *at = text; *at; at++)
		assert_true((*at >= ' ' && *at < 0x7f) || *at == '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stats_json_reads_back),
		cmocka_unit_test(tables_the_gate_does_not_have_are_null),
		cmocka_unit_test(status_json_reads_back),
		cmocka_unit_test(status_json_without_gate_has_every_member),
		cmocka_unit_test(json_is_ascii_whatever_a_name_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
