/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cgroup's number in the kernel -> its name. */
#ifndef SEKISHO_CGROUP_H
#define SEKISHO_CGROUP_H

#include <stddef.h>
#include <stdint.h>

/* The path of the cgroup below the cgroup2 mount, "/" for its root. Quicker with
 * CAP_DAC_READ_SEARCH. -ENOENT: the cgroup is gone; -ENODEV: no cgroup2 is mounted. */
int cgroup_path(uint64_t id, char *path, size_t size);

#endif
