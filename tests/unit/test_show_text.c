// SPDX-License-Identifier: GPL-2.0-or-later
/* A snapshot as text for people, exactly; numbers; hostile text. */
#include "base/time.h"
#include "show_example.h"

#include "show/number.h"
#include "show/visible.h"

/* ---- text ---- */

static void stats_text_has_totals_first_and_stays_in_80_columns(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	_cleanup_text_ char *text = rendered(text_stats, snapshot);

	(void)state;
	assert_string_equal(
		text,
		"monitor mode: nothing is dropped; would-drop is what enforce would drop\n"
		"\n"
		"service             attempts       passed      dropped   would-drop   handshakes\n"
		"all                1,234,877    1,234,777          100          200    1,200,009\n"
		"smtp               1,234,567    1,234,567            0            0    1,200,000\n"
		"submission               310          210          100          200            9\n"
		"\n"
		"per minute          since load, 10 min ago           in the last minute     now\n"
		"               attempts   would handshakes  attempts   would handshakes    open\n"
		"all             123,488    30.0    120,001      60.0    <0.1       90.0      12\n"
		"smtp            123,457     0.0    120,000       0.0     0.0        0.0       0\n"
		"submission         31.0    30.0        0.9      60.0    <0.1       90.0      12\n"
		"\n"
		"                                           dropped                would-drop\n"
		"reason                        packets     attempts      packets     attempts\n"
		"submission\n"
		"  banned                            0            0            7            0\n"
		"  country                         100          100          200          200\n"
		"no known port\n"
		"  unreadable                        3            0            0            0\n"
		"\n"
		"SYN cookies         answered would-answer\n"
		"  submission              41           42\n"
		"\n"
		"country             attempts       passed      dropped   would-drop   handshakes\n"
		"  BR                     300          200          100          200            0\n"
		"  JP               1,234,577    1,234,577            0            0    1,200,009\n"
		"\n"
		"source                        attempts would drop  handshakes    open last seen\n"
		"192.0.2.5                BR        300        100          20      12       5 s  "
		"AS64500\n"
		"2001:db8:1111:2222:3333:4444:5555:6666 JP\n"
		"                                     1          0           1       0     2 min\n"
		"\n"
		"list                  action     prefixes      packets     attempts\n"
		"drop                    deny        1,500           12           11\n"
		"#7                         -            -            1            0\n"
		"\n"
		"table                   used         size    overflows\n"
		"sources                    -            -            -\n"
		"networks                   -            -            -\n"
		"bans                       3      131,072            1\n"
		"prefixes               1,500   67,092,480            0\n"
		"connections               12      131,072            0\n"
		"over_limit                 0        2,520            7\n");
}

static void stats_text_sums_countries_beyond_twenty_as_others(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	_cleanup_text_ char *text = NULL, *one = NULL;
	struct snapshot_service *smtp = &snapshot->services[1];

	(void)state;
	memset(smtp->countries, 0, sizeof(smtp->countries));
	snapshot->service_count = 1;
	for (unsigned i = 0; i < 23; i++)
		smtp->countries[i].attempts = 1000 - i;
	snapshot_sum_up(snapshot);
	text = rendered(text_stats, snapshot);
	assert_non_null(strstr(text, "\n  AT                     981 "));
	assert_null(strstr(text, "\n  AU "));
	assert_non_null(strstr(text, "\n  3 others             2,937        2,937 "));
	/* One country more than twenty is named: its line is no longer than that of the others. */
	smtp->countries[21].attempts = smtp->countries[22].attempts = 0;
	one = rendered(text_stats, snapshot);
	assert_non_null(strstr(one, "\n  AU                     980 "));
	assert_null(strstr(one, "others"));
}

static void stats_text_survives_huge_numbers_and_long_names(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	_cleanup_text_ char *text = NULL;

	(void)state;
	memset(snapshot->services[1].name, 'n', CONFIG_NAME_SIZE - 1);
	snapshot->services[1].countries[0].attempts = UINT64_MAX / 2;
	snapshot_sum_up(snapshot);
	text = rendered(text_stats, snapshot);
	assert_non_null(strstr(text, "nnn\n                9223372036856010374"));
}

