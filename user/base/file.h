/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and writes whole files. Not for logs, which are followed (log/follow.h). */
#ifndef SEKISHO_FILE_H
#define SEKISHO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/fault.h"

/* Reads all bytes of `path`, which may be a pipe, into *text: malloc()ed, with a NUL behind the
 * last. -EISDIR; -EFBIG: more than `most` bytes; other -errno of open and read. On an error nothing
 * is set. */
int file_read(const char *path, size_t most, char **text, size_t *size);

/* Opens `path` for reading if it is a regular file; never waits, whatever is there. `links` false:
 * a link is not followed (-ELOOP), which is right in a folder that others may write to. Returns the
 * descriptor; -EISDIR; -EINVAL: a pipe or a device; other -errno of open. */
int file_open_regular(const char *path, bool links);

/* file_read() of a regular file that is no link: see file_open_regular(). */
int file_read_regular(const char *path, size_t most, char **text, size_t *size);

/* Writes the whole of `path`: a reader sees the old file or the new one. The file has mode 0600 and
 * belongs to this user. It replaces a regular file; anything else there (a device, a pipe, a link)
 * is -EINVAL. The fault names the file. */
int file_replace(const char *path, const char *text, size_t size, struct fault *fault);

#endif
