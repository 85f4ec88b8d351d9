/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole file into memory. Not for logs, which are followed (log/follow.h). */
#ifndef SEKISHO_FILE_H
#define SEKISHO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/fault.h"

/* All bytes of `path`, which may be a pipe, in *text: malloc()ed, with a NUL behind the last.
 * -EISDIR; -EFBIG: more than `most` bytes; other -errno of open and read; nothing is set then. */
int file_read(const char *path, size_t most, char **text, size_t *size);

/* Opens `path` for reading if it is a regular file; never waits, whatever lies there. `links`
 * false: a link is not followed (-ELOOP), which is right in a folder that others may write. Returns
 * the descriptor; -EISDIR; -EINVAL: a pipe or a device; other -errno of open. */
int file_open_regular(const char *path, bool links);

/* file_read() of a regular file that is no link: see file_open_regular(). */
int file_read_regular(const char *path, size_t most, char **text, size_t *size);

/* Writes `path` as a whole: a reader sees the old file or the new one. Mode 0600, of this user.
 * What is there is replaced if it is a regular file; else (a device, a pipe, a link) -EINVAL. The
 * fault names the file. */
int file_replace(const char *path, const char *text, size_t size, struct fault *fault);

#endif
