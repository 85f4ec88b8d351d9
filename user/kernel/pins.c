// SPDX-License-Identifier: GPL-2.0-or-later
/* See pins.h. */
#include "kernel/pins.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/gate_internal.h"

#define BPFFS "/sys/fs/bpf"

int gate_pin_path(const char *pins, const char *name, char *path, struct fault *fault)
{
	int size = snprintf(path, PATH_MAX, "%s/v%d%s%s", pins, CONTRACT_VERSION, *name ? "/" : "",
			    name);

	if (size >= PATH_MAX)
		return fault_set(fault, -ENAMETOOLONG, "%s: the path is too long", pins);
	return 0;
}

/* As mkdir -p, with mode 0700. */
static int make_folders(const char *path, struct fault *fault)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return fault_set(fault, -ENAMETOOLONG, "%s: the path is too long", path);
	for (char *at = copy + 1;; at++) {
		char kept = *at;

		if (kept && kept != '/')
			continue;
		*at = '\0';
		if (mkdir(copy, 0700) && errno != EEXIST)
			return fault_set(fault, -errno, "cannot make the folder %s: %s%s", copy,
					 strerror(errno),
					 errno == EPERM || errno == EACCES ? "; this needs root"
									   : "");
		*at = kept;
		if (!kept)
			return 0;
	}
}

static int is_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == BPF_FS_MAGIC;
}

int pins_make(const char *pins, struct fault *fault)
{
	char path[PATH_MAX];
	int err;

	if (!strncmp(pins, BPFFS "/", strlen(BPFFS "/")) && !is_bpffs(BPFFS) &&
	    mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return fault_set(fault, -errno,
				 "no bpffs on " BPFFS ", and mounting it failed: %s; as root: "
				 "mount -t bpf bpf " BPFFS,
				 strerror(errno));
	err = gate_pin_path(pins, "programs", path, fault);
	if (!err)
		err = make_folders(path, fault);
	if (!err)
		err = gate_pin_path(pins, "links", path, fault);
	if (!err)
		err = make_folders(path, fault);
	if (err)
		return err;
	if (!is_bpffs(path)) {
		rmdir(path);
		return fault_set(fault, -EINVAL,
				 "%s is not on a bpffs; set [paths] pins to a folder under " BPFFS,
				 pins);
	}
	return 0;
}

static unsigned version_of(const struct dirent *entry)
{
	unsigned version;
	char end;

	return sscanf(entry->d_name, "v%u%c", &version, &end) == 1 ? version : 0;
}

static unsigned latest(const char *pins, bool newer)
{
	_cleanup_(cleanup_dir) DIR *dir = opendir(pins);
	struct dirent *entry;
	unsigned found = 0;

	while (dir && (entry = readdir(dir))) {
		unsigned version = version_of(entry);

		if (version > found && version != CONTRACT_VERSION &&
		    (version > CONTRACT_VERSION) == newer)
			found = version;
	}
	return found;
}

unsigned pins_older_version(const char *pins)
{
	return latest(pins, false);
}

unsigned pins_newer_version(const char *pins)
{
	return latest(pins, true);
}

/* Removes a tree, all folders before the files beside them: so links go before the maps that they
 * hold. */
static int remove_tree(const char *path, unsigned depth, struct fault *fault)
{
	_cleanup_(cleanup_dir) DIR *dir = opendir(path);
	struct dirent *entry;
	char child[PATH_MAX];
	int err;

	if (!dir)
		return fault_set(fault, -errno, "cannot read %s: %s", path, strerror(errno));
	for (int folders = 1; folders >= 0; folders--) {
		rewinddir(dir);
		while ((entry = readdir(dir))) {
			struct stat about;

			if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
			    snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) >=
				    (int)sizeof(child) ||
			    lstat(child, &about))
				continue;
			if (folders && S_ISDIR(about.st_mode) && depth < 4) {
				err = remove_tree(child, depth + 1, fault);
				if (err)
					return err;
			} else if (!folders && !S_ISDIR(about.st_mode) && unlink(child) &&
				   errno != ENOENT) {
				return fault_set(fault, -errno, "cannot remove %s: %s", child,
						 strerror(errno));
			}
		}
	}
	if (rmdir(path) && errno != ENOENT)
		return fault_set(fault, -errno, "cannot remove %s: %s", path, strerror(errno));
	return 0;
}

int pins_remove_folder(const char *path, struct fault *fault)
{
	return access(path, F_OK) ? 0 : remove_tree(path, 0, fault);
}

void pins_remove_older(const char *pins)
{
	char path[PATH_MAX];
	unsigned version;

	while ((version = pins_older_version(pins))) {
		snprintf(path, sizeof(path), "%s/v%u", pins, version);
		if (pins_remove_folder(path, NULL))
			return;
	}
}

int pins_remove(const char *pins, struct fault *fault)
{
	if (access(pins, F_OK))
		return fault_set(fault, -errno, "nothing is loaded: %s: %s", pins, strerror(errno));
	if (!is_bpffs(pins))
		return fault_set(fault, -EINVAL, "%s is not on a bpffs; nothing was removed", pins);
	return remove_tree(pins, 0, fault);
}
