// SPDX-License-Identifier: GPL-2.0-or-later
/* The alert program: what it is told, and that it never holds anybody up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <jansson.h>

#include "alert/alert.h"
#include "base/cleanup.h"
#include "base/time.h"
#include "checked.h"
#include "in_range.h"
#include "net/address.h"

#define HOSTILE "bob\"; rm -rf / #$(reboot)`x`' \\ @example.org"

struct room {
	char folder[64];
	char program[128];
	struct loop *loop;
	struct alerts *alerts;
	size_t faults;
	char fault[1024];
	int ticks;
	size_t until_run;    /* the loop stops when that many have ended */
	size_t until_faults; /* and so much was said */
};

static void note_fault(const char *text, void *context)
{
	struct room *room = context;

	room->faults++;
	snprintf(room->fault, sizeof(room->fault), "%s", text);
}

/* Each 10 ms; a hundred times ten of them are too long. */
static void look(void *context)
{
	struct room *room = context;
	struct alerts_usage usage;

	alerts_get_usage(room->alerts, &usage);
	if ((usage.run >= room->until_run && !usage.running && !usage.waiting &&
	     room->faults >= room->until_faults) ||
	    ++room->ticks > 1000)
		loop_stop(room->loop);
}

static struct room *room_open(const char *script, unsigned timeout_s)
{
	struct room *room = calloc(1, sizeof(*room));
	char *program[] = { room->program, (char *)"one", (char *)"two words", NULL };
	struct fault fault;
	FILE *file;

	snprintf(room->folder, sizeof(room->folder), "/tmp/test-alert-XXXXXX");
	assert_non_null(mkdtemp(room->folder));
	snprintf(room->program, sizeof(room->program), "%s/program", room->folder);
	if (script) {
		file = fopen(room->program, "w");
		fprintf(file, "#!/bin/sh\nfolder=%s\n%s\n", room->folder, script);
		fclose(file);
		chmod(room->program, 0755);
	}
	assert_int_equal(loop_new(&room->loop, &fault), 0);
	assert_int_equal(alerts_new(room->loop, timeout_s, note_fault, room, &room->alerts), 0);
	assert_int_equal(alerts_set_program(room->alerts, program), 0);
	assert_int_equal(loop_every(room->loop, 10000000, look, room), 0);
	return room;
}

static void room_run(struct room *room, size_t until_run)
{
	room->until_run = until_run;
	assert_int_equal(loop_run(room->loop), 0);
	assert_true(room->ticks <= 1000);
}

static void room_close(struct room *room)
{
	char command[128];

	alerts_free(room->alerts);
	loop_free(room->loop);
	snprintf(command, sizeof(command), "rm -rf %s", room->folder);
	assert_int_equal(system(command), 0);
	free(room);
}

static const char *read_back(const struct room *room, const char *name)
{
	static char text[16384];
	char path[128];
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", room->folder, name);
	file = fopen(path, "r");
	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	fclose(file);
	return text;
}

static struct decision spread(void)
{
	struct decision decision = { .rule = RULE_ACCOUNT_SPREAD,
				     .action = ACTION_ALERT,
				     .wall_ns = 1700000000 * NS_PER_S,
				     .has_account = true,
				     .account = HOSTILE,
				     .reason = "logins from 10 networks",
				     .source_count = 3 };
	static const char *const sources[] = { "192.0.2.1/32", "2001:db8::/64", "192.0.2.2/32" };
	static const char *const countries[] = { "BR", "CN", "BR" };

	for (size_t i = 0; i < 3; i++) {
		prefix_parse(sources[i], strlen(sources[i]), &decision.sources[i].prefix);
		decision.sources[i].country = (uint16_t)country_from_text(countries[i], 2);
	}
	decision.sources[0].provider = decision.sources[2].provider = 64500;
	return decision;
}

static void the_facts_of_a_sum_list_all_accounts(void **state)
{
	static const char *const accounts[] = { "bob", "alice@example.org" };
	struct decision decision = { .rule = RULE_ACCOUNT_SPREAD,
				     .action = ACTION_ALERT,
				     .accounts = accounts,
				     .account_count = 2 };
	struct alert alert = { .decision = &decision };
	_cleanup_free_ char *line = alert_json(&alert, "mx");
	char **variables = alert_environment(&alert, "mx");
	bool found = false;

	(void)state;
	assert_non_null(strstr(line, "\"account\":null"));
	assert_non_null(strstr(line, "\"accounts\":[\"bob\",\"alice@example.org\"]"));
	for (char **at = variables; *at; at++)
		found |= !strcmp(*at, "SEKISHO_ACCOUNTS=bob\nalice@example.org");
	assert_true(found);
	alert_environment_free(variables);
}

