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

#define RECORD_MOST (4U << 20) /* bytes of a record of a container */

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

/* A file of Docker's records of a container; NULL: there is none, or it is not readable. */
static json_t *load_record(const char *container, const char *file)
{
	_cleanup_free_ char *path = NULL;
	struct stat status;

	if (asprintf(&path, "%s/%s", container, file) < 0 || stat(path, &status) ||
	    !S_ISREG(status.st_mode) || status.st_size > RECORD_MOST)
		return NULL;
	return json_load_file(path, 0, NULL);
}

/* "Name" of config.v2.json without its slash; false: not a container, or not readable. */
static bool container_name(const char *container, char name[EXPAND_NAME_MAX])
{
	json_t *config = load_record(container, "config.v2.json");
	const char *value = json_string_value(json_object_get(config, "Name"));

	*name = '\0';
	if (value)
		snprintf(name, EXPAND_NAME_MAX, "%s", value + (*value == '/'));
	json_decref(config);
	return *name != '\0';
}

bool expand_logs_elsewhere(const char *container, char driver[EXPAND_NAME_MAX])
{
	json_t *config = load_record(container, "hostconfig.json");
	const char *value =
		json_string_value(json_object_get(json_object_get(config, "LogConfig"), "Type"));

	snprintf(driver, EXPAND_NAME_MAX, "%s", value ? value : "");
	json_decref(config);
	return *driver && strcmp(driver, "json-file");
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
		_cleanup_free_ char *container = NULL, *path = NULL;
		char name[EXPAND_NAME_MAX], driver[EXPAND_NAME_MAX];
		struct stat status;

		if (*entry->d_name == '.')
			continue;
		if (asprintf(&container, "%s/%s", folder, entry->d_name) < 0)
			break;
		if (!container_name(container, name) || fnmatch(pattern, name, 0))
			continue;
		if (asprintf(&path, "%s/%s-json.log", container, entry->d_name) < 0)
			break;
		count++;
		/* Docker makes the file when it starts the container, which may be never. */
		if (!stat(path, &status) && S_ISREG(status.st_mode))
			found(path, name, context);
		else if (expand_logs_elsewhere(container, driver))
			fault_set(fault, -ENOENT,
				  "the container %s logs by Docker's driver %s, not to json-file; "
				  "where that is the journal or syslog, follow it",
				  name, driver);
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