static void all_of_status(FILE *out, const struct snapshot *snapshot)
{
	text_status(out, snapshot, true);
}

static void short_status(FILE *out, const struct snapshot *snapshot)
{
	text_status(out, snapshot, false);
}

static char *status_of(const struct snapshot *snapshot)
{
	return rendered(all_of_status, snapshot);
}

static char *first_line(const struct snapshot *snapshot)
{
	char *text = rendered(text_headline, snapshot);

	text[strcspn(text, "\n")] = '\0';
	return text;
}

#define assert_headline(snapshot, wanted)                         \
	do {                                                      \
		_cleanup_text_ char *line = first_line(snapshot); \
		assert_string_equal(line, wanted);                \
	} while (0)

static void the_first_line_says_whether_mail_is_guarded_and_what_to_do(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();

	(void)state;
	add_status(snapshot);
	snapshot->mode = GATE_ENFORCE;
	assert_headline(snapshot, "enforcing on eth0, wg0, 1 log live, 3 bans, last ban 3 min ago");
	snapshot->tables[SNAPSHOT_TABLE_BANS].usage.used = 1;
	snapshot->daemon->logs[0].state.missing = true;
	snapshot->daemon->last_ban_wall_ns = 0;
	assert_headline(snapshot, "enforcing on eth0, wg0, 1 of 1 logs MISSING, 1 ban");
	snapshot->daemon->log_count = 0;
	snapshot->mode = GATE_MONITOR;
	assert_headline(snapshot, "only monitoring eth0, wg0, NO LOG is followed, 1 would-be ban");
	snapshot->daemon_state = DAEMON_NOT_RUNNING;
	assert_headline(snapshot,
			"only monitoring eth0, wg0, NO DAEMON runs: nobody new is banned; "
			"see `sekisho doctor`");
	snapshot->daemon_state = DAEMON_STALE;
	strcpy(snapshot->devices[1].open, "a filter is in front");
	assert_headline(snapshot, "only monitoring eth0, OPEN on wg0, the daemon HANGS: nobody new "
				  "is banned; see `sekisho doctor`");
	snapshot->devices[0].attached = false;
	assert_headline(snapshot, "NOT GUARDED: a gate is loaded, and looks at nothing; see "
				  "`sekisho doctor`");
	snapshot->loaded = false;
	fault_set(&snapshot->gate_fault, -ENOENT, "none");
	assert_headline(snapshot,
			"NOT GUARDED: no gate is loaded; start the daemon, or `sekisho load`");
	fault_set(&snapshot->gate_fault, -EPROTO, "another contract");
	assert_headline(snapshot, "UNKNOWN: the gate cannot be asked; the cause is below");
	snapshot->daemon->log_count = 1; /* which frees them */
}

static void status_text_is_short_unless_all_is_asked_for(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	_cleanup_text_ char *text = NULL, *full = NULL;

	(void)state;
	add_status(snapshot);
	for (enum snapshot_table table = 0; table < SNAPSHOT_TABLE_COUNT; table++)
		snapshot->tables[table].usage.overflows = 0;
	snapshot->daemon->detect.forgotten = 0;
	text = rendered(short_status, snapshot);
	assert_null(strstr(text, "contract"));
	assert_null(strstr(text, "memory"));
	assert_null(strstr(text, "remembers"));
	assert_null(strstr(text, "overflows"));
	/* What is wrong is never left out. */
	snapshot->tables[SNAPSHOT_TABLE_BANS].usage.used = 110000;
	snapshot->daemon->detect.forgotten = 5;
	full = rendered(short_status, snapshot);
	assert_non_null(strstr(full, "\nbans                 110,000      131,072            0\n"));
	assert_null(strstr(full, "prefixes"));
	assert_non_null(strstr(full, "5 forgotten too early"));
}