static void push_one(struct room *room, bool test)
{
	struct store_evidence evidence = { 1700000000 * NS_PER_S, "a \"line\"\\ of \x01 log" };
	struct decision decision = spread();
	struct alert alert = { &decision, NULL, &evidence, 1, NULL, test };

	alerts_push(room->alerts, &alert);
}

static void push(struct room *room)
{
	push_one(room, false);
}

static void the_program_gets_the_facts_as_json_and_as_variables(void **state)
{
	struct room *room = room_open("cat >$folder/json\nenv >$folder/env\n"
				      "printf '%s|' \"$@\" >$folder/arguments",
				      30);
	json_error_t error;
	json_t *json;

	(void)state;
	push(room);
	room_run(room, 1);
	assert_int_equal(room->faults, 0);
	json = json_loads(read_back(room, "json"), 0, &error);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "rule")), "account-spread");
	assert_string_equal(json_string_value(json_object_get(json, "account")), HOSTILE);
	assert_true(json_is_null(json_object_get(json, "prefix")));
	assert_string_equal(json_string_value(json_object_get(json, "time")),
			    "2023-11-14T22:13:20Z");
	assert_int_equal(json_array_size(json_object_get(json, "sources")), 3);
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(json_object_get(json, "sources"), 1), "prefix")),
			    "2001:db8::/64");
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(json, "sources"), 0), "provider")),
		"AS64500");
	assert_true(json_is_null(
		json_object_get(json_array_get(json_object_get(json, "sources"), 1), "provider")));
	assert_int_equal(json_array_size(json_object_get(json, "evidence")), 1);
	assert_true(json_is_null(json_object_get(json, "outflow")));
	json_decref(json);
	assert_non_null(strstr(read_back(room, "env"), "SEKISHO_ACCOUNT=" HOSTILE "\n"));
	assert_non_null(strstr(read_back(room, "env"), "SEKISHO_COUNTRIES=BR CN\n"));
	assert_non_null(strstr(read_back(room, "env"), "SEKISHO_PROVIDERS=AS64500\n"));
	assert_non_null(strstr(read_back(room, "env"),
			       "SEKISHO_SOURCES=192.0.2.1/32 2001:db8::/64 192.0.2.2/32\n"));
	assert_non_null(strstr(read_back(room, "env"), "SEKISHO_PREFIX=\n"));
	assert_non_null(strstr(read_back(room, "env"), "SEKISHO_EVENT=\n"));
	assert_string_equal(read_back(room, "arguments"), "one|two words|");
	room_close(room);
}

static void of_the_outflow_breaker_it_gets_who_sends_where_to(void **state)
{
	struct room *room = room_open("cat >$folder/json\nenv >$folder/env", 30);
	struct decision decision = { .action = ACTION_ALERT, .reason = "too many" };
	struct outflow_suspect suspects[2] = {
		{ .who = { .origin = OUTFLOW_LOCAL, .id = 1234 },
		  .attempts = 7,
		  .held = 6,
		  .destination_count = 2,
		  .more = true,
		  .name = "bob\033",
		  .cgroup_path = "/a b" },
		{ .who = { .origin = OUTFLOW_LOCAL, .id = 123 }, .destination_count = 1 },
	};
	struct outflow_event event = { .begins = true,
				       .subject = "this machine",
				       .mode = GATE_ENFORCE,
				       .since_wall_ns = 1700000000 * NS_PER_S,
				       .held = 6,
				       .suspects = suspects,
				       .suspect_count = 2 };
	struct alert alert = { .decision = &decision, .rule = "outflow", .outflow = &event };
	json_t *json, *outflow, *first;

	(void)state;
	suspects[0].destinations[0] = address_from4(0xc0000219);
	suspects[0].destinations[1] = suspects[1].destinations[0] = address_from4(0xc0000202);
	alerts_push(room->alerts, &alert);
	room_run(room, 1);
	json = json_loads(read_back(room, "json"), 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json, "rule")), "outflow");
	outflow = json_object_get(json, "outflow");
	assert_string_equal(json_string_value(json_object_get(outflow, "event")), "tripped");
	assert_string_equal(json_string_value(json_object_get(outflow, "since")),
			    "2023-11-14T22:13:20Z");
	assert_true(json_is_null(json_object_get(outflow, "account_messages")));
	assert_int_equal(json_array_size(json_object_get(outflow, "suspects")), 2);
	first = json_array_get(json_object_get(outflow, "suspects"), 0);
	assert_int_equal(json_integer_value(json_object_get(first, "id")), 1234);
	assert_string_equal(json_string_value(json_object_get(first, "cgroup")), "/a b");
	assert_int_equal(json_array_size(json_object_get(first, "destinations")), 2);
	json_decref(json);
	/* 123 is no part of 1234, nor 192.0.2.2 of 192.0.2.25. */
	assert_non_null(strstr(read_back(room, "env"), "SEKISHO_UIDS=1234 123\n"));
	assert_non_null(
		strstr(read_back(room, "env"), "SEKISHO_DESTINATIONS=192.0.2.25 192.0.2.2\n"));
	assert_non_null(strstr(read_back(room, "env"), "SEKISHO_HELD=6\n"));
	assert_non_null(strstr(read_back(room, "env"),
			       "in /a b, 7 attempts, to 192.0.2.25 192.0.2.2 and others\n"
			       "uid 123, 0 attempts, to 192.0.2.2\n"));
	room_close(room);
}

