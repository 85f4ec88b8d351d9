// SPDX-License-Identifier: GPL-2.0-or-later
/* What a mail server reports, and its log lines of the same: one event, whichever comes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/time.h"
#include "log/attempts.h"
#include "log/joining.h"
#include "log/parse.h"

#define BEGAN_NS (1795255200 * NS_PER_S) /* 2026-11-21T10:00:00Z */

struct room {
	struct joining *joining;
	struct log_parser *parser;
	enum event_password password; /* that reports tell */
	struct event last;	      /* that came out */
};

static int set_up(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	room->joining = joining_new();
	room->parser = log_parser_new();
	joining_expect_reports(room->joining, true);
	log_parser_share(room->parser, room->joining);
	*state = room;
	return 0;
}

static int tear_down(void **state)
{
	struct room *room = *state;

	log_parser_free(room->parser);
	joining_free(room->joining);
	free(room);
	return 0;
}

/* How many events came out, attempts counted, until `second`. */
static unsigned drain(struct room *room, int64_t second)
{
	struct event event;
	unsigned count = 0;

	while (joining_next(room->joining, BEGAN_NS + second * NS_PER_S, &event))
		count += event.count, room->last = event;
	return count;
}

static unsigned line(struct room *room, unsigned second, const char *rest)
{
	char text[512];
	struct event event;
	int size = snprintf(text, sizeof(text), "2026-11-21T%02u:%02u:%02uZ mx %s",
			    10 + second / 3600, second / 60 % 60, second % 60, rest);

	return log_parser_line(room->parser, text, (size_t)size, &event) ? event.count : 0;
}

static unsigned report(struct room *room, unsigned second, enum event_kind kind,
		       const char *session, bool counts)
{
	struct line_event sighting = { .evidence = EVIDENCE_REPORT, .uncounted = !counts };
	struct event *event = &sighting.event, out;

	event->wall_ns = BEGAN_NS + second * NS_PER_S;
	event->kind = kind;
	event->password = room->password;
	event->count = 1;
	event->has_source = event->has_account = true;
	event->source = address_from4(0xc6336407); /* 198.51.100.7 */
	strcpy(event->account, "bob");
	if (kind == EVENT_MESSAGE)
		strcpy(event->queue, session);
	else if (*session)
		sighting.session = span_hash(span_of(session)) | 1;
	sighting.account = line_event_account(event);
	return joining_take(room->joining, &sighting, &out) ? out.count : 0;
}

#define BACK(session) "dovecot: auth: passwd-file(bob,198.51.100.7" session "): Password mismatch"
#define FRONT \
	"postfix/smtpd[1]: warning: unknown[198.51.100.7]: SASL LOGIN authentication failed: x"
#define END(session)                                                                          \
	"dovecot: imap-login: Login aborted: Logged out (auth failed, 1 attempts in 0 secs) " \
	"(auth_failed): user=<bob>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.1, "          \
	"session=<" session ">"
#define LOGIN                                                                                     \
	"dovecot: imap-login: Login: user=<bob>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.1, " \
	"mpid=1, session=<abc>"
#define MESSAGE                                                                                \
	"postfix/submission/smtpd[1]: 4SX1: client=unknown[198.51.100.7], sasl_method=PLAIN, " \
	"sasl_username=bob"

static void a_failure_is_one_event_in_either_order(void **state)
{
	struct room *room = *state;

	assert_int_equal(line(room, 0, BACK(",<s1>")), 1);
	assert_int_equal(report(room, 0, EVENT_FAILURE, "s1", true), 0);
	assert_int_equal(report(room, 1, EVENT_FAILURE, "s2", true), 1);
	assert_int_equal(line(room, 1, BACK(",<s2>")), 0);
	assert_int_equal(drain(room, 59), 0);
	/* Through Postfix no session is named. */
	assert_int_equal(report(room, 20, EVENT_FAILURE, "", true), 1);
	assert_int_equal(line(room, 20, BACK("")), 0);
	assert_int_equal(line(room, 22, FRONT), 0);
	assert_int_equal(drain(room, 59), 0);
}

static void where_reports_come_a_line_waits_for_its_own(void **state)
{
	struct room *room = *state;

	assert_int_equal(report(room, 0, EVENT_FAILURE, "s0", true), 1);
	assert_int_equal(line(room, 10, BACK(",<s1>")), 0);
	assert_int_equal(report(room, 10, EVENT_FAILURE, "s1", true), 0);
	assert_int_equal(drain(room, 10), 1);
	/* One that does not count takes its line with it. */
	assert_int_equal(line(room, 20, BACK("")), 0);
	assert_int_equal(report(room, 20, EVENT_FAILURE, "", false), 0);
	assert_int_equal(line(room, 22, FRONT), 0);
	assert_int_equal(drain(room, 40), 0);
	assert_int_equal(report(room, 40, EVENT_FAILURE, "s2", false), 0);
	assert_int_equal(line(room, 40, BACK(",<s2>")), 0);
	assert_int_equal(drain(room, 45), 0);
	/* And one of which none comes is an event all the same. */
	assert_int_equal(line(room, 50, BACK(",<s3>")), 0);
	assert_int_equal(drain(room, 51), 0);
	assert_int_equal(drain(room, 54), 1);
}

static void what_a_report_says_of_the_password_is_kept_where_its_line_came_first(void **state)
{
	struct room *room = *state;

	assert_int_equal(report(room, 0, EVENT_FAILURE, "s0", true), 1);
	room->password = EVENT_PASSWORD_OLD;
	assert_int_equal(line(room, 10, BACK(",<s1>")), 0);
	assert_int_equal(report(room, 10, EVENT_FAILURE, "s1", true), 0);
	assert_int_equal(drain(room, 10), 1);
	assert_int_equal(room->last.password, EVENT_PASSWORD_OLD);
	assert_int_equal(line(room, 20, BACK("")), 0);
	assert_int_equal(report(room, 20, EVENT_FAILURE, "", true), 0);
	assert_int_equal(drain(room, 20), 1);
	assert_int_equal(room->last.password, EVENT_PASSWORD_OLD);
}

