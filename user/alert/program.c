// SPDX-License-Identifier: GPL-2.0-or-later
/* See program.h. */
#include "alert/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

#define OUTPUT_MOST (64 << 10)

/* Writes the facts to a file without a name, so that nobody has to write while the program
 * reads. */
static int facts_fd(const char *json)
{
	_cleanup_close_ int fd = memfd_create("sekisho-alert", MFD_CLOEXEC);
	size_t size = strlen(json), done = 0;

	while (fd >= 0 && done < size) {
		ssize_t wrote = write(fd, json + done, size - done);

		if (wrote < 0 && errno != EINTR)
			return -errno;
		done += wrote > 0 ? (size_t)wrote : 0;
	}
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* A file that cannot grow: a program that writes too much fills no memory, and nobody needs to read
 * meanwhile. */
static int output_fd(void)
{
	_cleanup_close_ int fd = memfd_create("sekisho-said", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, OUTPUT_MOST) || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW))
		return -errno;
	return TAKE_FD(fd);
}

/* Starts the program with no signals blocked, and in a process group of its own, so that its
 * children can be killed with it. */
static int spawn(char *const *program, char *const *environment, int input, int output, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int error;

	if (posix_spawn_file_actions_init(&files))
		return -ENOMEM;
	if (posix_spawnattr_init(&attributes)) {
		posix_spawn_file_actions_destroy(&files);
		return -ENOMEM;
	}
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	error = posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	if (!error)
		error = posix_spawn(pid, program[0], &files, &attributes, program, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -error;
}

int program_start(char *const *program, char *const *environment, const char *json, int *output,
		  pid_t *pid)
{
	_cleanup_close_ int input = facts_fd(json), kept = output ? output_fd() : -1;
	int error;

	if (input < 0 || (output && kept < 0))
		return input < 0 ? input : kept;
	error = spawn(program, environment, input, output ? kept : STDERR_FILENO, pid);
	if (!error && output)
		*output = TAKE_FD(kept);
	return error;
}

void program_said(int output, char *text, size_t size)
{
	char said[1024];
	ssize_t got = output < 0 ? 0 : pread(output, said, sizeof(said) - 1, 0);
	size_t used = 0;

	said[got > 0 ? got : 0] = *text = '\0';
	for (char *rest = said, *line; (line = strtok_r(rest, "\n", &rest)) && used < size;)
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "; " : ": ",
					 line);
}
