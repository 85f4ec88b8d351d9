// SPDX-License-Identifier: GPL-2.0-or-later
/* The write-ahead log stays short, whatever is written and for however long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/time.h"
#include "store/sync.h"

#define MOST	(16 << 20)
#define COMMITS 15000 /* a day of one a second has 86,400, and the same longest log */
#define EACH	64    /* commits of a simulated second's length: what the thread has time for */

struct place {
	char folder[64], path[96], log[128];
	struct store *store;
	struct store_sync *sync;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->folder, sizeof(place->folder), "/tmp/sekisho-sync-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->path, sizeof(place->path), "%s/sekisho.db", place->folder);
	snprintf(place->log, sizeof(place->log), "%s-wal", place->path);
	assert_int_equal(store_open(place->folder, false, &place->store, NULL), 0);
	assert_int_equal(store_sync_new(place->folder, &place->sync, NULL), 0);
	assert_int_equal(store_sync_takes(place->store, NULL), 0);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	store_sync_free(place->sync);
	store_close(place->store);
	snprintf(command, sizeof(command), "rm -rf '%s'", place->folder);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

static off_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) ? 0 : status.st_size;
}

/* As the daemon writes the position of a log that has one line more. */
static void commit(struct place *place, unsigned number)
{
	struct follow_position position = { .device = 1, .inode = 2, .offset = number };

	assert_int_equal(store_begin_notes(place->store, NULL), 0);
	assert_int_equal(store_position_put(place->store, "/var/log/mail.log", &position, NULL), 0);
	assert_int_equal(store_commit_notes(place->store, NULL), 0);
}

static void commits_for_hours_leave_a_short_log(void **state)
{
	struct place *place = *state;
	struct fault fault = { 0 };
	off_t longest = 0, size;

	for (unsigned i = 0; i < COMMITS; i++) {
		commit(place, i);
		assert_int_equal(store_sync_request(place->sync, &fault), 0);
		if (i % EACH)
			continue;
		usleep(1000);
		while (store_sync_is_behind(place->sync))
			usleep(1000);
		size = size_of(place->log);
		longest = size > longest ? size : longest;
	}
	print_message("the longest log had %lld bytes\n", (long long)longest);
	assert_true(longest < MOST);
}

/* Whoever reads for long holds the log up; it is emptied once he has gone. */
static void a_log_that_a_reader_held_up_is_emptied_after_him(void **state)
{
	struct place *place = *state;
	struct fault fault = { 0 };
	sqlite3 *reader = NULL;

	commit(place, 0);
	assert_int_equal(sqlite3_open(place->path, &reader), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM positions", NULL, NULL,
				      NULL),
			 SQLITE_OK);
	for (unsigned i = 1; i < 8000; i++)
		commit(place, i);
	assert_true(size_of(place->log) > MOST);
	sqlite3_close(reader);
	for (unsigned i = 0; i < 100 && size_of(place->log) >= MOST; i++) {
		store_sync_request(place->sync, &fault);
		usleep(100000);
	}
	assert_true(size_of(place->log) < MOST);
	assert_int_equal(fault.error, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(commits_for_hours_leave_a_short_log, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_log_that_a_reader_held_up_is_emptied_after_him,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
