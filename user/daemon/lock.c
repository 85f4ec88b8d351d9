// SPDX-License-Identifier: GPL-2.0-or-later
/* See lock.h. The locks are of flock(2): they end with the process, however it ends. */
#include "daemon/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static pid_t read_pid(int fd)
{
	char text[32] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return (pid_t)strtol(text, NULL, 10);
}

int daemon_lock_runtime(const char *runtime, struct daemon_lock *lock, struct fault *fault)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	struct stat status;

	if (mkdir(runtime, 0700) && errno != EEXIST)
		return fault_set(fault, -errno, "cannot make the folder %s: %s", runtime,
				 strerror(errno));
	snprintf(path, sizeof(path), "%s/pid", runtime);
	/* The file is emptied below. Another user might have put something in its place so that
	 * some other file is emptied, or the start waits for ever: such a file is refused. */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	if (fd < 0 || fstat(fd, &status))
		return fault_set(fault, -errno, "cannot open %s: %s%s", path, strerror(errno),
				 errno == ELOOP ? "; it must not be a link, remove it" : "");
	if (!S_ISREG(status.st_mode) || status.st_nlink != 1)
		return fault_set(fault, -EINVAL, "%s is no file of its own; remove it", path);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return fault_set(fault, -EBUSY,
				 "another `sekisho run` (pid %d) is at work here; stop it, or give "
				 "this one other [paths]",
				 (int)read_pid(fd));
	if (ftruncate(fd, 0) || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return fault_set(fault, -errno, "cannot write %s: %s", path, strerror(errno));
	lock->runtime_fd = TAKE_FD(fd);
	return 0;
}

int daemon_lock_pins(const char *pins, struct daemon_lock *lock, struct fault *fault)
{
	_cleanup_close_ int fd = open(pins, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fault_set(fault, -errno, "cannot open %s: %s", pins, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB))
		return fault_set(
			fault, -EBUSY,
			"another `sekisho run` is at work on the pins %s; stop it, or give "
			"this one other [paths]",
			pins);
	lock->pins_fd = TAKE_FD(fd);
	return 0;
}

void daemon_unlock(struct daemon_lock *lock)
{
	cleanup_close(&lock->pins_fd);
	cleanup_close(&lock->runtime_fd);
	lock->pins_fd = lock->runtime_fd = -1;
}

pid_t daemon_holder(const char *runtime)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/pid", runtime);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || !flock(fd, LOCK_SH | LOCK_NB))
		return 0;
	return read_pid(fd);
}
