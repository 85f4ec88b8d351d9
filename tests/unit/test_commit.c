// SPDX-License-Identifier: GPL-2.0-or-later
/* When what has gathered is written: how much at once while mail servers wait for answers, and that
 * the store's log stays short where no line of a log and no ban has it moved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/detect_store_internal.h"
#include "daemon/policy_server.h"
#include "in_range.h"

#define EACH_TURN 40  /* notes of one turn of the loop */
#define PORTION	  128 /* with which a round begins */
#define LOG_MOST  (12 << 20)

static char folder[64];

struct place {
	struct daemon daemon;
	struct config config;
	struct policy_server policy;
	unsigned turns, turn;
};

/* What a round writes, and all of them. */
static size_t in_round, most_in_round, written, rounds;

static int count_put(struct store *store, const char *account, const void *what,
		     struct fault *fault)
{
	struct store_habit habit = { .last_wall_ns = *(const int64_t *)what };

	in_round++;
	return store_habit_put(store, account, &habit, fault);
}

static void on_committed(struct daemon *daemon, int error)
{
	(void)daemon;
	assert_int_equal(error, 0);
	most_in_round = in_round > most_in_round ? in_round : most_in_round;
	written += in_round;
	in_round = 0;
	rounds++;
}

static const struct commit_part counting = { .committed = on_committed };
static const struct commit_part *const parts[] = { &detect_store_part, &counting, NULL };

static void note(struct daemon *daemon, unsigned number)
{
	const int64_t now = clock_wall_ns();
	char account[32];

	snprintf(account, sizeof(account), "user%u", number);
	detect_store_note(daemon, account, count_put, &now, sizeof(now));
}

static void on_turn(void *context)
{
	struct place *place = context;

	for (unsigned i = 0; i < EACH_TURN; i++)
		note(&place->daemon, place->turn * EACH_TURN + i);
	if (++place->turn < place->turns)
		loop_again(place->daemon.loop, on_turn, place);
	else
		loop_stop(place->daemon.loop);
}

static void run_turns(struct place *place, unsigned turns)
{
	in_round = most_in_round = written = rounds = 0;
	place->turns = turns;
	loop_again(place->daemon.loop, on_turn, place);
	assert_int_equal(loop_run(place->daemon.loop), 0);
}

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	struct fault fault = { 0 };

	snprintf(folder, sizeof(folder), "%s", "/tmp/sekisho-commit-XXXXXX");
	assert_non_null(mkdtemp(folder));
	place->config.paths.state = folder;
	place->daemon.instance.lock_fd = -1;
	place->daemon.instance.config = &place->config;
	place->daemon.commit_parts = parts;
	if (loop_new(&place->daemon.loop, &fault) ||
	    store_open(folder, false, &place->daemon.instance.store, &fault) ||
	    rules_open(&place->daemon, &fault))
		fail_msg("%s", fault.text);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	commit_close(&place->daemon);
	rules_close(&place->daemon);
	loop_free(place->daemon.loop);
	store_close(place->daemon.instance.store);
	free(place);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

/* A second's worth would keep an answer waiting for tens of milliseconds. */
static void no_answer_waits_for_all_that_has_gathered(void **state)
{
	struct place *place = *state;

	place->daemon.policy = &place->policy;
	run_turns(place, 200);
	assert_within(most_in_round, PORTION, PORTION + 2 * EACH_TURN);
	/* It is written sooner than it was, never later. */
	assert_within(written, 200 * EACH_TURN - PORTION - 2 * EACH_TURN, 200 * EACH_TURN);
}

static void without_mail_servers_that_ask_it_is_written_once_a_second(void **state)
{
	struct place *place = *state;

	run_turns(place, 200);
	assert_int_equal(rounds, 0);
	commit_sync(&place->daemon);
	assert_int_equal(rounds, 1);
	assert_int_equal(written, 200 * EACH_TURN);
}

static off_t log_size(void)
{
	struct stat status;
	char log[128];

	snprintf(log, sizeof(log), "%s/sekisho.db-wal", folder);
	return stat(log, &status) ? 0 : status.st_size;
}

/* There are no bans and no lines that would have it moved. */
static void what_mail_servers_report_leaves_a_short_log_of_the_store(void **state)
{
	struct place *place = *state;
	off_t longest;

	commit_open(&place->daemon);
	assert_non_null(place->daemon.sync);
	place->daemon.policy = &place->policy;
	for (unsigned i = 0; i < 2000 && log_size() < LOG_MOST; i++) {
		note(&place->daemon, i);
		commit_sync(&place->daemon);
	}
	longest = log_size();
	for (unsigned i = 0; i < 1000 && log_size() >= LOG_MOST; i++) {
		note(&place->daemon, i);
		commit_sync(&place->daemon);
		usleep(20000);
	}
	print_message("the log had %lld bytes, and has %lld\n", (long long)longest,
		      (long long)log_size());
	assert_true(longest > LOG_MOST / 4 && log_size() < LOG_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_answer_waits_for_all_that_has_gathered, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			without_mail_servers_that_ask_it_is_written_once_a_second, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			what_mail_servers_report_leaves_a_short_log_of_the_store, set_up,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
