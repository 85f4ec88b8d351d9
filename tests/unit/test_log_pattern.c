// SPDX-License-Identifier: GPL-2.0-or-later
/* Patterns of the configuration: what they match, what of fail2ban's is understood or refused, and
 * that none can hold up the parser. */
#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "log/parse.h"
#include "log/pattern.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct patterns *compile(const char *expression, const char *program)
{
	struct pattern_rule rule = { .expression = expression,
				     .program = program,
				     .kind = EVENT_FAILURE,
				     .service = EVENT_SERVICE_IMAP };
	struct patterns *patterns = NULL;
	struct fault fault = { 0 };

	if (patterns_add(&patterns, &rule, &fault))
		fail_msg("%s: %s", expression, fault.text);
	return patterns;
}

/* The event's source and account, "SOURCE ACCOUNT", "-" for what it lacks; "" for no event. */
static void match(struct patterns *patterns, const char *line, char *out, size_t size)
{
	struct log_parser *parser = log_parser_new();
	char source[ADDRESS_TEXT_SIZE] = "-";
	struct event event;

	assert_non_null(parser);
	log_parser_set_patterns(parser, patterns);
	*out = '\0';
	if (log_parser_line(parser, line, strlen(line), &event)) {
		if (event.has_source)
			address_format(&event.source, source);
		snprintf(out, size, "%s %s", source, event.has_account ? event.account : "-");
		assert_int_equal(event.daemon, EVENT_DAEMON_USER);
		assert_int_equal(event.service, EVENT_SERVICE_IMAP);
	}
	log_parser_free(parser);
}

#define MX "Nov 21 10:00:00 mx "

