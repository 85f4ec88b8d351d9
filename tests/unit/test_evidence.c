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

#include "daemon/daemon.h"

static struct config config = { .source_length6 = 64 };

static int set_up(void **state)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));

	assert_non_null(daemon);
	daemon->instance.config = &config;
	daemon->evidence = calloc(EVIDENCE_RING, sizeof(*daemon->evidence));
	assert_non_null(daemon->evidence);
	*state = daemon;
	return 0;
}

static int tear_down(void **state)
{
	evidence_free(*state);
	free(*state);
	return 0;
}

static uint64_t keep(struct daemon *daemon, unsigned number)
{
	struct event event = { .wall_ns = number };
	char line[64];
	int size = snprintf(line, sizeof(line), "line %u", number);

	return evidence_keep(daemon, &event, line, (size_t)size);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_known_before_the_start_names_no_line,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_line_is_there_until_as_many_came_as_there_is_room_for, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
