// SPDX-License-Identifier: GPL-2.0-or-later
/* Who stands in for the daemon, as seen from outside: systemd's files, and what an unprivileged
 * user wrote. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/time.h"
#include "show/stand_in.h"

static char root[64];

static void run(const char *format)
{
	char command[1024];

	snprintf(command, sizeof(command), "cd '%s' && %s", root, format);
	assert_int_equal(system(command), 0);
}

static struct stand_in looked(void)
{
	struct stand_in stand_in;

	stand_in_look(root, &stand_in);
	return stand_in;
}

static int set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "%s", "/tmp/sekisho-stand-in-XXXXXX");
	assert_non_null(mkdtemp(root));
	run("mkdir -p etc/systemd/system/sekisho.service.wants usr/lib/systemd/system "
	    "run/sekisho-stand-in");
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void the_unit_is_found_missing_masked_not_called_and_ready(void **state)
{
	(void)state;
	assert_int_equal(looked().unit, STAND_IN_UNKNOWN); /* no systemd */
	run("mkdir -p run/systemd/system");
	assert_int_equal(looked().unit, STAND_IN_ABSENT);
	run("echo x >usr/lib/systemd/system/sekisho-stand-in.service");
	assert_int_equal(looked().unit, STAND_IN_UNCALLED);
	run("echo x >etc/systemd/system/sekisho.service.wants/sekisho-policy.socket");
	assert_int_equal(looked().unit, STAND_IN_READY);
	/* As systemctl mask, with and without --runtime, has it. */
	run("ln -s /dev/null run/systemd/system/sekisho-stand-in.service");
	assert_int_equal(looked().unit, STAND_IN_MASKED);
	run("rm run/systemd/system/sekisho-stand-in.service && : "
	    ">etc/systemd/system/sekisho-stand-in.service");
	assert_int_equal(looked().unit, STAND_IN_MASKED);
}

static void what_it_answered_is_read_and_whether_it_does(void **state)
{
	struct stand_in seen;
	char path[128];
	int fd;

	(void)state;
	assert_int_equal(looked().answers, 0);
	run("echo 12 1700000000 >run/sekisho-stand-in/answered");
	seen = looked();
	assert_int_equal(seen.answers, 12);
	assert_int_equal(seen.last_wall_ns, 1700000000LL * NS_PER_S);
	assert_false(seen.runs);
	snprintf(path, sizeof(path), "%s/run/sekisho-stand-in/answered", root);
	fd = open(path, O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_true(looked().runs);
	close(fd);
	assert_false(looked().runs);
}

/* Its user has no right, and may be anybody's who broke into it. */
static void what_a_stranger_writes_there_is_numbers_or_nothing(void **state)
{
	static const char *const hostile[] = {
		"echo 5 7 >secret && ln -s ../../secret run/sekisho-stand-in/answered",
		"mkfifo run/sekisho-stand-in/answered",
		"mkdir run/sekisho-stand-in/answered",
		"echo x >run/sekisho-stand-in/answered",
		": >run/sekisho-stand-in/answered",
		"echo 5 99999999999999999999999 >run/sekisho-stand-in/answered",
		"echo 5 -7 >run/sekisho-stand-in/answered",
		"head -c 1000000 /dev/zero >run/sekisho-stand-in/answered",
		"printf '\\033[31m 5 7' >run/sekisho-stand-in/answered",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		run("rm -rf run/sekisho-stand-in/answered");
		run(hostile[i]);
		assert_int_equal(looked().last_wall_ns, 0);
		assert_false(looked().runs);
	}
}

static void the_daemon_of_the_unit_is_told_from_another(void **state)
{
	(void)state;
	run("mkdir -p proc/7 proc/8 && echo 0::/system.slice/sekisho.service >proc/7/cgroup &&"
	    " echo 0::/user.slice/sekisho.service.d/x >proc/8/cgroup");
	assert_true(stand_in_follows(root, 7));
	assert_false(stand_in_follows(root, 8));
	assert_false(stand_in_follows(root, 9));
}

static void shown_is_what_matters(void **state)
{
	struct stand_in ready = { .unit = STAND_IN_READY }, none = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	text_stand_in(out, &none, 0);
	prometheus_stand_in(out, &none);
	fflush(out);
	assert_int_equal(size, 0);
	text_stand_in(out, &ready, 0);
	ready.runs = true;
	ready.answers = 12;
	ready.last_wall_ns = 1700000000LL * NS_PER_S;
	text_stand_in(out, &ready, 1700000180LL * NS_PER_S);
	prometheus_stand_in(out, &ready);
	fclose(out);
	assert_non_null(strstr(text, "stand-in    ready, for when the daemon is stopped\n"));
	assert_non_null(strstr(
		text, "stand-in    ANSWERS Dovecot: every login goes on; 12 questions answered"));
	assert_non_null(strstr(text, "\nsekisho_policy_stand_in_running 1\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_unit_is_found_missing_masked_not_called_and_ready, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_it_answered_is_read_and_whether_it_does,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_a_stranger_writes_there_is_numbers_or_nothing,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_daemon_of_the_unit_is_told_from_another, set_up,
						tear_down),
		cmocka_unit_test(shown_is_what_matters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
