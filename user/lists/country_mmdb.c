// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MaxMind DB files, by MaxMind and others. The country is country.iso_code, or country_code, or a
 * string of two letters. Not here: the tree (mmdb_walk.h).
 */
#include <maxminddb.h>
#include <string.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lists/country_reader.h"
#include "lists/mmdb_walk.h"

#define MARKER	      "\xab\xcd\xefMaxMind.com"
#define MARKER_WITHIN (128U << 10) /* the format's own bound */

static bool detect(const struct country_file *file)
{
	size_t within = file->size < MARKER_WITHIN ? file->size : MARKER_WITHIN;

	return within &&
	       memmem(file->text + file->size - within, within, MARKER, sizeof(MARKER) - 1);
}

/* The two letters at a path; -EINVAL: there is nothing, or something else; -EBADMSG: damaged. */
static int country_at(MMDB_entry_s *entry, const char *const *path)
{
	MMDB_entry_data_s data;

	int status = MMDB_aget_value(entry, &data, path);

	if (status == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
		return -EINVAL;
	if (status != MMDB_SUCCESS)
		return -EBADMSG;
	if (!data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING)
		return -EINVAL;
	return country_normal(data.utf8_string, data.data_size);
}

static int64_t country_of(MMDB_entry_s *entry)
{
	static const char *const paths[][3] = { { "country", "iso_code", NULL },
						{ "country_code", NULL },
						{ "country", NULL } };
	int country = -EINVAL;

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths) && country == -EINVAL; i++)
		country = country_at(entry, paths[i]);
	return country;
}

/* The library only opens files: the text, which may have been packed, becomes a file in memory. */
static int open_text(const struct country_file *file, MMDB_s *mmdb)
{
	_cleanup_close_ int fd = memfd_create("country", MFD_CLOEXEC);
	char path[32];
	size_t done = 0;

	if (fd < 0)
		return -errno;
	while (done < file->size) {
		ssize_t wrote = write(fd, file->text + done, file->size - done);

		if (wrote < 0 && errno != EINTR)
			return -errno;
		done += wrote > 0 ? (size_t)wrote : 0;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return MMDB_open(path, MMDB_MODE_MMAP, mmdb) == MMDB_SUCCESS ? 0 : -EBADMSG;
}

static int read_file(const struct country_file *file, struct ranges *ranges, struct fault *fault)
{
	MMDB_s mmdb = { 0 };
	int error = open_text(file, &mmdb);

	if (!error) {
		error = mmdb_walk(&mmdb, country_of, ranges);
		MMDB_close(&mmdb);
	}
	if (error == -EBADMSG)
		return fault_set(fault, error,
				 "%s: damaged or cut short MaxMind DB; fetch it again", file->name);
	return error ? fault_set(fault, error, "%s: cannot be read: %s", file->name,
				 strerror(-error))
		     : 0;
}

const struct country_format country_mmdb = { detect, read_file };
