// SPDX-License-Identifier: GPL-2.0-or-later
/* A snapshot as Prometheus text: well-formed, escaped, bounded. */
#include "in_range.h"
#include "show_example.h"

/* ---- Prometheus ---- */

/* Each metric has its HELP and TYPE once, before its samples, and no series comes twice. */
static void check_exposition(const char *text)
{
	_cleanup_text_ char *copy = strdup(text);
	char *rest = copy, type[128] = "";

	assert_true(*text && text[strlen(text) - 1] == '\n');
	for (char *line; (line = strsep(&rest, "\n")) && *line;) {
		char series[256], again[256];
		const char *first;

		if (!strncmp(line, "# TYPE ", 7)) {
			assert_int_equal(sscanf(line + 7, "%127s", type), 1);
			snprintf(again, sizeof(again), "# TYPE %s ", type);
			first = strstr(text, again);
			assert_null(strstr(first + 1, again));
			assert_int_equal(!strcmp(type + strlen(type) - 6, "_total"),
					 !!strstr(line, " counter"));
			continue;
		}
		if (*line == '#')
			continue;
		assert_int_equal(strncmp(line, type, strlen(type)), 0);
		assert_true(line[strlen(type)] == ' ' || line[strlen(type)] == '{');
		snprintf(series, sizeof(series), "\n%.*s ", (int)(strrchr(line, ' ') - line), line);
		first = strstr(text, series);
		assert_non_null(first);
		assert_null(strstr(first + 1, series));
	}
}

static void prometheus_text_is_well_formed(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	_cleanup_text_ char *text = NULL;

	(void)state;
	add_status(snapshot);
	text = rendered(prometheus_stats, snapshot);
	check_exposition(text);
	assert_non_null(
		strstr(text, "\nsekisho_service_attempts_total{service=\"smtp\"} 1234567\n"));
	assert_non_null(strstr(text, "\nsekisho_country_would_drop_attempts_total"
				     "{service=\"submission\",country=\"BR\"} 200\n"));
	assert_null(strstr(text, "service=\"smtp\",country=\"BR\""));
	assert_non_null(strstr(text, "\nsekisho_service_syn_cookies_total"
				     "{service=\"submission\"} 41\n"));
	assert_non_null(strstr(text, "\nsekisho_dropped_packets_total"
				     "{service=\"-\",reason=\"unreadable\"} 3\n"));
	assert_non_null(strstr(text, "\nsekisho_table_entries{table=\"bans\"} 3\n"));
	assert_null(strstr(text, "table=\"sources\""));
	assert_non_null(strstr(text, "\nsekisho_log_lag_bytes{log=\"mail\"} 2048\n"));
	assert_non_null(strstr(text, "\nsekisho_daemon_running 1\n"));
	assert_non_null(strstr(text, "\nsekisho_accounts_in_trouble{rule=\"account-siege\"} 1\n"));
	assert_null(strstr(text, "alice")); /* no label of a stranger's choice */
	assert_non_null(strstr(text, "\nsekisho_alerts_total 1234\n"));
	assert_non_null(strstr(text, "\nsekisho_alert_program_failures_total 3\n"));
	assert_non_null(strstr(text, "\nsekisho_alerts_dropped_total 2\n"));
	assert_non_null(strstr(text, "\nsekisho_alerts_waiting 7\n"));
}

static void prometheus_labels_are_escaped(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	_cleanup_text_ char *text = NULL;

	(void)state;
	strcpy(snapshot->lists[0].name, "a\"b\\c\nd\xff");
	text = rendered(prometheus_stats, snapshot);
	assert_non_null(
		strstr(text, "{list=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\",action=\"deny\"} 12\n"));
}

/* All that there can be: the text stays of a size that a scrape may have. */
static void prometheus_series_are_bounded(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	_cleanup_text_ char *text = NULL;
	size_t series = 0;

	(void)state;
	snapshot->service_count = SERVICE_MAX - 1;
	for (unsigned id = 1; id < SERVICE_MAX; id++) {
		struct snapshot_service *service = &snapshot->services[id];

		snprintf(service->name, sizeof(service->name), "service-%u", id);
		for (unsigned i = 0; i < COUNTRY_COUNT; i++)
			service->countries[i].attempts = 1;
	}
	snapshot_sum_up(snapshot);
	text = rendered(prometheus_stats, snapshot);
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		series++;
	assert_within(series, 5 * 15 * COUNTRY_COUNT, 5 * 15 * COUNTRY_COUNT + 1000);
}

/* promtool where it is installed; its verdict is on names, units and types, too. */
static void promtool_finds_nothing_to_say(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	const char *tool = getenv("PROMTOOL") ?: "promtool";
	_cleanup_text_ char *command = NULL;
	FILE *pipe;

	(void)state;
	assert_true(asprintf(&command, "command -v '%s' >/dev/null", tool) > 0);
	if (system(command)) { /* NOLINT(cert-env33-c,bugprone-command-processor) */
		print_message("promtool is not installed (package prometheus)\n");
		skip();
	}
	free(command);
	assert_true(asprintf(&command, "'%s' check metrics", tool) > 0);
	add_status(snapshot);
	strcpy(snapshot->lists[0].name, "a\"b\\c\nd\xff");
	pipe = popen(command, "we"); /* NOLINT(cert-env33-c,bugprone-command-processor) */
	assert_non_null(pipe);
	prometheus_stats(pipe, snapshot);
	assert_int_equal(pclose(pipe), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prometheus_text_is_well_formed),
		cmocka_unit_test(prometheus_labels_are_escaped),
		cmocka_unit_test(prometheus_series_are_bounded),
		cmocka_unit_test(promtool_finds_nothing_to_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
