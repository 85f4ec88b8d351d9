// SPDX-License-Identifier: GPL-2.0-or-later
/* Log lines and the events they must become: runs the text files of tests/unit/data/log. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "log/attempts.h"
#include "log/joining.h"
#include "log/parse.h"

#define DATA "tests/unit/data/log/"

static struct log_parser *new_parser(void)
{
	struct log_parser *parser = log_parser_new();
	int64_t reference;

	assert_non_null(parser);
	assert_int_equal(time_parse("2026-11-21T12:00:00Z", 20, &reference, NULL), 0);
	log_parser_set_reference(parser, reference);
	return parser;
}

/* %XX -> byte, in place; returns the size. */
static size_t decode(char *line)
{
	char *out = line;

	for (char *at = line; *at; at++) {
		unsigned byte;

		if (*at == '%' && sscanf(at + 1, "%2x", &byte) == 1) {
			*out++ = (char)byte;
			at += 2;
		} else {
			*out++ = *at;
		}
	}
	return (size_t)(out - line);
}

/* By enum abuse_kind; no key of the JSON that is printed, but one that these files may have. */
static const char *const abuses[ABUSE_KIND_COUNT] = {
	[ABUSE_NONE] = "none",	       [ABUSE_PROTOCOL] = "protocol",
	[ABUSE_RELAY] = "relay",       [ABUSE_ERRORS] = "errors",
	[ABUSE_UNKNOWN_USER] = "user", [ABUSE_BLOCKLISTED] = "listed",
	[ABUSE_HELO] = "helo",	       [ABUSE_SENDER] = "sender",
	[ABUSE_CONTENT] = "content",   [ABUSE_PLAINTEXT] = "plaintext",
	[ABUSE_BUSY] = "busy",
};

static void expect(const char *where, unsigned number, const char *expected, const char *got,
		   enum abuse_kind abuse)
{
	json_error_t error;
	json_t *want = json_loads(expected, 0, &error), *have, *value;
	const char *key;

	if (!want)
		fail_msg("%s:%u: %s", where, number, error.text);
	have = json_loads(got, 0, &error);
	if (!have)
		fail_msg("%s:%u: not JSON: %s: %s", where, number, got, error.text);
	if (json_object_get(want, "abuse"))
		json_object_set_new(have, "abuse", json_string(abuses[abuse]));
	json_object_foreach (want, key, value)
		if (!json_equal(value, json_object_get(have, key)))
			fail_msg("%s:%u: %s: wanted %s, got %s", where, number, key, expected, got);
	assert_int_equal(json_object_size(have), 8 + !!json_object_get(want, "abuse"));
	json_decref(want);
	json_decref(have);
}

static void run_pair(struct log_parser *parser, bool alone, const char *where, unsigned number,
		     char *line, const char *expected)
{
	size_t size = *line == '%' ? decode(line + 1) : strlen(line);
	/* On the heap, so that a sanitizer sees a step beyond its end. */
	char *copy = malloc(size ? size : 1);
	struct event event;
	bool found;

	memcpy(copy, line + (*line == '%'), size);
	memset(&event, 0xff, sizeof(event));
	found = log_parser_line(parser, copy, size, &event);
	free(copy);
	/* Alone it waits for nothing. */
	if (!found && alone)
		found = log_parser_rest(parser, INT64_MAX, &event);
	if (!strcmp(expected, "-")) {
		if (found)
			fail_msg("%s:%u: wanted no event, got %s", where, number,
				 event_to_json(&event));
		return;
	}
	if (!found)
		fail_msg("%s:%u: wanted %s, got no event", where, number, expected);
	_cleanup_free_ char *json = event_to_json(&event);
	expect(where, number, expected, json, event.abuse);
	/* Which only the mail server's policy request tells. */
	assert_int_equal(event.password, EVENT_PASSWORD_UNKNOWN);
}

static void run_file(const char *where, bool is_sequence, unsigned least)
{
	_cleanup_(cleanup_file) FILE *file = fopen(where, "r");
	struct log_parser *parser = new_parser();
	char line[LOG_LINE_MAX], expected[LOG_LINE_MAX];
	unsigned number = 0, pairs = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		if (!is_sequence || !strncmp(line, "== ", 3)) {
			log_parser_free(parser);
			parser = new_parser();
			if (is_sequence)
				continue;
		}
		assert_non_null(fgets(expected, sizeof(expected), file));
		expected[strcspn(expected, "\n")] = '\0';
		run_pair(parser, !is_sequence, where, number, line, expected);
		number++;
		pairs++;
	}
	log_parser_free(parser);
	assert_true(pairs >= least);
}

