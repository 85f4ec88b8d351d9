// SPDX-License-Identifier: GPL-2.0-or-later
/* What has the form of a queue id, and what only looks like a word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "log/queue_id.h"
#include "show/visible.h"

static void the_ids_of_mail_servers_are_known(void **state)
{
	static const char *const postfix[] = {
		"8C74351089D",	"4ABC01",	   "FFFFF7FFFFFFFFFFFFFFF",  "4Wq8Zs1xTzz3hN",
		"4Wq8Zs1xTBz1", "3Pt2mN2VXxznjll", "4Wq8Zs1xTBzKL3456789BCD"
	};
	static const char *const exim[] = { "1wQ2xZ-0004Rm-2b", "1wQ2xZ-00000004RmA-2bCd" };

	(void)state;
	for (size_t i = 0; i < sizeof(postfix) / sizeof(*postfix); i++)
		assert_int_equal(queue_id_daemon(postfix[i]), EVENT_DAEMON_POSTFIX);
	for (size_t i = 0; i < sizeof(exim) / sizeof(*exim); i++)
		assert_int_equal(queue_id_daemon(exim[i]), EVENT_DAEMON_EXIM);
}

/* Among them all words that postsuper, postcat and exim take: ALL, options, names of queues. */
static void no_word_is_a_queue_id(void **state)
{
	static const char *const others[] = {
		"", "-", "-d", "--", "ALL", "all", "ALLALL", "hold", "HOLD", "incoming", "active",
		"deferred", "DEFERRED", "corrupt", "maildrop", "NOQUEUE", "saved", "trace",
		/* short ids: too short, too long, small letters */
		"4ABC0", "4ABC0000000000000000000", "4abc01", "8C74351089d", " 8C74351089D",
		"8C74351089D ", "8C74351089D\n", "8C74351089D;id",
		/* long ids: a vowel, no time, no inode, no 'z' */
		"4Wq8Zs1xTAz1", "4Wq8Zs1xTz1", "4Wq8Zs1xTBz", "4Wq8Zs1xTBB1", "4Wq8Zs1xTB$z1",
		"4Wq8Zs1xTBz3456789BCDFGHJKLMNP",
		/* Exim's */
		"1wQ2xZ-0004Rm-2", "1wQ2xZ-0004Rm-2bC", "1wQ2xZ0-004Rm-2b", "1wQ2xZ-00000004RmA-2b",
		"------0004Rm--2b", "1wQ2xZ-0004Rm-$b", "-wQ2xZ-0004Rm-2b", "1wQ2xZ-0004Rm-2b-",
		"1wQ2xZ_0004Rm_2b"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (queue_id_daemon(others[i]))
			fail_msg("'%s' is taken as a queue id", others[i]);
}

static void a_word_of_a_command_is_nothing_else(void **state)
{
	static const char *const others[] = { "",      "-x",   "a b", "a;b",  "`id`",
					      "$(id)", "it's", "\"",  "a\\b", "a\nb",
					      "~root", "#",    "!x",  "*",    "\xc3\xa9" };

	(void)state;
	assert_true(visible_is_word("bob"));
	assert_true(visible_is_word("Bob_1+x-y=z@example.org"));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(visible_is_word(others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ids_of_mail_servers_are_known),
		cmocka_unit_test(no_word_is_a_queue_id),
		cmocka_unit_test(a_word_of_a_command_is_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