static void a_program_that_does_not_read_or_fails_is_reported(void **state)
{
	struct room *room = room_open("exit 3", 30);

	(void)state;
	push(room);
	room_run(room, 1);
	assert_int_equal(room->faults, 1);
	assert_non_null(strstr(room->fault, "failed with status 3 (account-spread, bob"));
	room_close(room);

	room = room_open("kill -9 $$", 30);
	push(room);
	room_run(room, 1);
	assert_non_null(strstr(room->fault, "ended by signal 9"));
	room_close(room);
}

static void of_a_test_the_report_has_what_the_program_said(void **state)
{
	struct room *room =
		room_open("echo 'no such place' >&2\necho; echo 'try another'\nexit 3", 30);

	(void)state;
	push_one(room, true);
	room_run(room, 1);
	assert_non_null(strstr(room->fault, "): no such place; try another"));
	assert_null(strstr(room->fault, "another;"));
	room_close(room);

	/* However much it is. */
	room = room_open("head -c 10000000 /dev/zero | tr '\\0' x\nexit 3", 30);
	push_one(room, true);
	room_run(room, 1);
	assert_non_null(strstr(room->fault, "): xxxx"));
	room_close(room);

	room = room_open("exit 3", 30);
	push_one(room, true);
	room_run(room, 1);
	assert_int_equal(room->fault[strlen(room->fault) - 1], ')');
	room_close(room);
}

static void a_program_that_is_not_there_is_reported(void **state)
{
	struct room *room = room_open(NULL, 30);

	(void)state;
	push(room);
	/* Where posix_spawn(3) has no way to hear of it (valgrind's), it is a status, of valgrind's
	 * choice. */
	if (!room->faults)
		room_run(room, 1);
	assert_int_equal(room->faults, 1);
	assert_true(strstr(room->fault, "cannot be run: No such file") ||
		    (is_under_valgrind() && strstr(room->fault, "failed with status")));
	room_close(room);
}

static void a_program_that_hangs_is_killed_with_its_children(void **state)
{
	struct room *room = room_open("trap '' TERM INT HUP\nsleep 300 & echo $! >$folder/child\n"
				      "sleep 300",
				      1);
	struct timespec before, after;
	char path[64];
	int child;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	push(room);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec <= 1); /* nobody waited for it */
	room_run(room, 1);
	assert_int_equal(room->faults, 1);
	assert_non_null(strstr(room->fault, "did not end within 1 s and was killed"));
	child = atoi(read_back(room, "child"));
	assert_true(child > 1);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", child);
	for (int i = 0; i < 100 && !access(path, F_OK); i++)
		usleep(10000);
	if (!access(path, F_OK)) { /* nobody reaps it here: then it is a zombie */
		FILE *file = fopen(path, "r");

		assert_int_equal(fgetc(file), EOF);
		fclose(file);
	}
	room_close(room);
}

