// SPDX-License-Identifier: GPL-2.0-or-later
/* The loaded programs: their fds, ids and pins. Not here: where they are attached (attach.c). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "gate.skel.h"
#include "kernel/handle.h"

int gate_program_fd(const struct gate *gate, enum gate_program program)
{
	switch (program) {
	case PROGRAM_XDP:
		return bpf_program__fd(gate->skeleton->progs.gate_xdp);
	case PROGRAM_TC:
		return bpf_program__fd(gate->skeleton->progs.gate_tc);
	case PROGRAM_TC_IP:
		return bpf_program__fd(gate->skeleton->progs.gate_tc_ip);
	case PROGRAM_COUNTER:
		return bpf_program__fd(gate->skeleton->progs.gate_counter);
	case PROGRAM_ADOPT:
		return bpf_program__fd(gate->skeleton->progs.gate_adopt);
	case PROGRAM_OUTFLOW:
		return bpf_program__fd(gate->skeleton->progs.outflow_tc);
	case PROGRAM_OUTFLOW_IP:
		return bpf_program__fd(gate->skeleton->progs.outflow_tc_ip);
	}
	return -1;
}

static const enum gate_program tc_programs[] = { PROGRAM_TC, PROGRAM_TC_IP, PROGRAM_OUTFLOW,
						 PROGRAM_OUTFLOW_IP };

#define TC_PROGRAMS (sizeof(tc_programs) / sizeof(*tc_programs))

static uint32_t program_id(const struct gate *gate, enum gate_program program)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(gate_program_fd(gate, program), &info, &size) ? 0 : info.id;
}

bool gate_program_is_loaded(const struct gate *gate, uint32_t id)
{
	for (size_t i = 0; i < TC_PROGRAMS; i++)
		if (program_id(gate, tc_programs[i]) == id)
			return true;
	return false;
}

int gate_pin_programs(struct gate *gate, struct fault *fault)
{
	char name[32], path[PATH_MAX];

	for (size_t i = 0; i < TC_PROGRAMS; i++) {
		int err;

		snprintf(name, sizeof(name), "programs/%u", program_id(gate, tc_programs[i]));
		err = gate_pin_path(gate->pins, name, path, fault);
		if (err)
			return err;
		if (bpf_obj_pin(gate_program_fd(gate, tc_programs[i]), path) && errno != EEXIST)
			return fault_set(fault, -errno, "cannot pin %s: %s", path, strerror(errno));
	}
	return 0;
}
