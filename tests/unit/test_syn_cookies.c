// SPDX-License-Identifier: GPL-2.0-or-later
/* Where SYNs may be answered with cookies, as far as the machine says. Which SYNs are:
 * tests/cookies.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "enforce/syn_cookies.h"

static void sysctls_decide_and_their_absence_does_not(void **state)
{
	static const struct {
		struct syn_cookies_machine machine;
		const char *why; /* NULL: nothing is in the way */
	} cases[] = {
		{ { 1, 1 }, NULL },
		{ { 1, -1 }, NULL },  /* nothing tracks connections */
		{ { -1, -1 }, NULL }, /* the kernel refuses each cookie by itself */
		{ { 0, 1 }, "tcp_syncookies is 0" },
		{ { 2, 1 }, "tcp_syncookies is 2" },
		{ { 1, 0 }, "tcp_loose is 0" },
	};
	struct config config = { .syn_cookies = COOKIES_AUTO };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *why = syn_cookies_obstacle(&config, &cases[i].machine);

		if (cases[i].why)
			assert_non_null(why && strstr(why, cases[i].why) ? why : NULL);
		else
			assert_null(why);
	}
	config.syn_cookies = COOKIES_OFF;
	assert_non_null(syn_cookies_obstacle(&config, &cases[0].machine));
}

static void only_a_guarded_device_answers_and_not_by_tc(void **state)
{
	const struct syn_cookies_machine machine = { 1, 1 };
	const struct config config = { .syn_cookies = COOKIES_AUTO };
	struct attachment at = { .device = "nosuch0", .attached = true, .hook = HOOK_XDP };

	(void)state;
	syn_cookies_judge(&config, &machine, NULL, &at);
	assert_true(at.answers);
	assert_string_equal(at.answers_why, "");
	at.hook = HOOK_GENERIC;
	syn_cookies_judge(&config, &machine, NULL, &at);
	assert_true(at.answers);
	at.hook = HOOK_TC;
	syn_cookies_judge(&config, &machine, NULL, &at);
	assert_false(at.answers);
	assert_non_null(strstr(at.answers_why, "tc"));
	at.attached = false;
	syn_cookies_judge(&config, &machine, NULL, &at);
	assert_non_null(strstr(at.answers_why, "not guarded"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sysctls_decide_and_their_absence_does_not),
		cmocka_unit_test(only_a_guarded_device_answers_and_not_by_tc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
