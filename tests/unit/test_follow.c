// SPDX-License-Identifier: GPL-2.0-or-later
/* follow.h on real files in a temporary folder: rotation of every kind, and restarts meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <string.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "log/follow.h"
#include "log/parse.h"

#define PATH_SIZE 128

struct folder {
	char path[PATH_SIZE], log[PATH_SIZE];
	unsigned rotated; /* how many there are */
};

/* What the follower was given: lines "N text". */
struct given {
	unsigned count[40000], total, most;
	size_t longest;
	char last[64];
};

static void take_line(const char *line, size_t size, void *context)
{
	struct given *given = context;
	char copy[64] = "";
	unsigned number;

	memcpy(copy, line, size < sizeof(copy) - 1 ? size : sizeof(copy) - 1);
	memcpy(given->last, copy, sizeof(copy));
	given->total++;
	if (size > given->longest)
		given->longest = size;
	if (sscanf(copy, "%u ", &number) == 1 && number < 40000) {
		given->count[number]++;
		if (number + 1 > given->most)
			given->most = number + 1;
	}
}

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	strcpy(folder->path, "/tmp/test_follow.XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	snprintf(folder->log, PATH_SIZE, "%.60s/mail.log", folder->path);
	*state = folder;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;
	char command[PATH_SIZE + 10];

	snprintf(command, sizeof(command), "rm -rf %s", folder->path);
	assert_int_equal(system(command), 0);
	free(folder);
	return 0;
}