static void test_postfix_lines(void **state)
{
	(void)state;
	run_file(DATA "postfix.txt", false, 60);
}

static void test_dovecot_lines(void **state)
{
	(void)state;
	run_file(DATA "dovecot.txt", false, 45);
}

static void test_vpopmail_lines(void **state)
{
	(void)state;
	run_file(DATA "vpopmail.txt", false, 35);
}

static void test_exim_lines(void **state)
{
	(void)state;
	run_file(DATA "exim.txt", false, 50);
}

static void test_sendmail_lines(void **state)
{
	(void)state;
	run_file(DATA "sendmail.txt", false, 30);
}

static void test_courier_lines(void **state)
{
	(void)state;
	run_file(DATA "courier.txt", false, 30);
}

static void test_cyrus_lines(void **state)
{
	(void)state;
	run_file(DATA "cyrus.txt", false, 35);
}

static void test_opensmtpd_lines(void **state)
{
	(void)state;
	run_file(DATA "opensmtpd.txt", false, 20);
}

static void test_envelopes(void **state)
{
	(void)state;
	run_file(DATA "envelope.txt", false, 25);
}

static void test_lines_that_collectors_shipped(void **state)
{
	(void)state;
	run_file(DATA "shipped.txt", false, 55);
}

static void test_one_attempt_is_one_event(void **state)
{
	(void)state;
	run_file(DATA "seq_attempts.txt", true, 50);
}

static void test_lines_of_one_event_are_joined(void **state)
{
	(void)state;
	run_file(DATA "seq_sessions.txt", true, 45);
}

/* "2026-10-25T00:30:00Z" of a line's local time. */
static void expect_time(struct log_parser *parser, const char *stamp, const char *expected)
{
	char line[128], text[TIME_TEXT_SIZE];
	struct event event;

	snprintf(line, sizeof(line), "%s mx postfix/smtpd[12]: too many errors after AUTH from %s",
		 stamp, "unknown[192.0.2.5]");
	assert_true(log_parser_line(parser, line, strlen(line), &event));
	time_format(event.wall_ns, text);
	assert_string_equal(text, expected);
}

static void set_live(struct log_parser *parser, const char *now)
{
	int64_t wall_ns;

	assert_int_equal(time_parse(now, strlen(now), &wall_ns, NULL), 0);
	log_parser_set_live(parser, wall_ns);
}

static void test_an_hour_that_comes_twice_is_the_one_that_is_meant(void **state)
{
	struct fault fault = { 0 };
	struct log_parser *parser;
	struct zone *zone;

	(void)state;
	if (zone_load("Europe/Berlin", &zone, &fault))
		skip(); /* no tzdata here */
	parser = new_parser();
	log_parser_set_zone(parser, zone);
	set_live(parser, "2026-10-25T00:30:01Z");
	expect_time(parser, "Oct 25 02:30:00", "2026-10-25T00:30:00Z");
	set_live(parser, "2026-10-25T01:30:01Z");
	expect_time(parser, "Oct 25 02:30:00", "2026-10-25T01:30:00Z");
	expect_time(parser, "2026-10-25 02:30:00", "2026-10-25T01:30:00Z");
	log_parser_free(parser);
	/* Of the past: as the lines go on. */
	parser = new_parser();
	log_parser_set_zone(parser, zone);
	expect_time(parser, "Oct 25 01:59:00", "2026-10-24T23:59:00Z");
	expect_time(parser, "Oct 25 02:01:00", "2026-10-25T00:01:00Z");
	expect_time(parser, "Oct 25 02:59:00", "2026-10-25T00:59:00Z");
	expect_time(parser, "Oct 25 02:01:00", "2026-10-25T01:01:00Z");
	expect_time(parser, "Oct 25 03:01:00", "2026-10-25T02:01:00Z");
	log_parser_free(parser);
	zone_free(zone);
}

