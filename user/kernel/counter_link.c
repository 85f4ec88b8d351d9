// SPDX-License-Identifier: GPL-2.0-or-later
/* Attaches the counter: a pinned link on a cgroup. */
#include "kernel/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/gate_internal.h"

/* Finds where cgroup2 is mounted: a hybrid layout has it beside the v1 controllers. */
static int cgroup2_root(char *path, size_t size, struct fault *fault)
{
	FILE *mounts = setmntent("/proc/mounts", "re");
	struct mntent *entry;
	int err = -ENOENT;

	while (mounts && err && (entry = getmntent(mounts)))
		if (!strcmp(entry->mnt_type, "cgroup2") &&
		    (size_t)snprintf(path, size, "%s", entry->mnt_dir) < size)
			err = 0;
	if (mounts)
		endmntent(mounts);
	return err ? fault_set(fault, err,
			       "no cgroup2 is mounted, so handshakes cannot be counted; mount -t "
			       "cgroup2 none /sys/fs/cgroup/unified, or set [gate] cgroup")
		   : 0;
}

/* Whether the link is on this very cgroup, which still exists. */
static bool is_on(int link, int group)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	struct stat status;

	/* A cgroup's id is the number of its inode (kernfs). */
	return !bpf_obj_get_info_by_fd(link, &info, &size) && !fstat(group, &status) &&
	       info.cgroup.cgroup_id == status.st_ino;
}

int gate_counter_attach(struct gate *gate, const char *cgroup, struct fault *fault)
{
	int program = gate_program_fd(gate, PROGRAM_COUNTER);
	_cleanup_close_ int group = -1, link = -1, old = -1;
	char root[PATH_MAX], path[PATH_MAX];
	int err = 0;

	if (!cgroup)
		err = cgroup2_root(root, sizeof(root), fault);
	if (!err)
		err = gate_pin_path(gate->pins, "links/counter", path, fault);
	if (err)
		return err;
	if (!cgroup)
		cgroup = root;
	group = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (group < 0)
		return fault_set(fault, -errno, "cannot open the cgroup %s: %s", cgroup,
				 strerror(errno));
	/* A link on another cgroup counts until the new one does, so that nothing is missed. The
	 * socket storage prevents that both count the same connection. */
	old = bpf_obj_get(path);
	if (old >= 0 && is_on(old, group) && !bpf_link_update(old, program, NULL))
		return 0;
	link = bpf_link_create(program, group, BPF_CGROUP_SOCK_OPS, NULL);
	if (link < 0)
		return fault_set(fault, link, "cannot attach the counter to the cgroup %s: %s",
				 cgroup, strerror(-link));
	unlink(path);
	if (old >= 0)
		bpf_link_detach(old);
	if (bpf_obj_pin(link, path))
		return fault_set(fault, -errno, "cannot pin %s: %s", path, strerror(errno));
	return 0;
}