static void what_a_program_leaves_behind_in_a_session_of_its_own_is_killed_too(void **state)
{
	struct room *room = room_open("setsid sleep 300 & echo $! >$folder/child", 1);
	char path[64];
	int child;

	(void)state;
	room->until_faults = 1;
	push(room);
	room_run(room, 1);
	assert_non_null(strstr(room->fault, "left behind had not ended within 1 s"));
	child = atoi(read_back(room, "child"));
	snprintf(path, sizeof(path), "/proc/%d/cmdline", child);
	for (int i = 0; i < 100 && !waitpid(child, NULL, WNOHANG); i++)
		usleep(10000);
	assert_int_not_equal(access(path, F_OK), 0);
	room_close(room);
}

static void four_run_at_once_others_wait_and_more_are_dropped_and_counted(void **state)
{
	struct room *room = room_open("mkdir $folder/run-$$\nls -d $folder/run-* | wc -l "
				      ">>$folder/counts\nsleep 0.05\nrmdir $folder/run-$$",
				      30);
	struct alerts_usage usage;
	char *text;

	(void)state;
	for (int i = 0; i < ALERT_RUNNING_MAX + ALERT_QUEUE_MAX + 10; i++)
		push(room);
	alerts_get_usage(room->alerts, &usage);
	assert_int_equal(usage.running, ALERT_RUNNING_MAX);
	assert_int_equal(usage.waiting, ALERT_QUEUE_MAX);
	assert_int_equal(usage.dropped, 10);
	assert_int_equal(room->faults, 1); /* said once */
	assert_non_null(strstr(room->fault, "256 alerts wait"));
	room->ticks = -2000;
	room_run(room, ALERT_RUNNING_MAX + ALERT_QUEUE_MAX);
	text = strdup(read_back(room, "counts"));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_within(atoi(line), 1, ALERT_RUNNING_MAX);
	free(text);
	room_close(room);
}

static void successes_are_counted_since_the_last_failure(void **state)
{
	/* Three at once, of which one fails: before the others end, or after them. */
	static const struct {
		const char *script;
		unsigned failed, succeeded;
	} runs[] = { { "exit 0", 0, 3 },
		     { "mkdir $folder/first && exit 3; sleep 0.5", 1, 2 },
		     { "mkdir $folder/first || exit 0; sleep 0.5; exit 3", 1, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		struct room *room = room_open(runs[i].script, 30);
		struct alerts_usage usage;

		for (unsigned run = 0; run < 3; run++)
			push(room);
		room_run(room, 3);
		alerts_get_usage(room->alerts, &usage);
		assert_int_equal(usage.failed, runs[i].failed);
		assert_int_equal(usage.succeeded, runs[i].succeeded);
		room_close(room);
	}
}

static void without_a_program_nothing_is_run(void **state)
{
	struct room *room = room_open("touch $folder/ran", 30);
	struct alerts_usage usage;

	(void)state;
	assert_int_equal(alerts_set_program(room->alerts, NULL), 0);
	push(room);
	alerts_get_usage(room->alerts, &usage);
	assert_int_equal(usage.run + usage.waiting + usage.dropped, 0);
	room_close(room);
}

/* As under a system call filter that knows nothing of pidfd_open(2). */
static void refuse_pidfd_open(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(*code), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		puts("the second round is like the first: no system call filter here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_facts_of_a_sum_list_all_accounts),
		cmocka_unit_test(the_program_gets_the_facts_as_json_and_as_variables),
		cmocka_unit_test(of_the_outflow_breaker_it_gets_who_sends_where_to),
		cmocka_unit_test(a_program_that_does_not_read_or_fails_is_reported),
		cmocka_unit_test(of_a_test_the_report_has_what_the_program_said),
		cmocka_unit_test(a_program_that_is_not_there_is_reported),
		cmocka_unit_test(a_program_that_hangs_is_killed_with_its_children),
		cmocka_unit_test(
			what_a_program_leaves_behind_in_a_session_of_its_own_is_killed_too),
		cmocka_unit_test(four_run_at_once_others_wait_and_more_are_dropped_and_counted),
		cmocka_unit_test(successes_are_counted_since_the_last_failure),
		cmocka_unit_test(without_a_program_nothing_is_run),
	};
	int failed = cmocka_run_group_tests_name("alert", tests, NULL, NULL);

	refuse_pidfd_open();
	return failed +
	       cmocka_run_group_tests_name("alert, found out by the timer", tests, NULL, NULL);
}
