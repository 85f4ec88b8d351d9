// SPDX-License-Identifier: GPL-2.0-or-later
/* See data_feed.h. */
#include "feed/data_feed.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lists/country.h"
#include "lists/input.h"
#include "lists/input_archive.h"
#include "lists/providers.h"

static const char *const names[] = { "country data", "provider data" };

_Static_assert(sizeof(names) / sizeof(*names) == CONFIG_DATA_COUNT, "each has its name");

static int count_countries(char *path, uint64_t *count, struct fault *fault)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	int error = country_load(&path, 1, &ranges, fault);

	*count = ranges.count4 + ranges.count6;
	return error;
}

static int count_providers(char *path, uint64_t *count, struct fault *fault)
{
	struct providers *providers;
	size_t ranges = 0;
	int error = providers_load(&path, 1, false, &providers, fault);

	if (error)
		return error;
	error = providers_count(providers, &ranges);
	providers_free(providers);
	*count = ranges;
	return error ? fault_set(fault, error, "damaged provider data") : 0;
}

static int count(enum config_data data, const char *path, uint64_t *ranges, struct fault *fault)
{
	_cleanup_free_ char *copy = strdup(path);

	*ranges = 0;
	if (!copy)
		return fault_set(fault, -ENOMEM, "no memory");
	return data == CONFIG_COUNTRIES ? count_countries(copy, ranges, fault)
					: count_providers(copy, ranges, fault);
}

/* Unpacks a file, since databases are mapped and not read. A zip stays as it is: it may hold
 * several files, and its reader opens it. */
static int unpack(const char *path, int fd, struct fault *fault)
{
	_cleanup_(input_free) struct input input = { 0 };
	int error = input_read_packed(path, &input, fault);
	size_t done = 0;

	if (error)
		return error;
	if (input.size > DATA_FEED_MOST_BYTES)
		return fault_set(fault, -EFBIG, "more than %u MiB unpacked",
				 DATA_FEED_MOST_BYTES >> 20);
	if (input.size == input.file_size || input_is_zip(input.text, input.size))
		return 0;
	if (ftruncate(fd, 0))
		return fault_set(fault, -errno, "cannot write %s: %s", path, strerror(errno));
	while (done < input.size) {
		ssize_t put = pwrite(fd, input.text + done, input.size - done, (off_t)done);

		if (put <= 0)
			return fault_set(fault, put ? -errno : -EIO, "cannot write %s: %s", path,
					 strerror(errno));
		done += (size_t)put;
	}
	return fsync(fd) ? fault_set(fault, -errno, "cannot write %s: %s", path, strerror(errno))
			 : 0;
}

int data_feed_check(enum config_data data, const struct config_list *feed, const char *path, int fd,
		    uint64_t *ranges, struct fault *fault)
{
	struct fault ignored = { 0 };
	uint64_t last;
	int error = unpack(path, fd, fault);

	if (!error)
		error = count(data, path, ranges, fault);
	if (error)
		return error;
	if (!*ranges)
		return fault_set(fault, -EBADMSG, "empty, or nothing of it is %s", names[data]);
	if (!count(data, feed->file, &last, &ignored) && *ranges < last / 2)
		return fault_set(fault, -EPERM,
				 "%" PRIu64 " ranges where there were %" PRIu64
				 ", less than half as many; if that is meant, remove %s",
				 *ranges, last, feed->file);
	return 0;
}
