/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our classic tc filters on a device, in either direction. A filter is ours when its program uses
 * one of our maps; those of others are left alone. */
#ifndef SEKISHO_TC_H
#define SEKISHO_TC_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/libbpf.h>

#include "base/fault.h"

/* The kernel's id of a map, or 0. */
__u32 tc_map_id(int fd);

/* The ids of the maps "PINS/vN/NAME", of every version; returns how many. */
size_t tc_own_map_ids(const char *pins, const char *name, __u32 *ids, size_t room);

bool tc_is_attached(unsigned ifindex, enum bpf_tc_attach_point point, const __u32 *map_ids,
		    size_t count);

/* Puts the program on the device, or in the place of an older one of ours. */
int tc_attach(unsigned ifindex, const char *device, enum bpf_tc_attach_point point, int program,
	      __u32 map_id, struct fault *fault);

/* Takes all of ours off. -errno, also when the device is gone. */
int tc_detach(unsigned ifindex, enum bpf_tc_attach_point point, const __u32 *map_ids, size_t count);

#endif
