// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MaxMind DB files, of MaxMind and others: country.iso_code, or country_code, or a country that is
 * two letters. IPv4 lies under ::/96; what lies under its alias ::ffff:0:0/96 is the same and left
 * out. Not here: the format itself (libmaxminddb).
 */
#include <maxminddb.h>
#include <string.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lists/country_reader.h"

#define MARKER	      "\xab\xcd\xefMaxMind.com"
#define MARKER_WITHIN (128U << 10) /* the format's own bound */
#define VISITS_MOST   (1U << 26)   /* a tree may share its branches, up to 2^128 leaves */
#define CACHE	      4096

struct walk {
	MMDB_s *mmdb;
	struct ranges *ranges;
	size_t visits;
	bool four; /* the tree is of IPv4 alone */
	struct {
		uint32_t offset; /* of the record, + 1; 0: empty */
		int country;
	} cache[CACHE];
};

static bool detect(const struct country_file *file)
{
	size_t within = file->size < MARKER_WITHIN ? file->size : MARKER_WITHIN;

	return within &&
	       memmem(file->text + file->size - within, within, MARKER, sizeof(MARKER) - 1);
}

/* Two letters at a path; -EINVAL: nothing, or something else, is there; -EBADMSG: damaged. */
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

static int country_of(struct walk *walk, MMDB_entry_s *entry)
{
	static const char *const paths[][3] = { { "country", "iso_code", NULL },
						{ "country_code", NULL },
						{ "country", NULL } };
	size_t slot = entry->offset % CACHE;
	int country = -EINVAL;

	if (walk->cache[slot].offset == entry->offset + 1)
		return walk->cache[slot].country;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths) && country == -EINVAL; i++)
		country = country_at(entry, paths[i]);
	walk->cache[slot].offset = entry->offset + 1;
	walk->cache[slot].country = country;
	return country;
}

static int add(struct walk *walk, u128 first, unsigned depth, int country)
{
	const u128 mapped = (u128)0xffff << 32;
	unsigned bits = (walk->four ? 32 : 128) - depth;
	u128 last = first | (bits == 128 ? (u128)-1 : ((u128)1 << bits) - 1);

	if (country < 0)
		return country == -EBADMSG ? country : 0;
	if (last <= UINT32_MAX)
		return ranges_add4(walk->ranges, (uint32_t)first, (uint32_t)last,
				   (uint32_t)country);
	if (first >= mapped && last <= mapped + UINT32_MAX)
		return 0;
	if (first <= UINT32_MAX) { /* wider than all of IPv4 */
		int error = ranges_add4(walk->ranges, 0, UINT32_MAX, (uint32_t)country);

		if (error)
			return error;
	}
	return ranges_add6(walk->ranges, first, last, (uint32_t)country);
}

static int walk_node(struct walk *walk, uint32_t node, u128 first, unsigned depth);

static int walk_record(struct walk *walk, uint8_t type, uint64_t record, MMDB_entry_s *entry,
		       u128 first, unsigned depth)
{
	switch (type) {
	case MMDB_RECORD_TYPE_EMPTY:
		return 0;
	case MMDB_RECORD_TYPE_DATA:
		return add(walk, first, depth, country_of(walk, entry));
	case MMDB_RECORD_TYPE_SEARCH_NODE:
		if (depth == (walk->four ? 32 : 128))
			return -EBADMSG;
		return walk_node(walk, (uint32_t)record, first, depth);
	default:
		return -EBADMSG;
	}
}

/* At most 128 deep. */
static int walk_node(struct walk *walk, uint32_t node, u128 first, unsigned depth)
{
	MMDB_search_node_s found;
	unsigned bit = (walk->four ? 31 : 127) - depth;
	int error;

	if (++walk->visits > VISITS_MOST ||
	    MMDB_read_node(walk->mmdb, node, &found) != MMDB_SUCCESS)
		return -EBADMSG;
	error = walk_record(walk, found.left_record_type, found.left_record,
			    &found.left_record_entry, first, depth + 1);
	if (error)
		return error;
	return walk_record(walk, found.right_record_type, found.right_record,
			   &found.right_record_entry, first | (u128)1 << bit, depth + 1);
}

/* The library opens files alone: the text, which may have been packed, becomes one in memory. */
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
	_cleanup_free_ struct walk *walk = calloc(1, sizeof(*walk));
	MMDB_s mmdb = { 0 };
	int error = walk ? open_text(file, &mmdb) : -ENOMEM;

	if (!error) {
		walk->mmdb = &mmdb;
		walk->ranges = ranges;
		walk->four = mmdb.metadata.ip_version == 4;
		if (mmdb.metadata.node_count)
			error = walk_node(walk, 0, 0, 0);
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
