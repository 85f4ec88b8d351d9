// SPDX-License-Identifier: GPL-2.0-or-later
/* See verify.h. */
#include "kernel/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "gate.skel.h"
#include "kernel/programs.h"

#define GROUPS 2 /* that take about the same time */

static const unsigned group_of[PROGRAM_COUNT] = {
	[PROGRAM_XDP] = 0,	    [PROGRAM_TC] = 1,	   [PROGRAM_COUNTER] = 0,
	[PROGRAM_ADOPT] = 0,	    [PROGRAM_REBUILD] = 0, [PROGRAM_OUTFLOW] = 1,
	[PROGRAM_OUTFLOW_PORT] = 0,
};

struct verify_group {
	const struct gate *gate;
	unsigned number;
	bool begun;
	pthread_t thread;
	int programs[PROGRAM_COUNT]; /* fds */
	int error;
	struct fault fault;
};

struct verification {
	struct verify_group groups[GROUPS];
};

static void cleanup_skeleton(struct gate_bpf **skeleton)
{
	gate_bpf__destroy(*skeleton);
}

int verify_fault(int error, struct fault *fault)
{
	if (error == -EPERM || error == -EACCES)
		return fault_set(
			fault, error,
			"the kernel refused to load the gate: %s; root in a container "
			"without CAP_BPF, or a lockdown? `sekisho -v` shows its own account",
			strerror(-error));
	if (error == -ENOMEM)
		return fault_set(fault, error,
				 "no memory for the gate's maps; lower [gate] bans, or raise the "
				 "service's MemoryMax=");
	return fault_set(fault, error,
			 "the kernel did not load the gate: %s; `sekisho -v load` shows the "
			 "verifier's log",
			 strerror(-error));
}

void gate_set_switches(struct gate_bpf *skeleton)
{
	struct bpf_program *program = skeleton->progs.gate_xdp;

	skeleton->rodata->outflow_namespace = gate_namespace();
	/* Multi-buffer XDP, for jumbo frames, where the kernel has it (5.18). */
	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_get_buff_len, NULL) != 1)
		return;
	skeleton->rodata->xdp_frags = 1;
	bpf_program__set_flags(program, bpf_program__flags(program) | BPF_F_XDP_HAS_FRAGS);
}

static struct bpf_program *skeleton_program(const struct gate_bpf *skeleton,
					    enum gate_program program)
{
	return bpf_object__find_program_by_name(skeleton->obj, gate_program_name(program));
}

/* Prepares the programs of one group, with the gate's maps. */
static int prepare(const struct verify_group *group, struct gate_bpf *skeleton)
{
	gate_set_switches(skeleton);
	for (int i = 0; i < MAP_COUNT; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(skeleton->obj, gate_map_name(i));

		if (bpf_map__reuse_fd(map, group->gate->maps[i]))
			return -errno;
	}
	for (int i = 0; i < PROGRAM_COUNT; i++)
		bpf_program__set_autoload(skeleton_program(skeleton, i),
					  group_of[i] == group->number);
	return 0;
}

static int load(struct verify_group *group)
{
	_cleanup_(cleanup_skeleton) struct gate_bpf *skeleton = gate_bpf__open();
	int err;

	if (!skeleton)
		return fault_set(&group->fault, -errno,
				 "cannot read the programs in this binary: %s", strerror(errno));
	err = prepare(group, skeleton);
	if (!err)
		err = gate_bpf__load(skeleton);
	if (err)
		return verify_fault(err, &group->fault);
	for (int i = 0; i < PROGRAM_COUNT; i++) {
		if (group_of[i] != group->number)
			continue;
		group->programs[i] =
			fcntl(bpf_program__fd(skeleton_program(skeleton, i)), F_DUPFD_CLOEXEC, 3);
		if (group->programs[i] < 0)
			return fault_set(&group->fault, -errno, "cannot keep a program open: %s",
					 strerror(errno));
	}
	return 0;
}

static void *run(void *context)
{
	struct verify_group *group = context;

	group->error = load(group);
	return NULL;
}

int verify_begin(struct gate *gate, struct fault *fault)
{
	struct verification *new = calloc(1, sizeof(*new));
	sigset_t all, before;

	if (!new)
		return fault_set(fault, -ENOMEM, "out of memory");
	gate->verification = new;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the caller's thread */
	for (unsigned i = 0; i < GROUPS; i++) {
		struct verify_group *group = &new->groups[i];

		*group = (struct verify_group){ .gate = gate, .number = i };
		for (int j = 0; j < PROGRAM_COUNT; j++)
			group->programs[j] = -1;
		group->begun = !pthread_create(&group->thread, NULL, run, group);
		if (!group->begun)
			run(group);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return 0;
}

int verify_end(struct gate *gate, struct fault *fault)
{
	_cleanup_free_ struct verification *verification = TAKE_PTR(gate->verification);
	int error = 0;

	for (unsigned i = 0; verification && i < GROUPS; i++) {
		struct verify_group *group = &verification->groups[i];

		if (group->begun)
			pthread_join(group->thread, NULL);
		for (int j = 0; j < PROGRAM_COUNT; j++)
			if (group->programs[j] >= 0)
				gate->programs[j] = group->programs[j];
		if (group->error && !error) {
			error = group->error;
			if (fault)
				*fault = group->fault;
		}
	}
	/* The threads' heaps are free now, but would stay with the process: 15 MiB. */
	if (verification)
		malloc_trim(0);
	return error;
}