static void a_pattern_finds_address_and_account(void **state)
{
	static const struct {
		const char *expression, *program, *line, *expected;
	} cases[] = {
		{ "^login of <USER> from <HOST> refused$", "webmail",
		  MX "webmail[12]: login of bob from 192.0.2.5 refused", "192.0.2.5 bob" },
		{ "^login of <USER> from <HOST> refused$", "webmail",
		  MX "webmail[12]: login of bob from 192.0.2.5 refused by x", "" },
		{ "^login of <USER> from <HOST> refused$", "webmail",
		  MX "othermail[12]: login of bob from 192.0.2.5 refused", "" },
		{ "^refused <HOST>$", "web", MX "instance/web[12]: refused 2001:db8::5",
		  "2001:db8::5 -" },
		{ "^refused <HOST>$", "web", MX "spiderweb[12]: refused 2001:db8::5", "" },
		{ "^refused <HOST>$", "web", MX "web: refused [2001:db8::5]", "2001:db8::5 -" },
		{ "^refused <HOST>$", "web", MX "web: refused ::ffff:192.0.2.5", "192.0.2.5 -" },
		{ "^refused <HOST>:\\d+$", "web", MX "web: refused [192.0.2.5]:25", "192.0.2.5 -" },
		{ "^refused <HOST>$", "web", MX "web: refused h.example", "" },
		{ "^refused <HOST>", "web", MX "web: refused 192.0.2.555", "" },
		{ "^refused <HOST>", "web", MX "web: refused 192.0.2.5.", "192.0.2.5 -" },
		{ "^refused <USER>$", "web", MX "web: refused bob", "- bob" },
		/* Without a program and a prefix: all behind the time stamp. */
		{ "^mx web: refused <HOST>$", NULL, MX "web: refused 192.0.2.5", "192.0.2.5 -" },
		{ "web: refused <HOST>$", NULL, MX "web: refused 192.0.2.5", "192.0.2.5 -" },
		{ "^refused <HOST>$", NULL, MX "web: refused 192.0.2.5", "" },
		{ "^refused <HOST>$", NULL, "2026-11-21 10:00:00 refused 192.0.2.5",
		  "192.0.2.5 -" },
		/* What a format here understands, it keeps; what it finds nothing in is open. */
		{ "^timeout after DATA from \\S+\\[<HOST>\\]$", "smtpd",
		  MX "postfix/smtpd[12]: timeout after DATA from unknown[192.0.2.5]",
		  "192.0.2.5 -" },
		/* Bytes that are no UTF-8. */
		{ "^refused <USER> <HOST>$", "web", MX "web: refused b\xff 192.0.2.5",
		  "192.0.2.5 b\\xff" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct patterns *patterns = compile(cases[i].expression, cases[i].program);
		char got[400];

		match(patterns, cases[i].line, got, sizeof(got));
		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("%s on %s: wanted '%s', got '%s'", cases[i].expression,
				 cases[i].line, cases[i].expected, got);
		patterns_free(patterns);
	}
}

static void a_pasted_failregex_works(void **state)
{
	static const struct {
		const char *expression, *line, *expected;
	} cases[] = {
		{ "^%(__prefix_line)sAuthentication failure for <F-USER>.*</F-USER> from <HOST>$",
		  MX "web[12]: Authentication failure for bob from 192.0.2.5", "192.0.2.5 bob" },
		{ "^%(__prefix_line)sAuthentication failure for <F-USER>.*</F-USER> from <HOST>$",
		  MX "web[12]: x Authentication failure for bob from 192.0.2.5", "" },
		{ "^\\s*%(__prefix_line)srefused <ADDR>\\s*$", MX "web[12]: refused 2001:db8::5",
		  "2001:db8::5 -" },
		{ "^\\s+\\S+ web\\[\\d+\\]: refused <HOST>$", MX "web[12]: refused 192.0.2.5",
		  "192.0.2.5 -" },
		{ "^ mx web\\[\\d+\\]: refused <HOST>$", MX "web[12]: refused 192.0.2.5",
		  "192.0.2.5 -" },
		{ "^%(__prefix_line)suser=<(?P<user>[^>]*)>, rip=(?P<host>\\S+),",
		  MX "web: user=<bob>, rip=192.0.2.5, lip=192.0.2.1", "192.0.2.5 bob" },
		{ "^%(__prefix_line)s(?:user <F-USER>\\S+</F-USER>|login "
		  "<F-ALT_USER1>\\S+</F-ALT_USER1>) <F-RHOST>x</F-RHOST> <HOST>$",
		  MX "web: login bob x 192.0.2.5", "192.0.2.5 bob" },
		{ "(?i)^.*REFUSED 100%% <IP4>", MX "web: refused 100% 192.0.2.5", "192.0.2.5 -" },
		{ "(?<!not )refused <HOST>", MX "web: not refused 192.0.2.5", "" },
		{ "(?<!not )refused <HOST>", MX "web: was refused 192.0.2.5", "192.0.2.5 -" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct patterns *patterns = compile(cases[i].expression, NULL);
		char got[400];

		match(patterns, cases[i].line, got, sizeof(got));
		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("%s on %s: wanted '%s', got '%s'", cases[i].expression,
				 cases[i].line, cases[i].expected, got);
		patterns_free(patterns);
	}
}

static void what_cannot_be_used_is_refused_with_the_reason(void **state)
{
	static const struct {
		const char *expression, *reason;
	} cases[] = {
		{ "^refused$", "it has neither <HOST> nor <USER>" },
		{ "^refused (<HOST>", "missing closing parenthesis" },
		{ "^%(_daemon)s refused <HOST>", "%(_daemon)s is a variable of fail2ban's" },
		{ "x%(__prefix_line)s <HOST>", "only at the begin is it understood" },
		{ "^refused <DNS>", "<DNS> cannot be used: host names are not resolved" },
		{ "^refused <SUBNET>", "<SUBNET> cannot be used" },
		{ "^<F-MLFID>\\d+</F-MLFID>: refused <HOST>", "<F-MLF...> cannot be used" },
		{ "^<F-NOFAIL>x</F-NOFAIL> <HOST>", "belong to a filter file" },
		{ "^<F-CONTENT>.+</F-CONTENT>$", "belong to a filter file" },
		{ "^<SKIPLINES><HOST>", "it spans lines" },
		{ "(*UTF)^<HOST>", "UTF" },
		{ "^\\C<HOST>", "\\C" },
		{ "^%(", "%( is a variable of fail2ban's" },
	};
	char longest[PATTERN_SIZE + 20];

	(void)state;
	for (size_t i = 0; i <= COUNT(cases); i++) {
		bool last = i == COUNT(cases);
		struct pattern_rule rule = { .expression = last ? longest : cases[i].expression };
		struct patterns *patterns = NULL;
		struct fault fault = { 0 };

		memset(longest, 'x', sizeof(longest));
		longest[sizeof(longest) - 1] = '\0';
		assert_int_equal(patterns_add(&patterns, &rule, &fault), -EINVAL);
		if (!strstr(fault.text, last ? "it is too long" : cases[i].reason))
			fail_msg("%.60s: said '%s'", rule.expression, fault.text);
		patterns_free(patterns);
	}
}

static void a_pattern_that_backtracks_is_given_up(void **state)
{
	static const char tail[] = "d c 192.0.2.5";
	static const char *const expressions[] = { "^(a+)+c <HOST>", "^(a|aa)+c <HOST>",
						   "^(?:.*a){20}c <HOST>" };
	uint64_t given_up = 0;
	char line[LOG_LINE_MAX];

	(void)state;
	memset(line, 'a', sizeof(line));
	memcpy(line, MX "web: ", strlen(MX "web: "));
	memcpy(line + sizeof(line) - sizeof(tail), tail, sizeof(tail));
	for (size_t i = 0; i < COUNT(expressions); i++) {
		struct patterns *patterns = compile(expressions[i], "web");
		struct timespec begin, end;
		int64_t took_ns;
		char got[400];

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
		match(patterns, line, got, sizeof(got));
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
		took_ns = (end.tv_sec - begin.tv_sec) * NS_PER_S + end.tv_nsec - begin.tv_nsec;
		assert_string_equal(got, "");
		given_up += patterns_given_up(patterns);
		/* Some milliseconds; generous for a machine that is slow, or checked by a tool. */
		assert_true(took_ns < 2 * NS_PER_S);
		patterns_free(patterns);
	}
	assert_true(given_up >= 2);
}

static void the_first_pattern_that_matches_counts(void **state)
{
	struct pattern_rule first = { .expression = "^refused <HOST> by",
				      .program = "web",
				      .kind = EVENT_FAILURE,
				      .service = EVENT_SERVICE_IMAP };
	struct pattern_rule second = { .expression = "by <HOST>$",
				       .program = "web",
				       .kind = EVENT_ABUSE,
				       .service = EVENT_SERVICE_IMAP };
	struct patterns *patterns = NULL;
	struct fault fault = { 0 };
	char got[400];

	(void)state;
	assert_int_equal(patterns_add(&patterns, &first, &fault), 0);
	assert_int_equal(patterns_add(&patterns, &second, &fault), 0);
	match(patterns, MX "web: refused 192.0.2.5 by 192.0.2.6", got, sizeof(got));
	assert_string_equal(got, "192.0.2.5 -");
	match(patterns, MX "web: done by 192.0.2.6", got, sizeof(got));
	assert_string_equal(got, "192.0.2.6 -");
	patterns_free(patterns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_finds_address_and_account),
		cmocka_unit_test(a_pasted_failregex_works),
		cmocka_unit_test(what_cannot_be_used_is_refused_with_the_reason),
		cmocka_unit_test(a_pattern_that_backtracks_is_given_up),
		cmocka_unit_test(the_first_pattern_that_matches_counts),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