static void a_session_s_end_before_its_report_is_the_same_attempt(void **state)
{
	struct room *room = *state;

	assert_int_equal(report(room, 0, EVENT_FAILURE, "s0", true), 1);
	/* One that does not count takes it back, in whatever order the three come. */
	assert_int_equal(line(room, 10, END("s1")), 0);
	assert_int_equal(report(room, 10, EVENT_FAILURE, "s1", false), 0);
	assert_int_equal(line(room, 10, BACK(",<s1>")), 0);
	assert_int_equal(line(room, 20, END("s2")), 0);
	assert_int_equal(line(room, 20, BACK(",<s2>")), 0);
	assert_int_equal(report(room, 20, EVENT_FAILURE, "s2", false), 0);
	assert_int_equal(drain(room, 29), 0);
	assert_int_equal(line(room, 30, END("s3")), 0);
	assert_int_equal(report(room, 30, EVENT_FAILURE, "s3", true), 0);
	assert_int_equal(line(room, 30, BACK(",<s3>")) + drain(room, 39), 1);
}

static void both_lines_before_the_report_are_the_same_attempt(void **state)
{
	struct room *room = *state;

	assert_int_equal(report(room, 0, EVENT_FAILURE, "s0", true), 1);
	assert_int_equal(line(room, 10, BACK("")), 0);
	assert_int_equal(line(room, 10, FRONT), 0);
	assert_int_equal(report(room, 10, EVENT_FAILURE, "", false), 0);
	assert_int_equal(drain(room, 24), 0);
	/* The front's line may be in another file, and come first. */
	assert_int_equal(line(room, 25, FRONT), 0);
	assert_int_equal(line(room, 25, BACK("")), 0);
	assert_int_equal(report(room, 25, EVENT_FAILURE, "", false), 0);
	assert_int_equal(drain(room, 39), 0);
	assert_int_equal(line(room, 40, BACK("")), 0);
	assert_int_equal(line(room, 40, FRONT), 0);
	assert_int_equal(report(room, 40, EVENT_FAILURE, "", true), 0);
	assert_int_equal(drain(room, 41), 1);
	assert_int_equal(drain(room, 59), 0);
}

static void ask(struct room *room, unsigned second)
{
	joining_asked(room->joining, BEGAN_NS + second * NS_PER_S);
}

static void what_was_asked_about_waits_for_its_report_from_the_first_line_on(void **state)
{
	struct room *room = *state;

	/* Right for the second of two databases; nothing was reported before. */
	ask(room, 0);
	assert_int_equal(line(room, 0, BACK(",<abc>")), 0);
	assert_int_equal(line(room, 0, LOGIN), 1);
	assert_int_equal(report(room, 0, EVENT_SUCCESS, "abc", true), 0);
	assert_int_equal(drain(room, 59), 0);
	/* Much later the same wrong password as before. */
	ask(room, 3000);
	assert_int_equal(line(room, 3000, BACK(",<s1>")), 0);
	assert_int_equal(report(room, 3000, EVENT_FAILURE, "s1", false), 0);
	assert_int_equal(drain(room, 4000), 0);
}

static void where_reports_never_come_lines_wait_no_more(void **state)
{
	struct room *room = *state;

	for (unsigned i = 0; i < UNREPORTED_MOST; i++)
		ask(room, 0);
	assert_int_equal(line(room, 0, BACK(",<s1>")), 0);
	assert_int_equal(drain(room, 3), 1);
	ask(room, 900);
	assert_int_equal(line(room, 900, BACK(",<s2>")), 1);
	/* One came after all. */
	assert_int_equal(report(room, 900, EVENT_FAILURE, "s2", true), 0);
	ask(room, 1800);
	assert_int_equal(line(room, 1800, BACK(",<s3>")), 0);
	assert_int_equal(report(room, 1800, EVENT_FAILURE, "s3", true), 0);
	assert_int_equal(drain(room, 1800), 1);
}

static void a_login_and_a_message_are_one_event_in_either_order(void **state)
{
	struct room *room = *state;

	assert_int_equal(line(room, 0, LOGIN), 1);
	assert_int_equal(report(room, 0, EVENT_SUCCESS, "abc", true), 0);
	assert_int_equal(report(room, 10, EVENT_SUCCESS, "abc", true), 1);
	assert_int_equal(line(room, 10, LOGIN), 0);
	assert_int_equal(report(room, 20, EVENT_SUCCESS, "", true), 1);
	assert_int_equal(report(room, 21, EVENT_SUCCESS, "", true), 1);
	assert_int_equal(line(room, 30, MESSAGE), 1);
	assert_int_equal(report(room, 50, EVENT_MESSAGE, "4SX1", true), 0);
	assert_int_equal(report(room, 51, EVENT_MESSAGE, "4SX2", true), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_failure_is_one_event_in_either_order),
		TEST(where_reports_come_a_line_waits_for_its_own),
		TEST(a_session_s_end_before_its_report_is_the_same_attempt),
		TEST(both_lines_before_the_report_are_the_same_attempt),
		TEST(what_a_report_says_of_the_password_is_kept_where_its_line_came_first),
		TEST(what_was_asked_about_waits_for_its_report_from_the_first_line_on),
		TEST(where_reports_never_come_lines_wait_no_more),
		TEST(a_login_and_a_message_are_one_event_in_either_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
