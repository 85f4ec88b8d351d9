// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration, store, gate and the writers' lock, opened together; configuration and gate are
 * made up here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/instance.h"
#include "enforce/publish.h"
#include "in_range.h"

__attribute__((weak)) void ranges_free(struct ranges *ranges)
{
	free(ranges->v4);
	free(ranges->v6);
	*ranges = (struct ranges){ 0 };
}

static char folder[64], state_path[80];
static int config_faults, gates, syncs;

int config_load(const char *path, config_fault *report, void *context, struct config **config)
{
	char text[64];

	(void)path;
	for (int i = 1; i <= config_faults; i++) {
		snprintf(text, sizeof(text), "/x.conf:%d: unknown key 'moed'; is it 'mode'?", i);
		report(text, context);
	}
	if (config_faults)
		return -EINVAL;
	*config = calloc(1, sizeof(**config));
	(*config)->paths.state = strdup(state_path);
	(*config)->paths.pins = strdup("pins");
	return 0;
}

int config_load_faulty(const char *path, config_fault *report, void *context,
		       struct config **config)
{
	int faults = config_faults, error = config_load(path, report, context, config);

	config_faults = 0;
	if (error)
		error = config_load(path, report, context, config);
	config_faults = faults;
	return error;
}

void config_free(struct config *config)
{
	free(config->paths.state);
	free(config->paths.pins);
	free(config);
}

struct gate {
	int unused;
};

int gate_open(const char *pins, struct gate **gate, struct fault *fault)
{
	static struct gate one;

	assert_string_equal(pins, "pins");
	if (!gates)
		return fault_set(fault, -ENOENT, "no gate is loaded");
	*gate = &one;
	return 0;
}

int gate_service_names(struct gate *gate, struct service_names *names, struct fault *fault)
{
	(void)gate, (void)fault;
	memset(names, 0, sizeof(*names));
	return 0;
}

int gate_services_busy(struct gate *gate, uint32_t *ids, struct fault *fault)
{
	(void)gate, (void)fault;
	*ids = 0;
	return 0;
}

int config_place_services(struct config *config, const struct service_names *known, uint32_t busy,
			  struct fault *fault)
{
	(void)config, (void)known, (void)busy, (void)fault;
	return 0;
}

bool gate_is_pinned(const struct gate *gate)
{
	assert_non_null(gate);
	return true;
}

bool gate_has_programs(const struct gate *gate)
{
	assert_non_null(gate);
	return false;
}

void gate_close(struct gate *gate)
{
	assert_non_null(gate);
}