static void test_zones_have_names_and_offsets(void **state)
{
	static const char *const wrong[] = {
		"", "Nowhere", "../passwd", "/etc/passwd", "+9x", "+99"
	};
	struct fault fault = { 0 };
	struct zone *zone;
	int64_t second;

	(void)state;
	assert_int_equal(zone_load("+09:00", &zone, &fault), 0);
	assert_int_equal(zone_convert(zone, 86400, &second), 86400 - 32400);
	zone_free(zone);
	assert_int_equal(zone_load("-0330", &zone, &fault), 0);
	assert_int_equal(zone_convert(zone, 86400, &second), 86400 + 12600);
	zone_free(zone);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(zone_load(wrong[i], &zone, &fault), -EINVAL);
}

static void test_parts_of_a_line_are_joined(void **state)
{
	(void)state;
	run_file(DATA "seq_wrapped.txt", true, 40);
}

static void test_a_folded_header_is_no_line(void **state)
{
	(void)state;
	run_file(DATA "seq_folded.txt", true, 25);
}

static void test_layouts_of_mail_servers_in_containers(void **state)
{
	(void)state;
	run_file(DATA "seq_layouts.txt", true, 15);
}

static void test_local_time_is_that_of_the_zone(void **state)
{
	static const char line[] = "Jul 21 10:00:00 mx postfix/smtpd[12]: "
				   "too many errors after AUTH from unknown[192.0.2.5]";
	struct log_parser *parser;
	char text[TIME_TEXT_SIZE];
	struct event event;

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	parser = new_parser();
	assert_true(log_parser_line(parser, line, strlen(line), &event));
	time_format(event.wall_ns, text);
	assert_string_equal(text, "2026-07-21T08:00:00Z");
	log_parser_free(parser);
	setenv("TZ", "UTC", 1);
	tzset();
}

/* Every prefix of every line, and every line with each byte changed: no crash, and no address that
 * was not written. */
static void test_cut_and_damaged_lines_do_no_harm(void **state)
{
	static const char *const files[] = { DATA "postfix.txt",   DATA "dovecot.txt",
					     DATA "vpopmail.txt",  DATA "envelope.txt",
					     DATA "exim.txt",	   DATA "sendmail.txt",
					     DATA "courier.txt",   DATA "cyrus.txt",
					     DATA "opensmtpd.txt", DATA "shipped.txt" };
	struct log_parser *parser = new_parser();
	struct event event;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		_cleanup_(cleanup_file) FILE *file = fopen(files[i], "r");
		char line[LOG_LINE_MAX], text[LOG_LINE_MAX + 1];

		assert_non_null(file);
		while (fgets(line, sizeof(line), file)) {
			size_t size = strcspn(line, "\n");

			for (size_t cut = 0; cut <= size; cut++) {
				char *copy = malloc(cut ? cut : 1);

				memcpy(copy, line, cut);
				log_parser_line(parser, copy, cut, &event);
				log_line_clean(copy, cut, text);
				if (cut)
					copy[cut / 2] = (char)(cut * 37);
				log_parser_line(parser, copy, cut, &event);
				free(copy);
			}
		}
	}
	log_parser_free(parser);
}

static void test_a_flood_of_sources_counts_each_attempt(void **state)
{
	struct log_parser *parser = new_parser();
	unsigned events = 0;

	(void)state;
	for (unsigned i = 0; i < 4 * ATTEMPT_SLOTS; i++) {
		struct event event;
		char line[200];

		snprintf(line, sizeof(line),
			 "Nov 21 10:00:00 mx postfix/smtpd[%u]: warning: unknown[2001:db8::%x:%x]: "
			 "SASL LOGIN authentication failed: x",
			 i, i >> 16, i & 0xffff);
		events += log_parser_line(parser, line, strlen(line), &event);
	}
	assert_int_equal(events, 4 * ATTEMPT_SLOTS);
	log_parser_free(parser);
}

static void test_long_accounts_are_cut_between_characters(void **state)
{
	struct log_parser *parser = new_parser();
	char line[2000];
	struct event event;
	int used;

	(void)state;
	used = snprintf(
		line, sizeof(line), "%s",
		"Nov 21 10:00:00 mx postfix/smtpd[1]: warning: unknown[192.0.2.5]: SASL LOGIN "
		"authentication failed: x, sasl_username=a");
	for (unsigned i = 0; i < 600; i++)
		memcpy(line + used + 2 * i, "\xc3\xa9", 2);
	assert_true(log_parser_line(parser, line, (size_t)used + 1200, &event));
	assert_int_equal(strlen(event.account), 255);
	assert_memory_equal(event.account + 253, "\xc3\xa9", 2);
	log_parser_free(parser);
}

