/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a [log] that names several: by a pattern of file names, or of containers' names.
 * Each call looks at the file system, since files and containers come and go. Not here: reading
 * them.
 */
#ifndef SEKISHO_EXPAND_H
#define SEKISHO_EXPAND_H

#include <stdbool.h>
#include "base/fault.h"

#define FOLLOW_DOCKER	"docker:" /* begins a path that is a pattern of containers' names instead */
#define EXPAND_FOLDER	"/var/lib/docker/containers"
#define EXPAND_MOST	4096 /* files of one pattern */
#define EXPAND_NAME_MAX 128

/* Whether the path names several files. */
bool expand_is_pattern(const char *path);

/* Whether a name is that of a log that was rotated away, by the endings of logrotate and others.
 * Such files are left out, since they are read with the live one (follow.h). */
bool expand_is_rotated(const char *name);

/* `label`: the container's name, or "". */
typedef void expand_found(const char *path, const char *label, void *context);

/* Calls `found` with each file of the pattern. `folder`: of Docker's containers; NULL:
 * EXPAND_FOLDER. -errno: the search failed; no match is no fault, nor is a container that has not
 * started yet. If one of the name does not log to json-file, `fault` names it and the result is 0. */
int expand(const char *path, const char *folder, expand_found *found, void *context,
	   struct fault *fault);

/* Whether Docker's records of a container, in its folder, name another log driver than json-file.
 * `driver`: the one that they name, or "" if they cannot be read. */
bool expand_logs_elsewhere(const char *container, char driver[EXPAND_NAME_MAX]);

#endif
