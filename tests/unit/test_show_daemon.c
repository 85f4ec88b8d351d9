// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's status file: written, read, damaged, outlived. */
#include "show_example.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct folder {
	char path[64];
};

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	strcpy(folder->path, "/tmp/test_show.XXXXXX");
	*state = folder;
	return mkdtemp(folder->path) ? 0 : -1;
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/" DAEMON_STATUS_FILE, folder->path);
	remove(path);
	rmdir(folder->path); /* fails, and is seen below, if a ".new" was left behind */
	free(folder);
	return 0;
}

static void cleanup_daemon(struct daemon_status **status)
{
	daemon_status_free(*status);
}

static void daemon_status_is_read_back_as_written(void **state)
{
	const struct folder *folder = *state;
	_cleanup_(cleanup_daemon) struct daemon_status *written = example_daemon(), *read = NULL;
	char path[128];
	struct stat stat_of;

	struct attachment devices[2] = {
		{ .device = "eth0",
		  .ifindex = 7,
		  .attached = true,
		  .hook = HOOK_TC,
		  .tcx = true,
		  .stray = "a program of another sekisho",
		  .answers = true },
		{ .device = "eth1", .why = "no such device", .answers_why = "a veth" },
	};

	written->devices = devices;
	written->device_count = 2;
	assert_int_equal(daemon_status_write(folder->path, written, NULL), 0);
	written->decisions++;
	assert_int_equal(daemon_status_write(folder->path, written, NULL), 0);
	snprintf(path, sizeof(path), "%s/" DAEMON_STATUS_FILE ".new", folder->path);
	assert_int_equal(stat(path, &stat_of), -1);
	assert_int_equal(daemon_status_read(folder->path, &read, NULL), 0);
	assert_int_equal(read->pid, 123);
	assert_int_equal(read->pid_start, 456);
	assert_int_equal(read->written_boot_ns, 5000);
	assert_int_equal(read->started_wall_ns, written->started_wall_ns);
	assert_int_equal(read->since_wall_ns, written->since_wall_ns);
	assert_int_equal(read->last_fault.error, -EACCES);
	assert_string_equal(read->last_fault.text, written->last_fault.text);
	assert_int_equal(read->last_fault_wall_ns, written->last_fault_wall_ns);
	assert_int_equal(read->log_count, 1);
	assert_string_equal(read->logs[0].path, "/var/log/mail.log");
	assert_int_equal(read->logs[0].state.cut, 2);
	assert_int_equal(read->logs[0].events, 42);
	assert_memory_equal(read->events, written->events, sizeof(read->events));
	assert_int_equal(read->decisions, 4);
	assert_memory_equal(&read->detect, &written->detect, sizeof(read->detect));
	assert_int_equal(read->account_count, 2);
	assert_string_equal(read->accounts[0].account, "bob\033@example.com");
	assert_int_equal(read->accounts[0].rule, RULE_ACCOUNT_SIEGE);
	assert_int_equal(read->accounts[0].last_wall_ns, written->accounts[0].last_wall_ns);
	assert_memory_equal(&read->alerts, &written->alerts, sizeof(read->alerts));
	assert_int_equal(read->metrics, DAEMON_METRICS_CLOSED);
	assert_int_equal(read->device_count, 2);
	assert_int_equal(read->devices[0].ifindex, 7);
	assert_int_equal(read->devices[0].hook, HOOK_TC);
	assert_true(read->devices[0].attached && read->devices[0].tcx && read->devices[0].answers);
	assert_string_equal(read->devices[0].stray, devices[0].stray);
	assert_false(read->devices[1].attached);
	assert_string_equal(read->devices[1].answers_why, "a veth");
	written->devices = NULL;
}

static void a_damaged_status_file_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "{}", "{\"pid\":-1}", "{\"pid\":99999999999}", "null", "\"x\""
	};
	const struct folder *folder = *state;
	struct daemon_status *status = NULL;
	struct fault fault;
	char path[128];

	snprintf(path, sizeof(path), "%s/" DAEMON_STATUS_FILE, folder->path);
	assert_int_equal(daemon_status_read(folder->path, &status, &fault), -ENOENT);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		FILE *file = fopen(path, "we");

		fputs(texts[i], file);
		fclose(file);
		assert_int_equal(daemon_status_read(folder->path, &status, &fault), -EBADMSG);
		assert_non_null(strstr(fault.text, "remove it"));
		assert_null(status);
	}
}

/* In a folder that another may write, such as the fleet process's, anything may lie there. */
static void a_pipe_and_a_link_are_no_status_file(void **state)
{
	const struct folder *folder = *state;
	struct daemon_status *status = NULL;
	struct fault fault;
	char path[128];

	snprintf(path, sizeof(path), "%s/" DAEMON_STATUS_FILE, folder->path);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(20); /* it would wait for a writer for ever */
	assert_int_equal(daemon_status_read(folder->path, &status, &fault), -EINVAL);
	alarm(0);
	assert_int_equal(remove(path), 0);
	assert_int_equal(symlink("/proc/self/status", path), 0);
	assert_int_equal(daemon_status_read(folder->path, &status, &fault), -ELOOP);
	assert_null(status);
}

static void a_status_that_cannot_be_written_keeps_the_old_one(void **state)
{
	_cleanup_(cleanup_daemon) struct daemon_status *status = example_daemon();
	struct fault fault;

	(void)state;
	assert_int_equal(daemon_status_write("/nonexistent", status, &fault), -ENOENT);
	assert_non_null(strstr(fault.text, "/nonexistent/status.json"));
}

static void the_state_of_a_daemon_follows_its_process_and_its_clock(void **state)
{
	struct daemon_status status = { .written_boot_ns = 1000 };
	uint64_t stale = status.written_boot_ns + (DAEMON_STATUS_STALE_S + 1) * (uint64_t)NS_PER_S;
	pid_t child;

	(void)state;
	assert_int_equal(daemon_state(NULL, 0), DAEMON_NOT_RUNNING);
	assert_int_equal(daemon_state(&status, 0), DAEMON_NOT_RUNNING);
	status.pid = getpid();
	assert_int_equal(process_start(status.pid, &status.pid_start), 0);
	assert_int_equal(daemon_state(&status, 2000), DAEMON_RUNNING);
	assert_int_equal(daemon_state(&status, stale), DAEMON_STALE);
	/* The same number, another process. */
	status.pid_start++;
	assert_int_equal(daemon_state(&status, 2000), DAEMON_NOT_RUNNING);
	child = fork();
	if (!child)
		_exit(0);
	/* Dead and not yet waited for: it has its number, and does nothing. */
	assert_int_equal(waitid(P_PID, (id_t)child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_int_equal(process_start(child, &status.pid_start), -ESRCH);
	waitpid(child, NULL, 0);
	assert_int_equal(process_start(child, &status.pid_start), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(daemon_status_is_read_back_as_written, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(a_damaged_status_file_is_refused, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(a_pipe_and_a_link_are_no_status_file, make_folder,
						remove_folder),
		cmocka_unit_test(a_status_that_cannot_be_written_keeps_the_old_one),
		cmocka_unit_test(the_state_of_a_daemon_follows_its_process_and_its_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