static unsigned give(struct log_parser *parser, const char *line)
{
	struct event event;

	return log_parser_line(parser, line, strlen(line), &event) ? event.count : 0;
}

static void test_logs_of_one_server_are_joined(void **state)
{
	static const char warning[] = "Nov 21 10:00:00 mx postfix/smtpd[12]: warning: "
				      "unknown[192.0.2.5]: SASL LOGIN authentication failed: x";
	static const char exim[] = "2026-11-21 10:00:10 login authenticator failed for (h) "
				   "[192.0.2.7]: 535 Incorrect authentication data (set_id=bob)";
	struct log_parser *one = new_parser(), *other = new_parser();
	struct joining *joining = joining_new();

	(void)state;
	assert_non_null(joining);
	log_parser_share(one, joining);
	log_parser_share(other, joining);
	/* mail.log and syslog: as often as the one that says it most often. */
	assert_int_equal(give(one, warning), 1);
	assert_int_equal(give(other, warning), 0);
	assert_int_equal(give(one, warning), 1);
	assert_int_equal(give(one, warning), 1);
	assert_int_equal(give(other, warning), 0);
	assert_int_equal(give(other, warning), 0);
	assert_int_equal(give(other, warning), 1);
	/* Main log and reject log. */
	assert_int_equal(give(one, exim), 1);
	assert_int_equal(give(other, exim), 0);
	/* The mail server in one, the authentication server in the other. */
	assert_int_equal(give(other,
			      "Nov 21 10:00:20 auth: Info: sql(bob,192.0.2.8): Password mismatch"),
			 1);
	assert_int_equal(give(one, "Nov 21 10:00:22 mx postfix/smtpd[12]: warning: "
				   "unknown[192.0.2.8]: SASL LOGIN authentication failed: x"),
			 0);
	log_parser_free(one);
	log_parser_free(other);
	joining_free(joining);
}

/* Live, a failure waits for the next database only where the server has shown that it has one, and
 * not longer than it takes. */
static void test_a_second_database_takes_a_failure_back(void **state)
{
	struct log_parser *parser = new_parser();
	struct event event;

	(void)state;
	assert_int_equal(give(parser, "Nov 21 10:00:00 mx dovecot: auth: passwd-file(bob,"
				      "192.0.2.5,<s1>): unknown user"),
			 1);
	assert_int_equal(give(parser, "Nov 21 10:00:00 mx dovecot: imap-login: Login: user=<bob>, "
				      "method=PLAIN, rip=192.0.2.5, lip=192.0.2.1, mpid=7, "
				      "session=<s1>"),
			 1);
	/* Now it has shown it. */
	assert_int_equal(give(parser, "Nov 21 10:01:00 mx dovecot: auth: passwd-file(bob,"
				      "192.0.2.5,<s2>): unknown user"),
			 0);
	assert_int_equal(give(parser, "Nov 21 10:01:00 mx dovecot: imap-login: Login: user=<bob>, "
				      "method=PLAIN, rip=192.0.2.5, lip=192.0.2.1, mpid=7, "
				      "session=<s2>"),
			 1);
	assert_false(log_parser_rest(parser, INT64_MAX, &event));
	/* And one that it does not take back comes out by itself. */
	assert_int_equal(give(parser, "Nov 21 10:02:00 mx dovecot: auth: passwd-file(eve,"
				      "192.0.2.6,<s3>): unknown user"),
			 0);
	assert_false(log_parser_rest(parser, (1795255320LL + 2) * NS_PER_S, &event));
	assert_true(log_parser_rest(parser, (1795255320LL + 3) * NS_PER_S, &event));
	assert_string_equal(event.account, "eve");
	log_parser_free(parser);
}

/* The events of an attempt of `account` at `minute`, which the databases refuse, and the last one
 * lets in: failures and successes. */
static unsigned attempt_of_three(struct log_parser *parser, unsigned minute, unsigned refusing,
				 bool lets_in)
{
	static const char *const drivers[] = { "passwd-file", "ldap", "sql" };
	unsigned events = 0;
	char line[256];

	for (unsigned i = 0; i < refusing; i++) {
		snprintf(
			line, sizeof(line),
			"Nov 21 10:%02u:00 mx dovecot: auth: %s(bob,192.0.2.5,<s%u>): unknown user",
			minute, drivers[i], minute);
		events += give(parser, line);
	}
	if (!lets_in)
		return events;
	snprintf(line, sizeof(line),
		 "Nov 21 10:%02u:01 mx dovecot: imap-login: Login: user=<bob>, method=PLAIN, "
		 "rip=192.0.2.5, lip=192.0.2.1, mpid=7, session=<s%u>",
		 minute, minute);
	return events + give(parser, line);
}

