/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our classic tc filters on a device, in either direction. Those of others are left alone. */
#ifndef SEKISHO_TC_H
#define SEKISHO_TC_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/libbpf.h>

#include "base/fault.h"

/* What tells a filter of ours: its program uses a map of ours, or, where asking for that takes a
 * capability that is not there (CAP_SYS_ADMIN), is one of those pinned as ours. */
struct tc_own {
	__u32 maps[16];
	size_t map_count;
	__u32 programs[64];
	size_t program_count;
};

/* Of the instance at `pins`, all versions: the maps "vN/NAME", the programs
 * "vN/programs/SET/NAME". */
void tc_own_load(const char *pins, const char *name, struct tc_own *own);

bool tc_is_attached(unsigned ifindex, enum bpf_tc_attach_point point, const struct tc_own *own);

/* Puts the program on the device, or in the place of an older one of ours. */
int tc_attach(unsigned ifindex, const char *device, enum bpf_tc_attach_point point, int program,
	      const struct tc_own *own, struct fault *fault);

/* Takes all of ours off. -errno, also when the device is gone. */
int tc_detach(unsigned ifindex, enum bpf_tc_attach_point point, const struct tc_own *own);

#endif