int publish_sync(struct instance *instance, bool *published, struct fault *fault)
{
	(void)published;
	assert_true(instance->tables_held);
	syncs++;
	return fault_set(fault, -EIO, "cannot publish");
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/sekisho-instance-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(state_path, sizeof(state_path), "%s/state", folder);
	config_faults = gates = syncs = 0;
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

static void a_wrong_configuration_is_refused_with_its_place_and_how_much_more_there_is(void **state)
{
	struct instance instance;
	struct fault fault;

	(void)state;
	config_faults = 1;
	assert_int_equal(instance_open(NULL, INSTANCE_GATE, &instance, &fault), -EINVAL);
	assert_string_equal(fault.text, "/x.conf:1: unknown key 'moed'; is it 'mode'?");
	config_faults = 3;
	assert_int_equal(instance_open(NULL, INSTANCE_GATE, &instance, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "/x.conf:1: "));
	assert_non_null(strstr(fault.text, "2 more: `sekisho check`"));
	instance_close(&instance);
}

static void a_command_that_can_do_without_gets_the_fault_beside_the_instance(void **state)
{
	_cleanup_(instance_close) struct instance instance;
	struct fault fault = { 0 };

	(void)state;
	config_faults = 3;
	assert_int_equal(instance_open(NULL, INSTANCE_GATE | INSTANCE_FAULTY, &instance, &fault),
			 0);
	assert_non_null(strstr(instance.config_fault.text, "2 more: `sekisho check`"));
	assert_string_equal(instance.config->paths.pins, "pins");
	instance_close(&instance);
	config_faults = 0;
	assert_int_equal(instance_open(NULL, INSTANCE_GATE | INSTANCE_FAULTY, &instance, &fault),
			 0);
	assert_int_equal(instance.config_fault.error, 0);
}

static void reading_makes_nothing_and_takes_no_lock(void **state)
{
	_cleanup_(instance_close) struct instance instance;
	struct fault fault;

	(void)state;
	assert_int_equal(
		instance_open(NULL, INSTANCE_STORE_READ | INSTANCE_GATE, &instance, &fault), 0);
	assert_null(instance.store);
	assert_int_equal(instance.store_fault.error, -ENOENT);
	assert_null(instance.gate);
	assert_int_equal(instance.gate_fault.error, -ENOENT);
	assert_int_equal(instance.lock_fd, -1);
	assert_int_equal(access(state_path, F_OK), -1);
}

static void writing_makes_the_store_and_holds_the_lock(void **state)
{
	_cleanup_(instance_close) struct instance instance;
	struct fault fault;

	(void)state;
	assert_int_equal(instance_open(NULL, INSTANCE_STORE_WRITE, &instance, &fault), 0);
	assert_non_null(instance.store);
	assert_true(instance.lock_fd >= 0);
	assert_int_equal(syncs, 0);
	assert_int_equal(instance_lock(&instance, &fault), 0); /* held already */
	instance_unlock(&instance);
	instance_unlock(&instance);
	assert_int_equal(instance.lock_fd, -1);
}

static void what_a_killed_importer_left_is_completed_when_both_are_open(void **state)
{
	_cleanup_(instance_close) struct instance instance;
	struct fault fault;

	(void)state;
	gates = 1;
	assert_int_equal(
		instance_open(NULL, INSTANCE_STORE_WRITE | INSTANCE_GATE, &instance, &fault), 0);
	assert_int_equal(syncs, 0); /* a ban does not wait for that */
	instance_close(&instance);
	assert_int_equal(instance_open(NULL, INSTANCE_TABLES | INSTANCE_GATE, &instance, &fault),
			 0);
	assert_int_equal(syncs, 1);
	assert_int_equal(instance.lock_fd, -1);
	assert_string_equal(instance.sync_fault.text, "cannot publish");
	assert_non_null(instance.gate);
}

static void a_damaged_store_leaves_the_gate_usable(void **state)
{
	_cleanup_(instance_close) struct instance instance;
	char command[256];
	struct fault fault;

	(void)state;
	gates = 1;
	snprintf(command, sizeof(command), "mkdir '%s' && echo noise >'%s/sekisho.db'", state_path,
		 state_path);
	assert_int_equal(system(command), 0);
	assert_int_equal(
		instance_open(NULL, INSTANCE_STORE_WRITE | INSTANCE_GATE, &instance, &fault), 0);
	assert_null(instance.store);
	assert_int_equal(instance.store_fault.error, -EBADMSG);
	assert_non_null(instance.gate);
	assert_true(instance.lock_fd >= 0);
	assert_int_equal(syncs, 0);
}

/* A child that opens for writing, says so, and holds on until it is told to end. */
static pid_t hold(int *told)
{
	int ready[2] = { -1, -1 }, end[2] = { -1, -1 };
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready) || pipe(end), 0);
	child = fork();
	if (!child) {
		struct instance instance;

		close(end[1]);
		if (instance_open(NULL, INSTANCE_STORE_WRITE, &instance, NULL) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		if (read(end[0], &byte, 1) < 0)
			_exit(1);
		usleep(200000);
		instance_unlock(&instance);
		raise(SIGSTOP); /* an end of its own would bring the leak check down on it */
	}
	close(ready[1]);
	close(end[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*told = end[1];
	return child;
}

static void a_second_writer_waits_and_then_names_the_holder(void **state)
{
	_cleanup_(instance_close) struct instance instance;
	struct fault fault;
	char pid[16];
	uint64_t begin;
	int told, status;
	pid_t child;

	(void)state;
	assert_int_equal(instance_open(NULL, INSTANCE_STORE_WRITE, &instance, &fault), 0);
	instance_unlock(&instance);
	child = hold(&told);
	instance.lock_wait_ms = 60;
	assert_int_equal(instance_lock(&instance, &fault), -EBUSY);
	assert_int_equal(instance.lock_fd, -1);
	snprintf(pid, sizeof(pid), "%d", child);
	assert_non_null(strstr(fault.text, pid));

	instance.lock_wait_ms = 20000;
	close(told);
	begin = clock_boot_ns();
	assert_int_equal(instance_lock(&instance, &fault), 0);
	assert_within(clock_boot_ns() - begin, 100000000, 10 * NS_PER_S);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
}

static void a_ban_does_not_wait_for_an_import_nor_the_other_way(void **state)
{
	_cleanup_(instance_close) struct instance bans = { .lock_fd = -1 };
	_cleanup_(instance_close) struct instance tables = { .lock_fd = -1 };
	_cleanup_(instance_close) struct instance second = { .lock_fd = -1 };
	struct fault fault;

	(void)state;
	assert_int_equal(instance_open(NULL, INSTANCE_TABLES, &tables, &fault), 0);
	assert_true(tables.tables_held);
	assert_non_null(tables.store);
	assert_int_equal(instance_open(NULL, INSTANCE_STORE_WRITE, &bans, &fault), 0);
	assert_true(bans.lock_fd >= 0);
	bans.lock_wait_ms = tables.lock_wait_ms = 20;
	assert_int_equal(instance_lock_tables(&bans, &fault), -EBUSY);
	assert_non_null(strstr(fault.text, "/tables"));
	assert_int_equal(instance_lock(&tables, &fault), -EBUSY);
	instance_unlock(&bans);
	instance_unlock_tables(&tables);
	assert_int_equal(
		instance_open(NULL, INSTANCE_TABLES | INSTANCE_STORE_WRITE, &second, &fault), 0);
	assert_true(second.tables_held && second.lock_fd >= 0);
}

/* A folder on a disk of its own, in a mount namespace of this process: `options` say how small. */
static bool small_disk(const char *options, const char *prepare)
{
	char command[400];

	if (unshare(CLONE_NEWNS))
		return false;
	snprintf(command, sizeof(command),
		 "mount --make-rprivate / && mkdir -p '%s' && mount -t tmpfs -o %s x '%s' && cd "
		 "'%s' && %s",
		 state_path, options, state_path, state_path, prepare);
	return !system(command);
}

static void where_no_lock_file_can_be_made_its_folder_is_locked(void **state)
{
	_cleanup_(instance_close) struct instance one = { .lock_fd = -1 };
	struct instance two;
	struct fault fault;

	(void)state;
	if (geteuid() || !small_disk("nr_inodes=5", "touch sekisho.db a b c")) {
		skip();
		return;
	}
	assert_int_equal(instance_open(NULL, INSTANCE_STORE_WRITE, &one, &fault), 0);
	assert_true(one.lock_fd >= 0);
	two = one;
	two.lock_fd = -1;
	two.lock_wait_ms = 20;
	assert_int_equal(instance_lock(&two, &fault), -EBUSY);
	instance_unlock(&one);
	assert_int_equal(instance_lock(&two, &fault), 0);
	instance_unlock(&two);
	assert_int_equal(umount2(state_path, MNT_DETACH), 0);
}

static void a_link_in_the_place_of_the_lock_is_refused(void **state)
{
	struct instance instance;
	char command[200];
	struct fault fault;

	(void)state;
	snprintf(command, sizeof(command), "mkdir '%s' && ln -s /nowhere/lock '%s/lock'",
		 state_path, state_path);
	assert_int_equal(system(command), 0);
	assert_int_equal(instance_open(NULL, INSTANCE_STORE_WRITE, &instance, &fault), -ELOOP);
}

static void a_killed_writer_leaves_no_lock_behind(void **state)
{
	_cleanup_(instance_close) struct instance instance;
	struct fault fault;
	int told, status;
	pid_t child;

	(void)state;
	child = hold(&told);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(instance_open(NULL, INSTANCE_STORE_WRITE, &instance, &fault), 0);
	assert_true(instance.lock_fd >= 0);
	close(told);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_wrong_configuration_is_refused_with_its_place_and_how_much_more_there_is),
		TEST(a_command_that_can_do_without_gets_the_fault_beside_the_instance),
		TEST(reading_makes_nothing_and_takes_no_lock),
		TEST(writing_makes_the_store_and_holds_the_lock),
		TEST(what_a_killed_importer_left_is_completed_when_both_are_open),
		TEST(a_damaged_store_leaves_the_gate_usable),
		TEST(a_second_writer_waits_and_then_names_the_holder),
		TEST(a_ban_does_not_wait_for_an_import_nor_the_other_way),
		TEST(where_no_lock_file_can_be_made_its_folder_is_locked),
		TEST(a_link_in_the_place_of_the_lock_is_refused),
		TEST(a_killed_writer_leaves_no_lock_behind),
	};

	return cmocka_run_group_tests_name("instance", tests, NULL, NULL);
}