static void status_text_names_devices_logs_and_last_fault(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	_cleanup_text_ char *text = NULL;

	(void)state;
	add_status(snapshot);
	snapshot->policy_differs = true;
	text = status_of(snapshot);
	assert_string_equal(
		text, "only monitoring eth0, wg0, 1 log live, 3 would-be bans, last ban 3 min ago\n"
		      "\n"
		      "mode        monitor: counts what it would drop, drops nothing\n"
		      "            the configuration has changed since: reload it (SIGHUP)\n"
		      "contract    3 (sekisho " SEKISHO_VERSION ")\n"
		      "services    smtp 25\n"
		      "            submission 465 587\n"
		      "devices     eth0             xdp\n"
		      "            wg0              tc: no native XDP\n"
		      "syn-cookies answered on eth0\n"
		      "            not on wg0: tc answers nothing\n"
		      "countries   read 5 d ago (2026-11-16T10:00:00Z), 860,000 ranges\n"
		      "            /usr/share/tor/geoip\n"
		      "generation  12 in the gate, 13 in the store: `sekisho load` publishes it\n"
		      "daemon      running, process 123, since 2026-11-21T09:00:00Z\n"
		      "last fault  2026-11-21T09:59:00Z cannot read /var/log/\\x1b[2Jmail.log\n"
		      "logs        mail: /var/log/mail.log\n"
		      "              12,345 lines, 42 events, 2.0 KiB behind, rotations: 1, lines "
		      "cut: 2\n"
		      "events      failure 40, success 2, message 0, bounce 0, abuse 0\n"
		      "decisions   3, would-be bans: 2\n"
		      "remembers   17 of 100,000 sources; 5 forgotten too early, for room\n"
		      "alerts      1,234; program run 1,000 times, 4 run now, 7 wait, FAILED 3 "
		      "times, DROPPED 2\n"
		      "metrics     NOT SERVED, tried again; see the daemon's log\n"
		      "policy      Dovecot asked 60 s ago; Postfix NOT SERVED, tried again; see "
		      "the daemon's log; 100 logins and 80 recipients asked about, 7 refused, 6 "
		      "would be, 5 held, 4 deferred, 3 rejected; 12 bad requests\n"
		      "accounts    bob\\x1b@example.com: account-siege, last 2 min ago\n"
		      "            alice: account-spread, last 0 s ago\n"
		      "memory      20.0 MiB in the kernel's maps\n"
		      "            bans                 12.0 MiB\n"
		      "            table                 8.0 MiB\n"
		      "\n"
		      "table                   used         size    overflows\n"
		      "sources                    -            -            -\n"
		      "networks                   -            -            -\n"
		      "bans                       3      131,072            1\n"
		      "prefixes               1,500   67,092,480            0\n"
		      "connections               12      131,072            0\n"
		      "over_limit                 0        2,520            7\n");
}

static void status_text_says_that_the_gate_goes_on_without_a_daemon(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	_cleanup_text_ char *text = NULL, *stale = NULL, *gone = NULL;

	(void)state;
	add_status(snapshot);
	snapshot->daemon_state = DAEMON_NOT_RUNNING;
	text = status_of(snapshot);
	assert_non_null(
		strstr(text, "daemon      not running; the gate goes on without it\nlast fault"));
	assert_null(strstr(text, "remembers"));
	snapshot->daemon_state = DAEMON_STALE;
	snapshot->daemon->written_wall_ns -= 600 * NS_PER_S;
	stale = status_of(snapshot);
	assert_non_null(strstr(stale, "process 123 says nothing for 10 min: it hangs; the gate"));
	snapshot->loaded = false;
	snapshot->daemon_state = DAEMON_NOT_RUNNING;
	fault_set(&snapshot->gate_fault, -ENOENT, "no gate is loaded");
	gone = status_of(snapshot);
	assert_non_null(strstr(gone, "mode        no gate is loaded: everything passes"));
	assert_non_null(strstr(gone, "daemon      not running\n"));
}

static void status_does_not_call_a_gate_it_cannot_ask_absent(void **state)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = example();
	_cleanup_text_ char *text = NULL, *json = NULL;

	(void)state;
	snapshot->loaded = snapshot->has_policy = false;
	fault_set(&snapshot->gate_fault, -EPROTO, "pins of contract 2");
	text = status_of(snapshot);
	assert_non_null(strstr(text, "mode        unknown: the gate cannot be asked\n"));
	assert_non_null(strstr(text, "gate        pins of contract 2\n"));
	json = json_status(snapshot);
	assert_non_null(strstr(json, "\"loaded\":null,\"mode\":null"));
}