/* How many databases there are, only an attempt that all refuse shows. */
static void test_a_third_database_takes_failures_back(void **state)
{
	struct log_parser *parser = new_parser();
	struct event event;

	(void)state;
	log_parser_set_live(parser, 1795255200LL * NS_PER_S);
	attempt_of_three(parser, 0, 1, true); /* of two, as far as seen */
	assert_int_equal(attempt_of_three(parser, 1, 2, true), 1);
	assert_int_equal(attempt_of_three(parser, 2, 2, true), 1);
	assert_int_equal(attempt_of_three(parser, 3, 3, false), 0);
	assert_true(log_parser_rest(parser, INT64_MAX, &event));
	assert_int_equal(event.kind, EVENT_FAILURE);
	assert_int_equal(event.count, 1);
	assert_false(log_parser_rest(parser, INT64_MAX, &event));
	/* Now it is known, and the third refusal is the last one. */
	assert_int_equal(attempt_of_three(parser, 4, 2, false), 0);
	assert_true(log_parser_rest(parser, INT64_MAX, &event));
	assert_int_equal(attempt_of_three(parser, 5, 3, false), 1);
	log_parser_free(parser);
}

static void test_passwords_are_removed(void **state)
{
	static const struct {
		const char *line, *clean;
	} cases[] = {
		{ "vchkpw-smtp: password fail (pass: 'sec') ret') b@e.org:192.0.2.5",
		  "vchkpw-smtp: password fail (pass: '[removed]') b@e.org:192.0.2.5" },
		{ "auth: sql(bob,192.0.2.6,<s>): Password mismatch (given password: sec) ret)",
		  "auth: sql(bob,192.0.2.6,<s>): Password mismatch (given password: [removed]" },
		{ "auth: Debug: sql(bob,192.0.2.6): PLAIN(secret) != 'other'",
		  "auth: Debug: sql(bob,192.0.2.6): [removed]" },
		{ "improper command pipelining after EHLO from x[192.0.2.5]: AUTH PLAIN "
		  "c2VjcmV0\\r\\n",
		  "improper command pipelining after EHLO from x[192.0.2.5]: AUTH PLAIN "
		  "[removed]\\r\\n" },
		{ "PREGREET 14 after 0.1 from [192.0.2.5]:1: auth "
		  "login\\r\\nYm9i\\r\\nc2VjcmV0\\r\\n",
		  "PREGREET 14 after 0.1 from [192.0.2.5]:1: auth login[removed]" },
		{ "x: a AUTHENTICATE PLAIN c2VjcmV0", "x: a AUTHENTICATE PLAIN [removed]" },
		{ "error: cmd: AUTH LOGIN bob", "error: cmd: AUTH LOGIN bob" },
		{ "x: AUTH PLAIN Zmlyc3Q=\\r\\nAUTH PLAIN c2VjcmV0\\r\\n",
		  "x: AUTH PLAIN [removed]\\r\\nAUTH PLAIN [removed]\\r\\n" },
		{ "x: AUTH LOGIN Ym9i\\r\\nc2VjcmV0\\r\\nQUIT", "x: AUTH LOGIN Ym9i[removed]" },
		{ "x: AUTH PLAIN Zmlyc3Q=\\r\\nc2VjcmV0\\r\\n", "x: AUTH PLAIN [removed]" },
		{ "x: AUTH LOGIN?Ym9i?c2VjcmV0?", "x: AUTH LOGIN[removed]" },
		{ "x: AUTHENTICATE \"PLAIN\" \"c2VjcmV0\"", "x: AUTHENTICATE \"PLAIN\" [removed]" },
		{ "warning: non-SMTP command from x[192.0.2.5]: a1 LOGIN bob my secret",
		  "warning: non-SMTP command from x[192.0.2.5]: a1 LOGIN bob [removed]" },
		{ "SMTP syntax error in \"login bob secret\" H=[192.0.2.5]",
		  "SMTP syntax error in \"login bob [removed]" },
		{ "after CONNECT from x[192.0.2.5]: USER bob\\r\\nPASS secret\\r\\n",
		  "after CONNECT from x[192.0.2.5]: USER bob\\r\\nPASS [removed]" },
		{ "non-SMTP command from x[192.0.2.5]: PASS secret",
		  "non-SMTP command from x[192.0.2.5]: PASS [removed]" },
		{ "postfix/postscreen[1]: PASS NEW [192.0.2.5]:25",
		  "postfix/postscreen[1]: PASS NEW [192.0.2.5]:25" },
		{ "vchkpw-smtp: login success bob@e.org:192.0.2.5",
		  "vchkpw-smtp: login success bob@e.org:192.0.2.5" },
		{ "imap-login: Login aborted: Connection closed (auth failed)",
		  "imap-login: Login aborted: Connection closed (auth failed)" },
		{ "auth: Debug: client in: AUTH\t1\tPLAIN\tresp=c2VjcmV0\tx",
		  "auth: Debug: client in: AUTH\\x091\\x09PLAIN\\x09resp=[removed]\\x09x" },
		{ "warning: unknown[192.0.2.5]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
		  "warning: unknown[192.0.2.5]: SASL LOGIN authentication failed: UGFzc3dvcmQ6" },
		{ "a\x1b[31m\xff", "a\\x1b[31m\\xff" },
	};
	char text[LOG_LINE_MAX + 1], longest[LOG_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		log_line_clean(cases[i].line, strlen(cases[i].line), text);
		assert_string_equal(text, cases[i].clean);
	}
	memset(longest, 1, sizeof(longest));
	memcpy(longest + LOG_LINE_MAX - 16, "given password: ", 16);
	log_line_clean(longest, sizeof(longest), text);
	assert_true(strlen(text) <= LOG_LINE_MAX);
}

