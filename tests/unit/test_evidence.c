// SPDX-License-Identifier: GPL-2.0-or-later
/* The lines that an alert or ban quotes: those of its own events, and no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/time.h"
#include "daemon/daemon.h"
#include "log/attempts.h"
#include "log/joining.h"

#define BEGAN_NS (1795255200 * NS_PER_S)

static struct config config = { .source_length6 = 64 };

static int set_up(void **state)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));

	assert_non_null(daemon);
	daemon->instance.config = &config;
	daemon->evidence = calloc(EVIDENCE_RING, sizeof(*daemon->evidence));
	assert_non_null(daemon->evidence);
	daemon->joining = joining_new();
	assert_non_null(daemon->joining);
	*state = daemon;
	return 0;
}

static int tear_down(void **state)
{
	struct daemon *daemon = *state;

	joining_free(daemon->joining);
	evidence_free(daemon);
	free(daemon);
	return 0;
}

static uint64_t keep(struct daemon *daemon, unsigned number)
{
	char line[64];
	int size = snprintf(line, sizeof(line), "line %u", number);
	struct event event = { .wall_ns = number,
			       .line = evidence_keep(daemon, line, (size_t)size) };

	evidence_describe(daemon, &event);
	return event.line;
}

/* What the store knew of before this start has the tag 0: no line of it is here. */
static void what_was_known_before_the_start_names_no_line(void **state)
{
	struct daemon *daemon = *state;
	struct decision decision = { .evidence_count = 3 };
	struct store_evidence evidence[DECISION_EVIDENCE_MAX];

	assert_null(evidence_line(daemon, 0));
	decision.evidence[1] = keep(daemon, 1); /* somebody else's, the first since the start */
	assert_null(evidence_line(daemon, 0));
	decision.evidence[1] = keep(daemon, 2);
	assert_int_equal(evidence_of(daemon, &decision, evidence), 1);
	assert_string_equal(evidence[0].line, "line 2");
	assert_int_equal(evidence[0].wall_ns, 2);
}

static void a_line_is_there_until_as_many_came_as_there_is_room_for(void **state)
{
	struct daemon *daemon = *state;
	uint64_t first = keep(daemon, 1);

	for (unsigned i = 2; i <= EVIDENCE_RING; i++)
		keep(daemon, i);
	assert_string_equal(evidence_line(daemon, first)->line, "line 1");
	assert_null(evidence_line(daemon, 0));
	keep(daemon, EVIDENCE_RING + 1);
	assert_null(evidence_line(daemon, first));
	assert_string_equal(evidence_line(daemon, first + 1)->line, "line 2");
	assert_null(evidence_line(daemon, 0));
}

/* Joins what a line of Dovecot, of a log or reported, tells of an account; its text is the account.
 * Returns the text of the event that comes out, if any. */
static const char *join(struct daemon *daemon, const char *account, enum event_kind kind,
			enum evidence evidence)
{
	struct line_event line_event = { .evidence = evidence,
					 .event = { .wall_ns = BEGAN_NS,
						    .kind = kind,
						    .count = 1,
						    .has_source = true,
						    .has_account = true,
						    .source = address_from4(0xc6336407) } };
	struct event event;

	strcpy(line_event.event.account, account);
	line_event.account = line_event_account(&line_event.event);
	if (!evidence_join(daemon, &line_event, account, strlen(account), &event))
		return NULL;
	evidence_describe(daemon, &event);
	return evidence_line(daemon, event.line)->line;
}

static void an_event_that_waited_has_its_own_line(void **state)
{
	struct daemon *daemon = *state;
	struct event event;
	unsigned waited = 0;

	joining_expect_reports(daemon->joining, true);
	joining_asked(daemon->joining, BEGAN_NS);
	assert_null(join(daemon, "bob", EVENT_FAILURE, EVIDENCE_BACKEND));
	assert_string_equal(join(daemon, "eve", EVENT_SUCCESS, EVIDENCE_REPORT), "eve");
	assert_null(join(daemon, "carol", EVENT_FAILURE, EVIDENCE_BACKEND));
	assert_string_equal(join(daemon, "dave", EVENT_SUCCESS, EVIDENCE_REPORT), "dave");
	while (joining_next(daemon->joining, BEGAN_NS + 9 * NS_PER_S, &event)) {
		const struct remembered *line = evidence_line(daemon, event.line);

		evidence_describe(daemon, &event);
		assert_string_equal(line->line, event.account);
		assert_int_equal(line->wall_ns, BEGAN_NS);
		assert_true(line->has_source);
		waited++;
	}
	assert_int_equal(waited, 2);
}

/* Nor does it make the lines of others be forgotten earlier. */
static void a_line_without_an_event_is_not_kept(void **state)
{
	struct daemon *daemon = *state;

	assert_string_equal(join(daemon, "bob", EVENT_FAILURE, EVIDENCE_BACKEND), "bob");
	assert_null(join(daemon, "bob", EVENT_FAILURE, EVIDENCE_FRONTEND));
	assert_int_equal(daemon->last_tag, 1);
	assert_string_equal(join(daemon, "eve", EVENT_SUCCESS, EVIDENCE_FRONTEND), "eve");
	assert_int_equal(daemon->last_tag, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_known_before_the_start_names_no_line,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_line_is_there_until_as_many_came_as_there_is_room_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_event_that_waited_has_its_own_line, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_line_without_an_event_is_not_kept, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
