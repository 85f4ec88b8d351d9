// SPDX-License-Identifier: GPL-2.0-or-later
/* See lock_file.h. */
#include "enforce/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/time.h"

/* Most holders are done within milliseconds. Whoever waits longer than LATE_NS looks less often. */
#define POLL_LATE_NS 10000000L
#define LATE_NS	     100000000ULL

/* Opens a lock. On a read-only file system, a lock that exists can still be taken. */
static int open_lock(const char *folder, const char *path, bool or_folder)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);

	if (fd < 0 && errno == EROFS)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0 && or_folder &&
	    (errno == EROFS || errno == ENOENT || errno == ENOSPC || errno == EDQUOT))
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd;
}

/* Writes " (process 1234: sekisho import drop -)", as far as that is known. */
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

	/* The daemon takes the lock for every wave of bans, and a write may wait for the disk. */
	if (pread(fd, last, sizeof(last), 0) == size && !memcmp(last, pid, (size_t)size))
		return;
	/* The text only helps those who wait, so that a failure on a full disk is no fault. It is
	 * overwritten: to empty the file first would take a new block each time. */
	if (pwrite(fd, pid, (size_t)size, 0) == size && ftruncate(fd, size))
		return;
}

/* Waits for the lock `fd`; a fault names the holder of `holder_fd`. */
static int wait_for(int fd, int holder_fd, const char *path, uint64_t begin, unsigned wait_ms,
		    struct fault *fault)
{
	char holder[192];
	uint64_t waited;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		struct timespec pause = { .tv_nsec = LOCK_POLL_NS };

		if (errno != EWOULDBLOCK && errno != EINTR)
			return fault_set(fault, -errno, "cannot lock %s: %s", path,
					 strerror(errno));
		waited = clock_boot_ns() - begin;
		if (waited >= wait_ms * 1000000ULL) {
			describe_holder(holder_fd, holder, sizeof(holder));
			return fault_set(fault, -EBUSY,
					 "another sekisho%s holds %s for longer than %u ms; try "
					 "again once it has ended",
					 holder, path, wait_ms);
		}
		if (waited >= LATE_NS)
			pause.tv_nsec = POLL_LATE_NS;
		if (nanosleep(&pause, NULL) && errno == EINTR)
			return fault_set(fault, -EINTR, "interrupted while waiting for %s", path);
	}
	return 0;
}

int lock_file_take(const char *folder, const char *name, bool or_folder, unsigned wait_ms,
		   int *result, struct fault *fault)
{
	_cleanup_free_ char *path = NULL, *next_path = NULL;
	_cleanup_close_ int fd = -1, next = -1;
	uint64_t begin = clock_boot_ns();
	int error;

	if (asprintf(&path, "%s/%s", folder, name) < 0 || asprintf(&next_path, "%s.next", path) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	fd = open_lock(folder, path, or_folder);
	if (fd < 0)
		return fault_set(fault, -errno, "cannot open %s: %s", path, strerror(errno));
	/* Without that file (it cannot be made), whoever looks first gets the lock. */
	next = open_lock(folder, next_path, false);
	error = next < 0 ? 0 : wait_for(next, fd, path, begin, wait_ms, fault);
	if (!error)
		error = wait_for(fd, fd, path, begin, wait_ms, fault);
	if (error)
		return error;
	write_holder(fd);
	*result = TAKE_FD(fd);
	return 0;
}
