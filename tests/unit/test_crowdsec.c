// SPDX-License-Identifier: GPL-2.0-or-later
/* What a LAPI answers, hostile answers too, and the list that is made of it. */
#include "feed/crowdsec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"

#define NOW 1700000000

/* The list that `answer` makes of `last` (NULL: all was asked for), without its first line; or the
 * error. */
static int apply(const char *last, const char *answer, char *made, size_t size)
{
	char folder[] = "/tmp/crowdsec.XXXXXX", before[PATH_MAX], path[PATH_MAX];
	struct config_list list = { .url = "http://127.0.0.1:8080", .file = before };
	_cleanup_free_ char *text = NULL;
	struct fault fault = { 0 };
	size_t length;
	int fd, error;

	assert_non_null(mkdtemp(folder));
	snprintf(before, sizeof(before), "%s/before", folder);
	snprintf(path, sizeof(path), "%s/answer", folder);
	assert_int_equal(file_replace(before, last ? last : "", last ? strlen(last) : 0, &fault),
			 0);
	assert_int_equal(file_replace(path, answer, strlen(answer), &fault), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	error = crowdsec_apply(&list, path, fd, !last, NOW, &fault);
	close(fd);
	if (!error) {
		assert_int_equal(file_read(path, 1 << 20, &text, &length), 0);
		snprintf(made, size, "%s", strchr(text, '\n') + 1);
	}
	unlink(before);
	unlink(path);
	rmdir(folder);
	return error;
}

static void makes(const char *last, const char *answer, const char *wanted)
{
	char made[4096] = "";

	assert_int_equal(apply(last, answer, made, sizeof(made)), 0);
	assert_string_equal(made, wanted);
}

#define BAN(value, left) \
	"{\"scope\":\"Ip\",\"type\":\"ban\",\"value\":\"" value "\",\"duration\":\"" left "\"}"

static void of_several_decisions_the_last_end_holds(void **state)
{
	(void)state;
	makes(NULL,
	      "{\"deleted\":null,\"new\":[" BAN("192.0.2.1", "1m0.5s") "," BAN(
		      "192.0.2.1", "1h") "," BAN("192.0.2.1", "2m") "]}",
	      "1700003600|192.0.2.1|*|in|0|crowdsec\n");
}

static void what_went_goes_before_what_came(void **state)
{
	(void)state;
	makes("1700009999|192.0.2.1|*|in|0|crowdsec\n1700009999|192.0.2.2|*|in|0|crowdsec\n",
	      "{\"deleted\":[" BAN("192.0.2.1", "-5s") "," BAN(
		      "192.0.2.2", "-5s") "],\"new\":[" BAN("192.0.2.1", "1m") "]}",
	      "1700000060|192.0.2.1|*|in|0|crowdsec\n");
}

static void what_has_ended_is_not_kept(void **state)
{
	(void)state;
	makes("1699999999|192.0.2.1|*|in|0|crowdsec\n1700000001|192.0.2.2|*|in|0|crowdsec\n",
	      "{\"deleted\":null,\"new\":null}", "1700000001|192.0.2.2|*|in|0|crowdsec\n");
}

static void other_decisions_and_nonsense_are_left_out(void **state)
{
	static const char answer[] =
		"{\"deleted\":[7,null,{}],\"new\":[[],\"x\",{\"scope\":5,\"type\":{}},"
		"{\"scope\":\"As\",\"type\":\"ban\",\"value\":\"1\",\"duration\":\"1m\"}," BAN(
			"1|2",
			"1m") "," BAN("192.0.2.3\\n0.0.0.0/0",
				      "1m") "," BAN("", "1m") "," BAN("192.0.2.4",
								      "soon") "," BAN("192.0.2.5",
										      "-1m") "]}";

	(void)state;
	makes(NULL, answer, "");
}

static void what_is_no_answer_is_refused(void **state)
{
	static const char *const answers[] = { "",
					       "[]",
					       "{}",
					       "null",
					       "{\"new\":[]}",
					       "{\"new\":{},\"deleted\":null}",
					       "{\"new\":[],\"deleted\":[]",
					       "<html></html>" };
	char made[64];

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		assert_int_equal(apply(NULL, answers[i], made, sizeof(made)), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_several_decisions_the_last_end_holds),
		cmocka_unit_test(what_went_goes_before_what_came),
		cmocka_unit_test(what_has_ended_is_not_kept),
		cmocka_unit_test(other_decisions_and_nonsense_are_left_out),
		cmocka_unit_test(what_is_no_answer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
