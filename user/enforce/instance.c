// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration, store, gate and the two locks, opened together. See instance.h. */
#include "enforce/instance.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "enforce/lock_file.h"
#include "enforce/publish.h"

#define LOCK_WAIT_MS 30000

struct config_faults {
	char first[768];
	size_t count;
};

static void note_fault(const char *text, void *context)
{
	struct config_faults *faults = context;

	if (!faults->count++)
		snprintf(faults->first, sizeof(faults->first), "%s", text);
}

static int load_config(const char *path, struct config **config, struct fault *fault)
{
	struct config_faults faults = { 0 };
	int result = config_load(path, note_fault, &faults, config);

	if (!result)
		return 0;
	if (!faults.count)
		return fault_set(fault, result, "cannot read the configuration: %s",
				 strerror(-result));
	if (faults.count == 1)
		return fault_set(fault, result, "%s", faults.first);
	return fault_set(fault, result, "%s (and %zu more: `sekisho check` shows them)",
			 faults.first, faults.count - 1);
}

/* Where there can be no lock there can be no store to write either, and the kernel's maps bear two
 * writers better than none. */
static bool can_be_done_without(int error)
{
	return error == -EROFS || error == -ENOSPC || error == -EDQUOT || error == -EACCES ||
	       error == -EPERM || error == -ENOENT || error == -ENOTDIR;
}

static int take(struct instance *instance, const char *name, bool or_folder, int *fd,
		struct fault *fault)
{
	return lock_file_take(instance->config->paths.state, name, or_folder,
			      instance->lock_wait_ms, fd, fault);
}

int instance_lock(struct instance *instance, struct fault *fault)
{
	int error = 0;

	if (instance->lock_fd < 0)
		error = take(instance, "lock", true, &instance->lock_fd, fault);
	return can_be_done_without(error) ? 0 : error;
}

void instance_unlock(struct instance *instance)
{
	cleanup_close(&instance->lock_fd);
	instance->lock_fd = -1;
}

void instance_let_others(void)
{
	const struct timespec pause = { .tv_nsec = 2 * LOCK_POLL_NS };

	nanosleep(&pause, NULL);
}

int instance_lock_tables(struct instance *instance, struct fault *fault)
{
	int error, fd = -1;

	if (instance->tables_held)
		return 0;
	error = take(instance, "tables", false, &fd, fault);
	if (error)
		return can_be_done_without(error) ? 0 : error;
	instance->tables_fd = fd;
	instance->tables_held = true;
	return 0;
}

void instance_unlock_tables(struct instance *instance)
{
	if (instance->tables_held)
		close(instance->tables_fd);
	instance->tables_held = false;
}

static void open_store(struct instance *instance, bool read_only)
{
	if (!instance->store)
		store_open(instance->config->paths.state, read_only, &instance->store,
			   &instance->store_fault);
}

/* The locks come first, but for their folder, which the store makes. */
static int open_for_writing(struct instance *instance, unsigned use, struct fault *fault)
{
	int result = 0;

	if (access(instance->config->paths.state, F_OK))
		open_store(instance, false);
	if (use & INSTANCE_TABLES)
		result = instance_lock_tables(instance, fault);
	if (!result && use & INSTANCE_STORE_WRITE)
		result = instance_lock(instance, fault);
	if (!result)
		open_store(instance, false);
	return result;
}

int instance_open(const char *config_path, unsigned use, struct instance *instance,
		  struct fault *fault)
{
	int result;

	*instance = (struct instance){ .lock_fd = -1, .lock_wait_ms = LOCK_WAIT_MS };
	result = load_config(config_path, &instance->config, fault);
	if (!result && use & (INSTANCE_STORE_WRITE | INSTANCE_TABLES))
		result = open_for_writing(instance, use, fault);
	else if (!result && use & INSTANCE_STORE_READ)
		open_store(instance, true);
	if (result) {
		instance_close(instance);
		return result;
	}
	if (use & INSTANCE_GATE)
		gate_open(instance->config->paths.pins, &instance->gate, &instance->gate_fault);
	if (use & INSTANCE_TABLES && instance->store && instance->gate)
		publish_sync(instance, NULL, &instance->sync_fault);
	return 0;
}

void instance_close(struct instance *instance)
{
	if (instance->gate)
		gate_close(instance->gate);
	store_close(instance->store);
	instance_unlock(instance);
	instance_unlock_tables(instance);
	if (instance->config)
		config_free(instance->config);
	*instance = (struct instance){ .lock_fd = -1 };
}