static void append(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void rotated_name(const struct folder *folder, unsigned number, char name[PATH_SIZE])
{
	snprintf(name, PATH_SIZE, "%.100s.%u", folder->log, number);
}

/* Makes room for a new .1 */
static void shift(struct folder *folder)
{
	char from[PATH_SIZE], to[PATH_SIZE];

	for (unsigned i = folder->rotated++; i; i--) {
		rotated_name(folder, i, from);
		rotated_name(folder, i + 1, to);
		assert_int_equal(rename(from, to), 0);
	}
}

static void rotate_by_rename(struct folder *folder)
{
	char to[PATH_SIZE];

	shift(folder);
	rotated_name(folder, 1, to);
	assert_int_equal(rename(folder->log, to), 0);
}

static void rotate_by_copy(struct folder *folder)
{
	char to[PATH_SIZE], buffer[65536];
	_cleanup_close_ int in = open(folder->log, O_RDWR), out = -1;
	ssize_t got;

	shift(folder);
	rotated_name(folder, 1, to);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(in >= 0 && out >= 0);
	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		assert_int_equal(write(out, buffer, (size_t)got), got);
	assert_int_equal(ftruncate(in, 0), 0);
}

static struct follow *start(const struct folder *folder, const struct follow_position *position,
			    bool from_start)
{
	struct follow *follow = NULL;
	struct fault fault = { 0 };

	assert_int_equal(follow_open(folder->log, position, from_start, &follow, &fault), 0);
	return follow;
}

static void read_all(struct follow *follow, struct given *given)
{
	struct fault fault = { 0 };
	int more;

	do
		more = follow_read(follow, 100, take_line, given, &fault);
	while (more == 1);
	if (more)
		fail_msg("%s", fault.text);
}

static void expect_once(const struct given *given, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		if (given->count[i] != 1)
			fail_msg("line %u was handed out %u times", i, given->count[i]);
	assert_int_equal(given->total, to - from);
}

static void test_starts_at_the_end_and_reads_what_comes(void **state)
{
	struct folder *folder = *state;
	struct given given = { 0 };
	struct follow *follow;

	append(folder->log, "0 old\n1 old\n2 ha");
	follow = start(folder, NULL, false);
	read_all(follow, &given);
	assert_int_equal(given.total, 0);
	append(folder->log, "lf\n3 new\n");
	read_all(follow, &given);
	expect_once(&given, 2, 4);
	follow_close(follow);
}

static void test_a_log_that_appears_later_is_read_from_its_begin(void **state)
{
	struct folder *folder = *state;
	struct follow_state seen;
	struct given given = { 0 };
	struct follow *follow = start(folder, NULL, false);

	read_all(follow, &given);
	follow_get_state(follow, &seen);
	assert_true(seen.missing);
	append(folder->log, "0 a\n");
	assert_int_equal(poll(&(struct pollfd){ follow_fd(follow), POLLIN, 0 }, 1, 1000), 1);
	read_all(follow, &given);
	expect_once(&given, 0, 1);
	follow_get_state(follow, &seen);
	assert_false(seen.missing);
	follow_close(follow);
}

/* Nothing to recognise it by: its copies are younger than that it was empty. */
static void test_a_log_that_was_empty_is_found_behind_its_copies(void **state)
{
	struct folder *folder = *state;
	struct follow_position position;
	struct given given = { 0 };
	struct follow *follow;

	append(folder->log, "99 of before\n");
	rotate_by_copy(folder);
	usleep(30000); /* more than a file's times may be behind */
	follow = start(folder, NULL, false);
	read_all(follow, &given);
	follow_get_position(follow, &position);
	follow_close(follow);
	append(folder->log, "0 a\n1 b\n");
	rotate_by_copy(folder);
	append(folder->log, "2 c\n");
	rotate_by_rename(folder);
	append(folder->log, "3 d\n");
	follow = start(folder, &position, false);
	read_all(follow, &given);
	expect_once(&given, 0, 4);
	follow_close(follow);
}

static void test_a_log_that_was_not_there_is_read_from_its_begin_after_a_restart(void **state)
{
	struct folder *folder = *state;
	struct follow_position position;
	struct given given = { 0 };
	struct follow *follow = start(folder, NULL, false);

	read_all(follow, &given);
	follow_get_position(follow, &position);
	follow_close(follow);
	append(folder->log, "0 a\n");
	rotate_by_copy(folder);
	append(folder->log, "1 b\n");
	follow = start(folder, &position, false);
	read_all(follow, &given);
	expect_once(&given, 0, 2);
	follow_close(follow);
}

static void test_lines_before_the_position_are_read_again_on_request(void **state)
{
	struct folder *folder = *state;
	struct given before = { 0 }, given = { 0 };
	struct follow_position position;
	struct follow *follow;

	append(folder->log, "0 a\n1 b\n2 c\n");
	follow = start(folder, NULL, true);
	read_all(follow, &given);
	follow_get_position(follow, &position);
	follow_close(follow);
	append(folder->log, "3 d\n");
	follow = start(folder, &position, false);
	follow_read_before(follow, 6, take_line, &before); /* from the middle of a line */
	expect_once(&before, 2, 3);
	memset(&before, 0, sizeof(before));
	follow_read_before(follow, 8, take_line, &before); /* from where one begins */
	expect_once(&before, 1, 3);
	memset(&before, 0, sizeof(before));
	follow_read_before(follow, 1000, take_line, &before);
	expect_once(&before, 0, 3);
	read_all(follow, &given);
	expect_once(&given, 0, 4);
	follow_close(follow);
}

static void test_a_partial_line_waits_for_its_newline(void **state)
{
	struct folder *folder = *state;
	struct follow_position position;
	struct given given = { 0 };
	struct follow *follow;

	append(folder->log, "0 a\n1 b");
	follow = start(folder, NULL, true);
	read_all(follow, &given);
	expect_once(&given, 0, 1);
	follow_get_position(follow, &position);
	assert_int_equal(position.offset, 4);
	append(folder->log, "\n");
	read_all(follow, &given);
	expect_once(&given, 0, 2);
	follow_close(follow);
}

static void test_late_lines_of_a_renamed_file_are_read(void **state)
{
	struct folder *folder = *state;
	struct given given = { 0 };
	struct follow *follow;
	char old[PATH_SIZE];

	append(folder->log, "0 a\n");
	follow = start(folder, NULL, true);
	rotate_by_rename(folder);
	rotated_name(folder, 1, old);
	append(old, "1 b\n");
	read_all(follow, &given);
	append(folder->log, "2 c\n");
	read_all(follow, &given);
	append(old, "3 d\n");
	assert_int_equal(poll(&(struct pollfd){ follow_fd(follow), POLLIN, 0 }, 1, 1000), 1);
	read_all(follow, &given);
	append(folder->log, "4 e\n");
	read_all(follow, &given);
	expect_once(&given, 0, 5);
	follow_close(follow);
}

/* It was rotated before the reader saw it, or while the reader was away: its writer may still hold
 * it when the reader is at its end. */
static void test_late_lines_of_a_file_that_was_never_live_here_are_read(void **state)
{
	struct folder *folder = *state;
	struct follow_position position;
	struct given given = { 0 };
	struct follow *follow;
	char old[PATH_SIZE];

	append(folder->log, "0 a\n");
	follow = start(folder, NULL, true);
	read_all(follow, &given);
	rotate_by_rename(folder);
	append(folder->log, "1 b\n");
	rotate_by_rename(folder);
	append(folder->log, "");
	read_all(follow, &given);
	rotated_name(folder, 1, old);
	append(old, "2 c\n");
	append(folder->log, "3 d\n");
	read_all(follow, &given);
	expect_once(&given, 0, 4);
	follow_get_position(follow, &position);
	follow_close(follow);
	rotate_by_rename(folder);
	append(folder->log, "");
	follow = start(folder, &position, false);
	read_all(follow, &given);
	append(old, "4 e\n");
	append(folder->log, "5 f\n");
	read_all(follow, &given);
	expect_once(&given, 0, 6);
	follow_close(follow);
}

static void test_content_replaced_at_the_same_size_is_seen(void **state)
{
	struct folder *folder = *state;
	struct given given = { 0 };
	struct follow *follow;

	append(folder->log, "0 a\n1 b\n");
	follow = start(folder, NULL, true);
	read_all(follow, &given);
	assert_int_equal(truncate(folder->log, 0), 0);
	append(folder->log, "2 c\n3 d\n");
	read_all(follow, &given);
	expect_once(&given, 0, 4);
	follow_close(follow);
}

static void test_a_replaced_file_is_read_from_its_begin(void **state)
{
	struct folder *folder = *state;
	struct given given = { 0 };
	struct follow *follow;
	char other[PATH_SIZE];

	append(folder->log, "0 a\n");
	follow = start(folder, NULL, true);
	read_all(follow, &given);
	snprintf(other, sizeof(other), "%.60s/other", folder->path);
	append(other, "1 b\n2 c\n");
	assert_int_equal(rename(other, folder->log), 0);
	read_all(follow, &given);
	expect_once(&given, 0, 3);
	follow_close(follow);
}

static void test_dated_rotations_while_away_are_read_in_order(void **state)
{
	struct folder *folder = *state;
	struct follow_position position;
	struct given given = { 0 };
	struct follow *follow;
	char to[PATH_SIZE];

	append(folder->log, "0 a\n");
	follow = start(folder, NULL, true);
	read_all(follow, &given);
	follow_get_position(follow, &position);
	follow_close(follow);
	append(folder->log, "1 b\n");
	for (unsigned day = 20; day < 23; day++) {
		char line[16];

		snprintf(to, sizeof(to), "%.100s-202611%02u", folder->log, day);
		assert_int_equal(rename(folder->log, to), 0);
		snprintf(line, sizeof(line), "%u x\n", day - 18);
		append(folder->log, line);
	}
	/* A neighbour that is no version of this log, and an unrelated one. */
	snprintf(to, sizeof(to), "%.100s-notes", folder->log);
	append(to, "900 no\n");
	follow = start(folder, &position, false);
	read_all(follow, &given);
	expect_once(&given, 0, 5);
	assert_string_equal(given.last, "4 x");
	follow_close(follow);
}

static void test_over_long_lines_are_cut_and_counted(void **state)
{
	struct folder *folder = *state;
	_cleanup_free_ char *text = malloc(700001);
	struct follow_state seen;
	struct given given = { 0 };
	struct follow *follow;

	append(folder->log, "0 a\n");
	memset(text, 'x', 700000);
	text[700000] = '\0';
	append(folder->log, text);
	append(folder->log, "\n1 b\n");
	text[9000] = '\0';
	append(folder->log, text);
	append(folder->log, "\n2 c\n");
	follow = start(folder, NULL, true);
	read_all(follow, &given);
	follow_get_state(follow, &seen);
	assert_int_equal(seen.cut, 2);
	assert_int_equal(given.longest, LOG_LINE_MAX);
	assert_int_equal(given.total, 5);
	assert_int_equal(given.count[0] + given.count[1] + given.count[2], 3);
	assert_int_equal(seen.lag_bytes, 0);
	follow_close(follow);
}

static void test_an_unreadable_log_is_a_fault_until_it_is_readable(void **state)
{
	struct folder *folder = *state;
	struct fault fault = { 0 };
	struct given given = { 0 };
	struct follow *follow;

	append(folder->log, "0 a\n");
	assert_int_equal(chmod(folder->log, 0), 0);
	assert_int_equal(chmod(folder->path, 0755), 0);
	if (!geteuid()) {
		assert_int_equal(chown(folder->log, 0, 0), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	follow = start(folder, NULL, true);
	assert_int_equal(follow_read(follow, 10, take_line, &given, &fault), -EACCES);
	assert_non_null(strstr(fault.text, "Permission denied"));
	assert_int_equal(follow_read(follow, 10, take_line, &given, &fault), -EACCES);
	assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(chmod(folder->log, 0644), 0);
	assert_int_equal(poll(&(struct pollfd){ follow_fd(follow), POLLIN, 0 }, 1, 1000), 1);
	read_all(follow, &given);
	expect_once(&given, 0, 1);
	follow_close(follow);
}

static void test_a_missing_folder_is_refused(void **state)
{
	struct follow *follow = NULL;
	struct fault fault = { 0 };

	(void)state;
	assert_int_equal(follow_open("/tmp/no-such-folder/x.log", NULL, false, &follow, &fault),
			 -ENOENT);
	assert_null(follow);
	assert_non_null(strstr(fault.text, "/tmp/no-such-folder"));
}

/* ---- the long one ---- */

#define ROTATIONS 60

struct writer {
	struct folder *folder;
	unsigned lines, seed;
	bool done;
};

static void *write_and_rotate(void *context)
{
	struct writer *writer = context;

	for (unsigned rotation = 0; rotation < ROTATIONS; rotation++) {
		unsigned lines = (unsigned)rand_r(&writer->seed) % 300;

		for (unsigned i = 0; i < lines; i++) {
			char line[128];

			snprintf(line, sizeof(line), "%u a line of some length %*s\n",
				 writer->lines++, (int)(rand_r(&writer->seed) % 60), "");
			append(writer->folder->log, line);
			if (rand_r(&writer->seed) % 64 == 0)
				usleep(500);
		}
		append(writer->folder->log, ""); /* it exists even if nothing was written */
		if (rand_r(&writer->seed) % 2)
			rotate_by_rename(writer->folder);
		else
			rotate_by_copy(writer->folder);
	}
	append(writer->folder->log, "39999 end\n");
	__atomic_store_n(&writer->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void follow_through(struct folder *folder, unsigned seed)
{
	static struct given given;
	struct writer writer = { .folder = folder, .seed = seed, .lines = 1 };
	struct follow_position position = { 0 };
	unsigned random = seed * 7919;
	struct follow *follow;
	pthread_t thread;

	append(folder->log, "0 the first\n");
	follow = start(folder, NULL, true);
	memset(&given, 0, sizeof(given));
	assert_int_equal(pthread_create(&thread, NULL, write_and_rotate, &writer), 0);
	while (!given.count[39999]) {
		bool done = __atomic_load_n(&writer.done, __ATOMIC_ACQUIRE);
		struct fault fault = { 0 };
		int more;

		poll(&(struct pollfd){ follow_fd(follow), POLLIN, 0 }, 1, 20);
		more = follow_read(follow, 1 + (unsigned)rand_r(&random) % 200, take_line, &given,
				   &fault);
		if (more < 0)
			fail_msg("%s", fault.text);
		if (rand_r(&random) % 8 == 0) {
			follow_get_position(follow, &position);
			follow_close(follow);
			usleep((unsigned)rand_r(&random) % 6000);
			follow = start(folder, &position, true);
		} else if (done && !more && !given.count[39999]) {
			fail_msg("the end was never seen (seed %u)", seed);
		}
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	read_all(follow, &given);
	follow_close(follow);
	given.total--;
	expect_once(&given, 0, writer.lines);
}

static void test_every_line_once_through_rotations_and_restarts(void **state)
{
	struct folder *folder = *state;

	for (unsigned seed = 1; seed <= 5; seed++) {
		char command[2 * PATH_SIZE];

		follow_through(folder, seed);
		snprintf(command, sizeof(command), "rm -f %s*", folder->log);
		assert_int_equal(system(command), 0);
		folder->rotated = 0;
	}
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_starts_at_the_end_and_reads_what_comes),
		IN_FOLDER(test_a_log_that_appears_later_is_read_from_its_begin),
		IN_FOLDER(test_a_log_that_was_empty_is_found_behind_its_copies),
		IN_FOLDER(test_a_log_that_was_not_there_is_read_from_its_begin_after_a_restart),
		IN_FOLDER(test_lines_before_the_position_are_read_again_on_request),
		IN_FOLDER(test_a_partial_line_waits_for_its_newline),
		IN_FOLDER(test_late_lines_of_a_renamed_file_are_read),
		IN_FOLDER(test_late_lines_of_a_file_that_was_never_live_here_are_read),
		IN_FOLDER(test_content_replaced_at_the_same_size_is_seen),
		IN_FOLDER(test_a_replaced_file_is_read_from_its_begin),
		IN_FOLDER(test_dated_rotations_while_away_are_read_in_order),
		IN_FOLDER(test_over_long_lines_are_cut_and_counted),
		IN_FOLDER(test_an_unreadable_log_is_a_fault_until_it_is_readable),
		cmocka_unit_test(test_a_missing_folder_is_refused),
		IN_FOLDER(test_every_line_once_through_rotations_and_restarts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
