// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration, store, gate and the writers' lock, opened together. See instance.h. */
#include "enforce/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/publish.h"

#define LOCK_WAIT_MS 30000
#define LOCK_POLL_MS 20

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

/* On a read-only file system a lock that is there can still be taken. */
static int open_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);

	if (fd < 0 && errno == EROFS)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	return fd;
}

/* " (sekisho import drop -, process 1234)" as far as can be told. */
static void describe_holder(int fd, char *text, size_t size)
{
	char pid[16] = "", path[64], line[128];
	ssize_t read;
	int process;

	*text = '\0';
	if (pread(fd, pid, sizeof(pid) - 1, 0) <= 0)
		return;
	process = atoi(pid);
	if (process <= 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", process);
	{
		_cleanup_close_ int command = open(path, O_RDONLY | O_CLOEXEC);

		read = command < 0 ? -1 : pread(command, line, sizeof(line) - 1, 0);
	}
	if (read <= 0)
		return;
	for (ssize_t i = 0; i < read - 1; i++)
		if (!line[i])
			line[i] = ' ';
	line[read] = '\0';
	snprintf(text, size, " (process %d: %s)", process, line);
}

static void write_holder(int fd)
{
	char pid[16], last[16];
	int size = snprintf(pid, sizeof(pid), "%d\n", getpid());

	/* The daemon takes it for every wave of bans: a write may wait for the disk. */
	if (pread(fd, last, sizeof(last), 0) == size && !memcmp(last, pid, (size_t)size))
		return;
	/* A courtesy to who waits: that it fails on a full disk is no fault. */
	if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)size, 0) < 0)
		return;
}

static int wait_for_lock(int fd, const char *path, unsigned wait_ms, struct fault *fault)
{
	const struct timespec pause = { .tv_nsec = LOCK_POLL_MS * 1000000L };
	uint64_t end = clock_boot_ns() + wait_ms * 1000000ULL;
	char holder[192];

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fault_set(fault, -errno, "cannot lock %s: %s", path,
					 strerror(errno));
		if (clock_boot_ns() >= end) {
			describe_holder(fd, holder, sizeof(holder));
			return fault_set(fault, -EBUSY,
					 "another sekisho%s has been writing for %u s and holds "
					 "%s; try again once it has ended",
					 holder, wait_ms / 1000, path);
		}
		if (nanosleep(&pause, NULL) && errno == EINTR)
			return fault_set(fault, -EINTR, "interrupted while waiting for %s", path);
	}
	return 0;
}

int instance_lock(struct instance *instance, struct fault *fault)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	int result;

	if (instance->lock_fd >= 0)
		return 0;
	if (asprintf(&path, "%s/lock", instance->config->paths.state) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	fd = open_lock(path);
	if (fd < 0)
		return fault_set(fault, -errno, "cannot open %s: %s", path, strerror(errno));
	result = wait_for_lock(fd, path, instance->lock_wait_ms, fault);
	if (result)
		return result;
	write_holder(fd);
	instance->lock_fd = TAKE_FD(fd);
	return 0;
}

void instance_unlock(struct instance *instance)
{
	if (instance->lock_fd >= 0)
		close(instance->lock_fd);
	instance->lock_fd = -1;
}

static void open_store(struct instance *instance, bool read_only)
{
	if (!instance->store)
		store_open(instance->config->paths.state, read_only, &instance->store,
			   &instance->store_fault);
}

/* The lock comes first, but for its folder, which the store makes. Where there can be no lock there
 * can be no store to write either, and its fault tells. */
static int open_for_writing(struct instance *instance, struct fault *fault)
{
	int result = instance_lock(instance, fault);

	if (result == -ENOENT) {
		open_store(instance, false);
		result = instance_lock(instance, fault);
	}
	if (result == -EBUSY || result == -EINTR)
		return result;
	open_store(instance, false);
	return 0;
}

int instance_open(const char *config_path, unsigned use, struct instance *instance,
		  struct fault *fault)
{
	int result;

	*instance = (struct instance){ .lock_fd = -1, .lock_wait_ms = LOCK_WAIT_MS };
	result = load_config(config_path, &instance->config, fault);
	if (!result && use & INSTANCE_STORE_WRITE)
		result = open_for_writing(instance, fault);
	else if (!result && use & INSTANCE_STORE_READ)
		open_store(instance, true);
	if (result) {
		instance_close(instance);
		return result;
	}
	if (use & INSTANCE_GATE)
		gate_open(instance->config->paths.pins, &instance->gate, &instance->gate_fault);
	if (use & INSTANCE_STORE_WRITE && instance->store && instance->gate)
		publish_sync(instance, NULL, &instance->sync_fault);
	return 0;
}

void instance_close(struct instance *instance)
{
	if (instance->gate)
		gate_close(instance->gate);
	store_close(instance->store);
	instance_unlock(instance);
	if (instance->config)
		config_free(instance->config);
	*instance = (struct instance){ .lock_fd = -1 };
}
