// SPDX-License-Identifier: GPL-2.0-or-later
/* The journal as a log: entries become lines, each once, also after a restart. Written by
 * systemd-journal-remote; where that or libsystemd is missing, the tests skip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "log/journal.h"
#include "log/parse.h"
#include "provided.h"

#define FIRST 1795255200000000 /* 2026-11-21T10:00:00Z */

struct room {
	char folder[64], lines[32][256];
	size_t count;
};

/* Entries FIRST + begin .. FIRST + end seconds, two in each, of two units. */
static void write_entries(struct room *room, unsigned begin, unsigned end)
{
	char command[256];
	FILE *pipe;

	snprintf(command, sizeof(command), "%s -o %s/x.journal - >/dev/null 2>&1",
		 provided_journal_remote(), room->folder);
	pipe = popen(command, "w");
	assert_non_null(pipe);
	for (unsigned i = 2 * begin; i < 2 * end; i++)
		fprintf(pipe,
			"__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%u\n"
			"_BOOT_ID=0123456789abcdef0123456789abcdef\n_HOSTNAME=mx\n_PID=12\n"
			"_SYSTEMD_UNIT=%s.service\nSYSLOG_IDENTIFIER=postfix/smtpd\n"
			"MESSAGE=warning: unknown[192.0.2.%u]: SASL LOGIN authentication failed: "
			"x\n\n",
			FIRST + (unsigned long long)(i / 2) * 1000000, i + 1,
			i % 2 ? "postfix" : "other", i / 2);
	assert_int_equal(pclose(pipe), 0);
}

static void on_line(const char *line, size_t size, void *context)
{
	struct room *room = context;

	assert_true(room->count < 32);
	snprintf(room->lines[room->count++], sizeof(*room->lines), "%.*s", (int)size, line);
}

static struct journal *open_journal(struct room *room, const struct follow_position *position,
				    bool from_start)
{
	struct journal *journal = NULL;
	struct fault fault = { 0 };
	int error = journal_open(room->folder, "postfix", position, from_start, &journal, &fault);

	if (error)
		fail_msg("%s", fault.text);
	return journal;
}

static void read_all(struct journal *journal, struct room *room, size_t most)
{
	struct fault fault = { 0 };

	room->count = 0;
	assert_true(journal_read(journal, most, on_line, room, &fault) >= 0);
}

static int enter(void **state)
{
	struct room *room = calloc(1, sizeof(*room));

	strcpy(room->folder, "/tmp/sekisho-journal-XXXXXX");
	*state = room;
	return mkdtemp(room->folder) ? 0 : -1;
}

static int leave(void **state)
{
	struct room *room = *state;
	char path[96];

	snprintf(path, sizeof(path), "%s/x.journal", room->folder);
	unlink(path);
	rmdir(room->folder);
	free(room);
	return 0;
}

static bool can_run(void)
{
	struct journal *journal = NULL;
	struct fault fault;
	int error = journal_open("/tmp", "x", NULL, true, &journal, &fault);

	journal_close(journal);
	if (error == -ENOTSUP || !provided_journal_remote()) {
		print_message("systemd-journal-remote or libsystemd is not on this machine\n");
		return false;
	}
	return true;
}

static void entries_of_the_units_become_lines(void **state)
{
	struct room *room = *state;
	struct log_parser *parser;
	struct journal *journal;
	struct event event;

	if (!can_run())
		skip();
	parser = log_parser_new();
	write_entries(room, 0, 3);
	journal = open_journal(room, NULL, true);
	read_all(journal, room, 100);
	assert_int_equal(room->count, 3);
	assert_string_equal(room->lines[1],
			    "2026-11-21T10:00:01Z mx postfix/smtpd[12]: warning: "
			    "unknown[192.0.2.1]: SASL LOGIN authentication failed: x");
	assert_true(log_parser_line(parser, room->lines[1], strlen(room->lines[1]), &event));
	assert_int_equal(event.wall_ns / 1000, FIRST + 1000000);
	log_parser_free(parser);
	journal_close(journal);
}

static void a_restart_reads_nothing_twice_and_skips_nothing(void **state)
{
	struct follow_position position;
	struct room *room = *state;
	struct journal *journal;

	if (!can_run())
		skip();
	write_entries(room, 0, 5);
	journal = open_journal(room, NULL, true);
	read_all(journal, room, 2);
	assert_int_equal(room->count, 2);
	journal_get_position(journal, &position);
	journal_close(journal);
	write_entries(room, 5, 7);
	journal = open_journal(room, &position, false);
	read_all(journal, room, 100);
	assert_int_equal(room->count, 5);
	assert_non_null(strstr(room->lines[0], "192.0.2.2]"));
	assert_non_null(strstr(room->lines[4], "192.0.2.6]"));
	journal_get_position(journal, &position);
	journal_close(journal);
	journal = open_journal(room, &position, false);
	read_all(journal, room, 100);
	assert_int_equal(room->count, 0);
	journal_close(journal);
}

static void without_a_position_only_what_is_new_is_read(void **state)
{
	struct follow_position position;
	struct room *room = *state;
	struct journal *journal;

	if (!can_run())
		skip();
	write_entries(room, 0, 3);
	journal = open_journal(room, NULL, false);
	read_all(journal, room, 100);
	assert_int_equal(room->count, 0);
	journal_get_position(journal, &position);
	write_entries(room, 3, 5);
	read_all(journal, room, 100);
	assert_int_equal(room->count, 2);
	journal_close(journal);
	journal = open_journal(room, &position, false);
	read_all(journal, room, 100);
	assert_int_equal(room->count, 2);
	journal_close(journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(entries_of_the_units_become_lines, enter, leave),
		cmocka_unit_test_setup_teardown(a_restart_reads_nothing_twice_and_skips_nothing,
						enter, leave),
		cmocka_unit_test_setup_teardown(without_a_position_only_what_is_new_is_read, enter,
						leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
