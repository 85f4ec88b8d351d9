// SPDX-License-Identifier: GPL-2.0-or-later
/* See zone.h. */
#include "log/zone.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/cleanup.h"

#define FOLDER	  "/usr/share/zoneinfo"
#define FILE_MOST (256U << 10)
#define DAY_S	  86400

struct zone {
	size_t count; /* of changes */
	int32_t first_offset_s;
	struct {
		int64_t at_s;
		int32_t offset_s; /* from then on */
	} changes[];
};

static int64_t read_be(const unsigned char *at, size_t size)
{
	uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < size; i++)
		value = value << 8 | at[i];
	return (int64_t)value;
}

static struct zone *fixed(int32_t offset_s)
{
	struct zone *zone = calloc(1, sizeof(*zone));

	if (zone)
		zone->first_offset_s = offset_s;
	return zone;
}

/* "+09:00", "-0330", "+1" */
static bool read_offset(const char *name, int32_t *offset_s)
{
	unsigned hours, minutes = 0;
	int used = 0;

	if ((*name != '+' && *name != '-') || !isdigit((unsigned char)name[1]))
		return false;
	if (sscanf(name + 1, "%2u:%2u%n", &hours, &minutes, &used) != 2 || name[1 + used]) {
		used = 0;
		minutes = 0;
		if ((sscanf(name + 1, "%2u%2u%n", &hours, &minutes, &used) != 2 ||
		     name[1 + used]) &&
		    (sscanf(name + 1, "%2u%n", &hours, &used) != 1 || name[1 + used]))
			return false;
	}
	*offset_s = (*name == '-' ? -1 : 1) * (int32_t)(hours * 3600 + minutes * 60);
	return hours <= 15 && minutes < 60;
}

struct block { /* of a TZif file: one header and the counts in it */
	const unsigned char *at;
	size_t isutc, isstd, leaps, times, types, chars, size;
};

#define HEADER 44

static bool read_block(const unsigned char *at, size_t size, size_t time_size, struct block *block)
{
	if (size < HEADER || memcmp(at, "TZif", 4) != 0)
		return false;
	block->at = at + HEADER;
	block->isutc = (uint32_t)read_be(at + 20, 4);
	block->isstd = (uint32_t)read_be(at + 24, 4);
	block->leaps = (uint32_t)read_be(at + 28, 4);
	block->times = (uint32_t)read_be(at + 32, 4);
	block->types = (uint32_t)read_be(at + 36, 4);
	block->chars = (uint32_t)read_be(at + 40, 4);
	if ((block->isutc | block->isstd | block->leaps | block->times | block->types |
	     block->chars) > FILE_MOST)
		return false;
	block->size = HEADER + block->times * (time_size + 1) + block->types * 6 + block->chars +
		      block->leaps * (time_size + 4) + block->isstd + block->isutc;
	return block->types && block->size <= size;
}

/* The second block has 64-bit times; files of version 1 have none. */
static struct zone *read_file(const unsigned char *text, size_t size)
{
	const unsigned char *types, *kinds;
	struct block block, wide;
	struct zone *zone;

	if (!read_block(text, size, 4, &block) || text[4] < '2' ||
	    !read_block(text + block.size, size - block.size, 8, &wide))
		return NULL;
	zone = calloc(1, sizeof(*zone) + wide.times * sizeof(*zone->changes));
	if (!zone)
		return NULL;
	kinds = wide.at + wide.times * 8;
	types = kinds + wide.times;
	zone->first_offset_s = (int32_t)read_be(types, 4);
	for (size_t i = 0; i < wide.times; i++) {
		if (kinds[i] >= wide.types)
			break;
		zone->changes[i].at_s = read_be(wide.at + i * 8, 8);
		zone->changes[i].offset_s = (int32_t)read_be(types + kinds[i] * 6, 4);
		zone->count++;
	}
	return zone;
}

static int load_file(const char *name, struct zone **zone)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ unsigned char *text = malloc(FILE_MOST);
	_cleanup_close_ int fd = -1;
	ssize_t got;

	if (!text || asprintf(&path, "%s/%s", FOLDER, name) < 0)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -EINVAL;
	got = read(fd, text, FILE_MOST);
	if (got > 0)
		*zone = read_file(text, (size_t)got);
	return *zone ? 0 : -EINVAL;
}

int zone_load(const char *name, struct zone **zone, struct fault *fault)
{
	int32_t offset_s = 0;
	int error = 0;

	*zone = NULL;
	if (!strcmp(name, "UTC") || !strcmp(name, "GMT") || !strcmp(name, "Z") ||
	    read_offset(name, &offset_s))
		*zone = fixed(offset_s);
	else if (*name == '/' || strstr(name, ".."))
		error = -EINVAL;
	else
		error = load_file(name, zone);
	if (!*zone && !error)
		error = -ENOMEM;
	if (error == -ENOMEM)
		return fault_set(fault, error, "out of memory");
	if (error)
		return fault_set(
			fault, error,
			"'%s' is no time zone; write UTC, an offset like +09:00, or a name "
			"below " FOLDER " like Asia/Tokyo (package tzdata)",
			name);
	return 0;
}

void zone_free(struct zone *zone)
{
	free(zone);
}

static int64_t offset_at(const struct zone *zone, int64_t at_s)
{
	size_t low = 0, high = zone->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (zone->changes[middle].at_s <= at_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? zone->changes[low - 1].offset_s : zone->first_offset_s;
}

static int64_t offset_here(int64_t at_s)
{
	time_t at = at_s;
	struct tm local;

	return localtime_r(&at, &local) ? local.tm_gmtoff : 0;
}

int64_t zone_convert(const struct zone *zone, int64_t local_s, int64_t *second)
{
	/* The offsets a day before and a day after: any change lies between them. */
	int64_t before = zone ? offset_at(zone, local_s - DAY_S) : offset_here(local_s - DAY_S);
	int64_t after = zone ? offset_at(zone, local_s + DAY_S) : offset_here(local_s + DAY_S);
	int64_t first_s = local_s - before, second_s = local_s - after;
	bool first_true, second_true;

	*second = first_s;
	if (before == after)
		return first_s;
	first_true = (zone ? offset_at(zone, first_s) : offset_here(first_s)) == before;
	second_true = (zone ? offset_at(zone, second_s) : offset_here(second_s)) == after;
	if (first_true && second_true)
		*second = second_s;
	else if (second_true)
		*second = first_s = second_s;
	return first_s;
}
