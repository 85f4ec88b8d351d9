// SPDX-License-Identifier: GPL-2.0-or-later
/* See cgroup.h. The id is the file handle of the cgroup's folder (kernfs), so it can be opened. */
#include "base/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define FILEID_KERNFS 0xfe /* include/linux/exportfs.h; kernfs handles hold the 64-bit id */

/* Where the first cgroup2 is mounted. */
static int find_mount(char *mount, size_t size)
{
	FILE *file = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char room[4096];
	int err = -ENODEV;

	while (file && err && getmntent_r(file, &entry, room, sizeof(room)))
		if (!strcmp(entry.mnt_type, "cgroup2")) {
			snprintf(mount, size, "%s", entry.mnt_dir);
			err = 0;
		}
	if (file)
		endmntent(file);
	return err;
}

int cgroup_path(uint64_t id, char *path, size_t size)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} which = { .handle = { .handle_bytes = sizeof(id), .handle_type = FILEID_KERNFS } };
	_cleanup_close_ int mount_fd = -1, fd = -1;
	char mount[PATH_MAX], link[64], found[PATH_MAX];
	ssize_t length;
	int err = find_mount(mount, sizeof(mount));

	if (err)
		return err;
	mount_fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount_fd < 0)
		return -errno;
	memcpy(which.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(mount_fd, &which.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ESTALE ? -ENOENT : -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, found, sizeof(found) - 1);
	if (length < 0)
		return -errno;
	found[length] = '\0';
	if (strncmp(found, mount, strlen(mount)))
		return -ENOENT;
	snprintf(path, size, "%s", found[strlen(mount)] ? found + strlen(mount) : "/");
	return 0;
}
