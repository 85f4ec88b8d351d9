// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a program and kills it right after the N-th of its system calls bpf(COMMAND), of its first
 * thread: a death at one certain step, where a delay would meet it once in a thousand times. Exit
 * status 0: killed there; 1: it ended before.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>

/* At the begin of a call: whether it is bpf(command). */
static int is_bpf(pid_t child, unsigned long command)
{
	struct ptrace_syscall_info info;

	return ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) > 0 &&
	       info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_bpf &&
	       info.entry.args[0] == command;
}

static int stopped(pid_t child, int *signal)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	if (!WIFSTOPPED(status))
		return 0;
	*signal = WSTOPSIG(status);
	return 1;
}

int main(int argc, char **argv)
{
	unsigned long command = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long left = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
	int signal = 0, within = 0, first = 1;
	pid_t child;

	if (!left) {
		fprintf(stderr, "usage: %s BPF-COMMAND N PROGRAM [ARGUMENT...]\n", *argv);
		return 2;
	}
	child = fork();
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(argv[3], &argv[3]);
		_exit(127);
	}
	while (stopped(child, &signal)) {
		if (first)
			ptrace(PTRACE_SETOPTIONS, child, NULL,
			       PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
		first = 0;
		if (signal == (SIGTRAP | 0x80)) {
			if (within && !--left) {
				kill(child, SIGKILL);
				waitpid(child, NULL, 0);
				return 0;
			}
			within = !within && is_bpf(child, command);
		}
		ptrace(PTRACE_SYSCALL, child, NULL,
		       (long)(signal == SIGTRAP || signal == (SIGTRAP | 0x80) ? 0 : signal));
	}
	return 1;
}
