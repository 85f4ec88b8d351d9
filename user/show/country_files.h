/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of the country data in force, from the store's note of them. Pure. */
#ifndef SEKISHO_COUNTRY_FILES_H
#define SEKISHO_COUNTRY_FILES_H

#include <stddef.h>
#include <stdint.h>

struct country_source {
	char path[256];
	int64_t modified_wall_ns; /* 0: not noted */
	uint64_t bytes;
};

/* Reads one file a line, "PATH MTIME_NS SIZE", at most `room`; returns how many. A line of another
 * form is a path alone. */
size_t country_files_read(const char *source, struct country_source *files, size_t room);

#endif
