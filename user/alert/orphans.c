// SPDX-License-Identifier: GPL-2.0-or-later
/* See orphans.h. A program that leaves its process group, by setsid(2), is not killed with the
 * group. When its parent ends, the kernel makes it a child of this process. */
#include "alert/orphans.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"

void orphans_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* Seconds since the process began; -1: not known. */
static double age_of(pid_t pid)
{
	_cleanup_(cleanup_file) FILE *file = NULL;
	char path[64], text[1024];
	unsigned long long ticks = 0;
	struct timespec now;
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file || !fgets(text, sizeof(text), file))
		return -1;
	at = strrchr(text, ')'); /* field 2 may hold anything; 22 is the start */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, "%llu", &ticks) != 1 || clock_gettime(CLOCK_BOOTTIME, &now))
		return -1;
	return (double)now.tv_sec - (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static bool is_program(pid_t pid, const pid_t *programs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (programs[i] == pid)
			return true;
	return false;
}

static size_t end_one(pid_t pid, unsigned timeout_s)
{
	pid_t group = getpgid(pid);

	if (group == getpgrp() || waitpid(pid, NULL, WNOHANG) == pid)
		return 0;
	if (age_of(pid) < timeout_s)
		return 0;
	/* If it leads a group, kill the whole group. */
	kill(group == pid ? -pid : pid, SIGKILL);
	return 1;
}

static size_t end_children_of(const char *thread, const pid_t *programs, size_t count,
			      unsigned timeout_s)
{
	_cleanup_(cleanup_file) FILE *file = NULL;
	char path[64];
	size_t ended = 0;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%.20s/children", thread);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &pid) == 1)
		if (!is_program(pid, programs, count))
			ended += end_one(pid, timeout_s);
	return ended;
}

size_t orphans_end(const pid_t *programs, size_t count, unsigned timeout_s)
{
	_cleanup_(cleanup_dir) DIR *threads = opendir("/proc/self/task");
	struct dirent *entry;
	size_t ended = 0;

	while (threads && (entry = readdir(threads)))
		if (entry->d_name[0] != '.')
			ended += end_children_of(entry->d_name, programs, count, timeout_s);
	return ended;
}
