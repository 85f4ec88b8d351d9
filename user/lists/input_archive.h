/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packed files other than gzip, by libarchive: xz, bzip2, zstd, and what is in a zip or a tar. */
#ifndef SEKISHO_INPUT_ARCHIVE_H
#define SEKISHO_INPUT_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the first bytes are those of such a file. */
bool input_is_archive(const char *text, size_t size);
bool input_is_zip(const char *text, size_t size);
bool input_is_tar(const char *text, size_t size);

/* One file of an archive; `name` is "" for xz, bzip2 and zstd, which have one file without a name.
 * `text` (malloc()ed) belongs to the callback if it returns 0. Not 0 ends the walk. */
typedef int input_member(const char *name, char *text, size_t size, void *context);

/* Unpacks each file, all together at most `most` bytes. 0, what `each` returned, -EBADMSG: damaged
 * or encrypted, -EFBIG, -ENOMEM. */
int input_archive(const char *text, size_t size, size_t most, input_member *each, void *context);

#endif
