// SPDX-License-Identifier: GPL-2.0-or-later
/* See refresh.h. */
#include "daemon/refresh.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon_log.h"
#include "enforce/repair.h"

struct refresh {
	struct daemon *daemon;
	refresh_done *done;
	pthread_t thread;
	int fd; /* readable when it has ended */
	/* The thread owns these until then. */
	char *config_path;
	bool verbose;
	uint64_t damaged;
	bool with_policy;
	int error;
	struct fault fault;
	int64_t lists_end_s;
	uint64_t lists_generation; /* 0: not known */
};

static bool is_damaged(const struct instance *instance, uint64_t inode)
{
	return repair_is_needed(instance) ||
	       (inode && instance->store && store_inode(instance->store) == inode);
}

static int replace_store(struct instance *instance, struct fault *fault)
{
	_cleanup_free_ char *aside = NULL;
	int error = instance_lock(instance, fault);

	if (error)
		return error;
	error = repair_begin(instance, &aside, log_text, NULL, fault);
	instance_unlock(instance);
	return error ? error : repair_salvage(instance, aside, log_text, NULL, fault);
}

static int work(struct refresh *refresh, struct fault *fault)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct start_options options = { .verbose = refresh->verbose, .log = log_text };
	int error = instance_open(refresh->config_path, INSTANCE_TABLES | INSTANCE_GATE, &instance,
				  fault);

	/* start_policy() needs a gate; it was unloaded under the daemon. */
	if (!error && refresh->with_policy && !instance.gate)
		error = fault_set(fault, instance.gate_fault.error, "%.900s",
				  instance.gate_fault.text);
	if (!error && is_damaged(&instance, refresh->damaged))
		error = replace_store(&instance, fault);
	if (!error)
		error = start_sources(&instance, &options, fault);
	refresh->lists_end_s = instance.lists_end_s;
	refresh->lists_generation = instance.lists_generation;
	if (error || !refresh->with_policy)
		return error;
	error = instance_lock(&instance, fault);
	return error ? error : start_policy(&instance, fault);
}

static void *run(void *context)
{
	struct refresh *refresh = context;
	const uint64_t one = 1;

	refresh->error = work(refresh, &refresh->fault);
	/* This is the last step: from here on the loop frees `refresh`. */
	(void)!write(refresh->fd, &one, sizeof(one));
	return NULL;
}

static void refresh_free(struct refresh *refresh)
{
	cleanup_close(&refresh->fd);
	free(refresh->config_path);
	free(refresh);
}

static void on_end(int fd, void *context)
{
	struct refresh *refresh = context;
	struct daemon *daemon = refresh->daemon;

	pthread_join(refresh->thread, NULL);
	loop_remove(daemon->loop, fd);
	daemon->refresh = NULL;
	if (refresh->lists_generation) {
		if (refresh->lists_end_s > clock_wall_ns() / NS_PER_S)
			daemon->lists_end_s = refresh->lists_end_s;
		daemon->ends_generation = refresh->lists_generation;
	}
	refresh->done(daemon, refresh->error, &refresh->fault);
	refresh_free(refresh);
}

/* Starts the thread with all signals blocked: the loop handles them. */
static int begin(struct refresh *refresh)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&refresh->thread, NULL, run, refresh);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

static int start(struct daemon *daemon, uint64_t damaged, bool with_policy, refresh_done *done,
		 struct fault *fault)
{
	struct refresh *refresh;
	int error = 0;

	if (daemon->refresh)
		return fault_set(fault, -EBUSY, "lists are being read already");
	refresh = calloc(1, sizeof(*refresh));
	if (!refresh)
		return fault_set(fault, -ENOMEM, "out of memory");
	*refresh = (struct refresh){ .daemon = daemon,
				     .done = done,
				     .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
				     .verbose = daemon->verbose,
				     .damaged = damaged,
				     .with_policy = with_policy };
	if (refresh->fd < 0)
		error = -errno;
	if (!error && daemon->config_path) {
		refresh->config_path = strdup(daemon->config_path);
		error = refresh->config_path ? 0 : -ENOMEM;
	}
	if (!error)
		error = loop_add(daemon->loop, refresh->fd, on_end, refresh);
	if (!error) {
		error = begin(refresh);
		if (error)
			loop_remove(daemon->loop, refresh->fd);
	}
	if (error) {
		refresh_free(refresh);
		return fault_set(fault, error, "cannot start a thread: %s", strerror(-error));
	}
	daemon->refresh = refresh;
	return 0;
}

int refresh_start(struct daemon *daemon, uint64_t damaged, refresh_done *done, struct fault *fault)
{
	return start(daemon, damaged, false, done, fault);
}

int refresh_start_policy(struct daemon *daemon, refresh_done *done, struct fault *fault)
{
	return start(daemon, 0, true, done, fault);
}

bool refresh_is_running(const struct daemon *daemon)
{
	return daemon->refresh;
}

void refresh_close(struct daemon *daemon)
{
	if (daemon->refresh)
		pthread_detach(daemon->refresh->thread);
	daemon->refresh = NULL;
}
