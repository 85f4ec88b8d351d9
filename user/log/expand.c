// SPDX-License-Identifier: GPL-2.0-or-later
/* See expand.h. */
#include "log/expand.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"

#define CONFIG_MOST (4U << 20) /* bytes of a container's configuration */

static bool is_docker(const char *path)
{
	return !strncmp(path, FOLLOW_DOCKER, strlen(FOLLOW_DOCKER));
}

bool expand_is_pattern(const char *path)
{
	return is_docker(path) || (*path == '/' && strpbrk(path, "*?[") != NULL);
}

static size_t digits_at_end(const char *name, size_t size)
{
	size_t count = 0;

	while (count < size && isdigit((unsigned char)name[size - 1 - count]))
		count++;
	return count;
}

bool expand_is_rotated(const char *name)
{
	static const char *const endings[] = { ".gz",  ".xz",  ".bz2", ".zst", ".lz4", ".Z",
					       ".old", ".bak", "~",    ".swp", ".tmp", ".offset" };
	size_t size = strlen(name), count;

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t end = strlen(endings[i]);

		if (size > end && !strcmp(name + size - end, endings[i]))
			return true;
	}
	/* Whether it ends in ".1", "-20261128" of dateext, or "-20261128-1795255200". */
	count = digits_at_end(name, size);
	return count && count < size &&
	       (name[size - count - 1] == '.' || (name[size - count - 1] == '-' && count >= 8));
}

static int expand_files(const char *path, expand_found *found, void *context, struct fault *fault)
{
	glob_t all = { 0 };
	int error = glob(path, GLOB_NOSORT, NULL, &all);

	if (error && error != GLOB_NOMATCH)
		return fault_set(fault, error == GLOB_NOSPACE ? -ENOMEM : -EIO,
				 "the files of %s cannot be looked for", path);
	for (size_t i = 0; !error && i < all.gl_pathc && i < EXPAND_MOST; i++) {
		const char *name = strrchr(all.gl_pathv[i], '/');
		struct stat status;

		if (name && !expand_is_rotated(name + 1) && !stat(all.gl_pathv[i], &status) &&
		    S_ISREG(status.st_mode))
			found(all.gl_pathv[i], "", context);
	}
	globfree(&all);
	return 0;
}

/* "Name" of config.v2.json without its slash; false: not a container, or the file is not
 * readable. */
static bool container_name(const char *folder, const char *id, char name[EXPAND_NAME_MAX])
{
	_cleanup_free_ char *path = NULL;
	struct stat status;
	json_t *root;
	const char *value;

	if (asprintf(&path, "%s/%s/config.v2.json", folder, id) < 0 || stat(path, &status) ||
	    !S_ISREG(status.st_mode) || status.st_size > CONFIG_MOST)
		return false;
	root = json_load_file(path, 0, NULL);
	value = json_string_value(json_object_get(root, "Name"));
	*name = '\0';
	if (value)
		snprintf(name, EXPAND_NAME_MAX, "%s", value + (*value == '/'));
	json_decref(root);
	return *name != '\0';
}

static int expand_containers(const char *pattern, const char *folder, expand_found *found,
			     void *context, struct fault *fault)
{
	DIR *all = opendir(folder);
	struct dirent *entry;
	unsigned count = 0;

	if (!all)
		return errno == ENOENT ? 0
				       : fault_set(fault, -errno, "cannot read %s: %s", folder,
						   strerror(errno));
	while ((entry = readdir(all)) && count < EXPAND_MOST) {
		_cleanup_free_ char *path = NULL;
		char name[EXPAND_NAME_MAX];
		struct stat status;

		if (*entry->d_name == '.' || !container_name(folder, entry->d_name, name) ||
		    fnmatch(pattern, name, 0))
			continue;
		if (asprintf(&path, "%s/%s/%s-json.log", folder, entry->d_name, entry->d_name) < 0)
			break;
		count++;
		if (!stat(path, &status) && S_ISREG(status.st_mode))
			found(path, name, context);
		else
			fault_set(
				fault, -ENOENT,
				"the container %s has no log in Docker's json-file; where it logs "
				"to the journal or to syslog, follow that",
				name);
	}
	closedir(all);
	return 0;
}

int expand(const char *path, const char *folder, expand_found *found, void *context,
	   struct fault *fault)
{
	if (is_docker(path))
		return expand_containers(path + strlen(FOLLOW_DOCKER),
					 folder ? folder : EXPAND_FOLDER, found, context, fault);
	return expand_files(path, found, context, fault);
}
