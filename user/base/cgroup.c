// SPDX-License-Identifier: GPL-2.0-or-later
/* See cgroup.h. The id is the file handle of the cgroup's folder (kernfs), so that it can be
 * opened. Without the right to open by handle, the folder is searched for: the id is also its
 * inode's number. */
#include "base/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define DEPTH_MAX     32
#define FILEID_KERNFS 0xfe /* include/linux/exportfs.h; kernfs handles hold the 64-bit id */

/* Finds where the first cgroup2 is mounted. */
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

/* Searches depth first below the folder that the first `length` bytes of `path` name; on success
 * `path` is the whole path. */
static int search(uint64_t id, char *path, size_t length, size_t size, unsigned depth)
{
	_cleanup_(cleanup_dir) DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		size_t name = strlen(entry->d_name);

		if (entry->d_type != DT_DIR || *entry->d_name == '.' || length + name + 2 > size)
			continue;
		path[length] = '/';
		memcpy(path + length + 1, entry->d_name, name + 1);
		if (entry->d_ino == id ||
		    (depth && !search(id, path, length + 1 + name, size, depth - 1)))
			return 0;
	}
	return -ENOENT;
}

static int search_from(const char *mount, uint64_t id, char *path, size_t size)
{
	char found[PATH_MAX];
	struct stat root;
	size_t length = strlen(mount);
	int err = 0;

	memcpy(found, mount, length + 1);
	if (stat(mount, &root))
		return -errno;
	if (root.st_ino != id)
		err = search(id, found, length, sizeof(found), DEPTH_MAX);
	if (!err)
		snprintf(path, size, "%s", found[length] ? found + length : "/");
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
	if (fd < 0 && errno == EPERM)
		return search_from(mount, id, path, size);
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
