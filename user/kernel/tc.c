// SPDX-License-Identifier: GPL-2.0-or-later
/* See tc.h. libbpf's netlink calls; kernels before 6.6 know no other way. */
#include "kernel/tc.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/programs.h"

#define TC_HANDLE     0x5e
#define TC_PRIORITIES 16 /* 1 .. 16 are tried; a foreign filter keeps its own */

static bool is_own(unsigned program, const struct tc_own *own)
{
	__u32 used[64], size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = 64, .map_ids = (uintptr_t)used };
	_cleanup_close_ int fd = -1;

	for (size_t i = 0; i < own->program_count; i++)
		if (own->programs[i] == program)
			return true;
	fd = bpf_prog_get_fd_by_id(program);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return false;
	for (__u32 i = 0; i < info.nr_map_ids && i < 64; i++)
		for (size_t j = 0; j < own->map_count; j++)
			if (used[i] == own->maps[j])
				return true;
	return false;
}

static __u32 pinned_map_id(const char *path)
{
	_cleanup_close_ int fd = bpf_obj_get(path);
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

void tc_own_load(const char *pins, const char *name, struct tc_own *own)
{
	_cleanup_(cleanup_dir) DIR *dir = opendir(pins);
	struct dirent *entry;

	memset(own, 0, sizeof(*own));
	while (dir && (entry = readdir(dir)) && own->map_count < 16) {
		char path[PATH_MAX];

		if (entry->d_name[0] != 'v')
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", pins, entry->d_name, name);
		own->maps[own->map_count] = pinned_map_id(path);
		own->map_count += own->maps[own->map_count] != 0;
		snprintf(path, sizeof(path), "%s/%s/programs", pins, entry->d_name);
		own->program_count += gate_pinned_programs(path, own->programs + own->program_count,
							   64 - own->program_count);
	}
}

/* The priority of our filter on the device, or 0; *vacant (may be NULL): the first without any. */
static unsigned find(unsigned ifindex, enum bpf_tc_attach_point point, const struct tc_own *own,
		     unsigned *vacant)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);

	if (vacant)
		*vacant = 0;
	for (unsigned priority = 1; priority <= TC_PRIORITIES; priority++) {
		LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = priority);

		if (bpf_tc_query(&hook, &options)) {
			if (vacant && !*vacant)
				*vacant = priority;
		} else if (is_own(options.prog_id, own)) {
			return priority;
		}
	}
	return 0;
}

bool tc_is_attached(unsigned ifindex, enum bpf_tc_attach_point point, const struct tc_own *own)
{
	return find(ifindex, point, own, NULL) != 0;
}

int tc_attach(unsigned ifindex, const char *device, enum bpf_tc_attach_point point, int program,
	      const struct tc_own *own, struct fault *fault)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .prog_fd = program);
	unsigned vacant, priority = find(ifindex, point, own, &vacant);
	int err;

	err = bpf_tc_hook_create(&hook);
	if (err && err != -EEXIST)
		return fault_set(fault, err, "tc: no clsact qdisc on %s: %s", device,
				 strerror(-err));
	options.priority = priority ? priority : vacant;
	options.flags = priority ? BPF_TC_F_REPLACE : 0;
	if (!options.priority)
		return fault_set(fault, -EBUSY, "tc: every priority up to %d on %s is taken",
				 TC_PRIORITIES, device);
	err = bpf_tc_attach(&hook, &options);
	if (err)
		return fault_set(fault, err, "tc: %s refused the program: %s", device,
				 strerror(-err));
	return 0;
}

int tc_detach(unsigned ifindex, enum bpf_tc_attach_point point, const struct tc_own *own)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);
	unsigned priority;

	while ((priority = find(ifindex, point, own, NULL))) {
		LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = priority);
		int err = bpf_tc_detach(&hook, &options);

		if (err)
			return err;
	}
	return 0;
}