/* ---- numbers, text ---- */

static void numbers_are_grouped_and_sizes_and_ages_short(void **state)
{
	char text[NUMBER_TEXT_SIZE];

	(void)state;
	assert_string_equal(number_format(0, text), "0");
	assert_string_equal(number_format(999, text), "999");
	assert_string_equal(number_format(1000, text), "1,000");
	assert_string_equal(number_format(UINT64_MAX, text), "18,446,744,073,709,551,615");
	assert_string_equal(bytes_format(1023, text), "1023 B");
	assert_string_equal(bytes_format(1024, text), "1.0 KiB");
	assert_string_equal(bytes_format((1 << 20) - 1, text), "1.0 MiB");
	assert_string_equal(bytes_format(UINT64_MAX, text), "16.0 EiB");
	assert_string_equal(age_format(0, 119 * NS_PER_S, text), "119 s");
	assert_string_equal(age_format(0, 120 * NS_PER_S, text), "2 min");
	assert_string_equal(age_format(0, 2 * 86400 * NS_PER_S, text), "2 d");
	assert_string_equal(age_format(NS_PER_S, 0, text), "0 s");
}

static char *visible(const char *given)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	visible_print(out, given);
	fclose(out);
	return text;
}

static void hostile_text_cannot_command_a_terminal(void **state)
{
	static const char *const pairs[][2] = {
		{ "plain caf\xc3\xa9 \xe6\x97\xa5", "plain caf\xc3\xa9 \xe6\x97\xa5" },
		{ "\033[2J\r\n\x7f", "\\x1b[2J\\x0d\\x0a\\x7f" },
		{ "\x9b"
		  "1m",
		  "\\x9b1m" }, /* CSI in 8 bits */
		{ "\xc2\x9b"
		  "1m",
		  "\\xc2\\x9b1m" }, /* CSI in UTF-8 */
		{ "\xe2\x80\xae"
		  "moc",
		  "\\xe2\\x80\\xaemoc" }, /* right-to-left override */
		{ "bo\xe2\x80\x8b"
		  "b",
		  "bo\\xe2\\x80\\x8bb" },				 /* no width */
		{ "bob\xf3\xa0\x81\xa2", "bob\\xf3\\xa0\\x81\\xa2" },	 /* a tag */
		{ "\xc0\x9b\xed\xa0\x80", "\\xc0\\x9b\\xed\\xa0\\x80" }, /* overlong, surrogate */
		{ "cut \xe6\x97", "cut \\xe6\\x97" },
		{ "\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		_cleanup_text_ char *text = visible(pairs[i][0]);

		assert_string_equal(text, pairs[i][1]);
	}
}

static void unclean_text_becomes_utf8(void **state)
{
	_cleanup_text_ char *text = utf8_clean("a\xff\xc3\xa9\xe6\x97");

	(void)state;
	assert_string_equal(text, "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stats_text_has_totals_first_and_stays_in_80_columns),
		cmocka_unit_test(stats_text_sums_countries_beyond_twenty_as_others),
		cmocka_unit_test(stats_text_survives_huge_numbers_and_long_names),
		cmocka_unit_test(status_text_names_devices_logs_and_last_fault),
		cmocka_unit_test(the_first_line_says_whether_mail_is_guarded_and_what_to_do),
		cmocka_unit_test(status_text_is_short_unless_all_is_asked_for),
		cmocka_unit_test(status_text_says_that_the_gate_goes_on_without_a_daemon),
		cmocka_unit_test(status_does_not_call_a_gate_it_cannot_ask_absent),
		cmocka_unit_test(numbers_are_grouped_and_sizes_and_ages_short),
		cmocka_unit_test(hostile_text_cannot_command_a_terminal),
		cmocka_unit_test(unclean_text_becomes_utf8),
	};

	time_show_utc(); /* whatever the machine's zone is */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
