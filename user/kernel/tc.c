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

#define TC_HANDLE     0x5e
#define TC_PRIORITIES 16 /* 1 .. 16 are tried; a foreign filter keeps its own */

/* Whether a tc program uses one of these maps: then it is ours, of whatever version. */
static bool uses_map(unsigned program, const __u32 *map_ids, size_t count)
{
	__u32 used[64], size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = 64, .map_ids = (uintptr_t)used };
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return false;
	for (__u32 i = 0; i < info.nr_map_ids && i < 64; i++)
		for (size_t j = 0; j < count; j++)
			if (used[i] == map_ids[j])
				return true;
	return false;
}

__u32 tc_map_id(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

size_t tc_own_map_ids(const char *pins, const char *name, __u32 *ids, size_t room)
{
	DIR *dir = opendir(pins);
	struct dirent *entry;
	size_t count = 0;

	while (dir && (entry = readdir(dir)) && count < room) {
		char path[PATH_MAX];
		_cleanup_close_ int fd = -1;

		if (entry->d_name[0] != 'v' || snprintf(path, sizeof(path), "%s/%s/%s", pins,
							entry->d_name, name) >= (int)sizeof(path))
			continue;
		fd = bpf_obj_get(path);
		if (fd >= 0 && (ids[count] = tc_map_id(fd)))
			count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* The priority of our filter on the device, or 0; *vacant (may be NULL): the first without any. */
static unsigned find(unsigned ifindex, enum bpf_tc_attach_point point, const __u32 *map_ids,
		     size_t count, unsigned *vacant)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);

	if (vacant)
		*vacant = 0;
	for (unsigned priority = 1; priority <= TC_PRIORITIES; priority++) {
		LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = priority);

		if (bpf_tc_query(&hook, &options)) {
			if (vacant && !*vacant)
				*vacant = priority;
		} else if (uses_map(options.prog_id, map_ids, count)) {
			return priority;
		}
	}
	return 0;
}

bool tc_is_attached(unsigned ifindex, enum bpf_tc_attach_point point, const __u32 *map_ids,
		    size_t count)
{
	return find(ifindex, point, map_ids, count, NULL) != 0;
}

int tc_attach(unsigned ifindex, const char *device, enum bpf_tc_attach_point point, int program,
	      __u32 map_id, struct fault *fault)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .prog_fd = program);
	unsigned vacant, priority = find(ifindex, point, &map_id, 1, &vacant);
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

int tc_detach(unsigned ifindex, enum bpf_tc_attach_point point, const __u32 *map_ids, size_t count)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);
	unsigned priority;

	while ((priority = find(ifindex, point, map_ids, count, NULL))) {
		LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = priority);
		int err = bpf_tc_detach(&hook, &options);

		if (err)
			return err;
	}
	return 0;
}
