// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens configuration, store, gate and the two locks together. See instance.h. */
#include "enforce/instance.h"

#include <errno.h>
#include <stdlib.h>
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

static int load_config(const char *path, bool faulty_too, struct config **config,
		       struct fault *fault)
{
	struct config_faults faults = { 0 };
	int result = faulty_too ? config_load_faulty(path, note_fault, &faults, config)
				: config_load(path, note_fault, &faults, config);

	if (!result && !faults.count)
		return 0;
	if (!result)
		result = -EINVAL;
	if (!faults.count)
		return fault_set(fault, result, "cannot read the configuration: %s",
				 strerror(-result));
	if (faults.count == 1)
		return fault_set(fault, result, "%s", faults.first);
	return fault_set(fault, result, "%s (and %zu more: `sekisho check` shows them)",
			 faults.first, faults.count - 1);
}

/* Whether it goes on without the lock after this error: where no lock can be made, no store can be
 * written either, and two writers of the kernel's maps are better than none. */
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

/* Looks for the gate anew: another process may have unloaded it, and loaded another, since the lock
 * was last held. */
static void look_for_gate(struct instance *instance)
{
	if (!instance->gate || gate_is_pinned(instance->gate))
		return;
	if (gate_has_programs(instance->gate)) {
		instance->gate_lost = true;
		return;
	}
	gate_close(instance->gate);
	instance->gate = NULL;
	gate_open(instance->config->paths.pins, &instance->gate, &instance->gate_fault);
}

int instance_lock(struct instance *instance, struct fault *fault)
{
	int error = 0;

	if (instance->lock_fd >= 0)
		return 0;
	error = take(instance, "lock", true, &instance->lock_fd, fault);
	if (error && !can_be_done_without(error))
		return error;
	look_for_gate(instance);
	return 0;
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

/* Takes the locks first, except that the store makes their folder. */
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

/* Places the services at first as if every id that was ever named were busy; only if that fails, it
 * finds out which are, which takes longer. */
int instance_place_services(struct gate *gate, struct config *config, struct fault *fault)
{
	struct service_names names;
	uint32_t busy = UINT32_MAX;
	int error = gate_service_names(gate, &names, fault);

	for (unsigned id = 1; id < SERVICE_MAX && !error; id++)
		if (!*names.of[id])
			busy &= ~(1U << id);
	if (!error && !config_place_services(config, &names, busy, NULL))
		return 0;
	if (!error)
		error = gate_services_busy(gate, &busy, fault);
	return error ? error : config_place_services(config, &names, busy, fault);
}

int instance_open(const char *config_path, unsigned use, struct instance *instance,
		  struct fault *fault)
{
	int result;

	*instance = (struct instance){ .lock_fd = -1, .lock_wait_ms = LOCK_WAIT_MS };
	result = load_config(config_path, use & INSTANCE_FAULTY, &instance->config, fault);
	if (result && instance->config) {
		instance->config_fault = *fault;
		result = 0;
	}
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
	if (instance->gate)
		result = instance_place_services(instance->gate, instance->config, fault);
	if (result && use & INSTANCE_TABLES) {
		instance_close(instance);
		return result;
	}
	if (use & INSTANCE_TABLES && instance->store && instance->gate &&
	    !instance->config_fault.error)
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
	free(instance->cuts.items);
	*instance = (struct instance){ .lock_fd = -1 };
}
