// SPDX-License-Identifier: GPL-2.0-or-later
/* See input_archive.h. */
#include "lists/input_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TAR_MAGIC 257 /* POSIX: where a header has its magic */

static bool begins(const char *text, size_t size, const char *magic, size_t magic_size)
{
	return size >= magic_size && !memcmp(text, magic, magic_size);
}

bool input_is_zip(const char *text, size_t size)
{
	return begins(text, size, "PK\3\4", 4);
}

bool input_is_tar(const char *text, size_t size)
{
	return size > TAR_MAGIC + 5 && !memcmp(text + TAR_MAGIC, "ustar", 5);
}

bool input_is_archive(const char *text, size_t size)
{
	return input_is_zip(text, size) || input_is_tar(text, size) ||
	       begins(text, size,
		      "\xfd"
		      "7zXZ",
		      6) ||
	       (begins(text, size, "BZh", 3) && size > 10 &&
		!memcmp(text + 4, "\x31\x41\x59\x26\x53\x59", 6)) ||
	       begins(text, size, "\x28\xb5\x2f\xfd", 4);
}

/* Reads the content of the archive's current entry. */
static int read_entry(struct archive *archive, size_t *left, char **text, size_t *size)
{
	size_t room = 1 << 16, used = 0;
	char *data = malloc(room), *grown;

	while (data) {
		la_ssize_t got = archive_read_data(archive, data + used, room - used);

		if (got <= 0) {
			*text = data;
			*size = used;
			*left -= used;
			if (!got)
				return 0;
			free(data);
			return -EBADMSG;
		}
		used += (size_t)got;
		if (used > *left) {
			free(data);
			return -EFBIG;
		}
		if (used < room)
			continue;
		room *= 2;
		grown = realloc(data, room);
		if (!grown)
			free(data);
		data = grown;
	}
	return -ENOMEM;
}

static int walk(struct archive *archive, size_t most, input_member *each, void *context)
{
	struct archive_entry *entry;
	int result, error = 0;

	while (!error && (result = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(entry);
		size_t size = 0;
		char *text = NULL;

		if (archive_entry_filetype(entry) != AE_IFREG)
			continue;
		error = read_entry(archive, &most, &text, &size);
		if (error)
			return error;
		error = each(name ? name : "", text, size, context);
		if (error)
			free(text);
	}
	return error ? error : result == ARCHIVE_EOF ? 0 : -EBADMSG;
}

int input_archive(const char *text, size_t size, size_t most, input_member *each, void *context)
{
	struct archive *archive = archive_read_new();
	int error = -ENOMEM;

	if (!archive)
		return error;
	if (input_is_zip(text, size))
		archive_read_support_format_zip(archive);
	else if (input_is_tar(text, size))
		archive_read_support_format_tar(archive);
	else
		archive_read_support_format_raw(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_zstd(archive);
	error = archive_read_open_memory(archive, text, size) == ARCHIVE_OK
			? walk(archive, most, each, context)
			: -EBADMSG;
	archive_read_free(archive);
	return error;
}