static void test_any_event_is_one_json_object(void **state)
{
	struct event event = { .wall_ns = INT64_MAX,
			       .kind = EVENT_FAILURE,
			       .service = EVENT_SERVICE_SUBMISSION,
			       .daemon = EVENT_DAEMON_SENDMAIL,
			       .count = UINT32_MAX,
			       .line = UINT64_MAX / 2,
			       .has_source = true,
			       .has_account = true };
	_cleanup_free_ char *text = NULL;
	json_t *json;

	(void)state;
	memset(&event.source, 0xfe, sizeof(event.source));
	memset(event.account, '"', sizeof(event.account) - 1);
	text = event_to_json(&event);
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	assert_true(strlen(text) < EVENT_JSON_SIZE);
	assert_string_equal(json_string_value(json_object_get(json, "account")), event.account);
	assert_string_equal(json_string_value(json_object_get(json, "source")),
			    "fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe");
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_postfix_lines),
		cmocka_unit_test(test_dovecot_lines),
		cmocka_unit_test(test_vpopmail_lines),
		cmocka_unit_test(test_exim_lines),
		cmocka_unit_test(test_sendmail_lines),
		cmocka_unit_test(test_courier_lines),
		cmocka_unit_test(test_cyrus_lines),
		cmocka_unit_test(test_opensmtpd_lines),
		cmocka_unit_test(test_envelopes),
		cmocka_unit_test(test_lines_that_collectors_shipped),
		cmocka_unit_test(test_one_attempt_is_one_event),
		cmocka_unit_test(test_lines_of_one_event_are_joined),
		cmocka_unit_test(test_a_folded_header_is_no_line),
		cmocka_unit_test(test_layouts_of_mail_servers_in_containers),
		cmocka_unit_test(test_parts_of_a_line_are_joined),
		cmocka_unit_test(test_an_hour_that_comes_twice_is_the_one_that_is_meant),
		cmocka_unit_test(test_zones_have_names_and_offsets),
		cmocka_unit_test(test_local_time_is_that_of_the_zone),
		cmocka_unit_test(test_cut_and_damaged_lines_do_no_harm),
		cmocka_unit_test(test_a_flood_of_sources_counts_each_attempt),
		cmocka_unit_test(test_long_accounts_are_cut_between_characters),
		cmocka_unit_test(test_logs_of_one_server_are_joined),
		cmocka_unit_test(test_a_second_database_takes_a_failure_back),
		cmocka_unit_test(test_a_third_database_takes_failures_back),
		cmocka_unit_test(test_passwords_are_removed),
		cmocka_unit_test(test_any_event_is_one_json_object),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
