/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole file into memory. Not for logs, which are followed (log/follow.h). */
#ifndef SEKISHO_FILE_H
#define SEKISHO_FILE_H

#include <stddef.h>

/* All bytes of `path`, which may be a pipe, in *text: malloc()ed, with a NUL behind the last.
 * -EISDIR; -EFBIG: more than `most` bytes; other -errno of open and read; nothing is set then. */
int file_read(const char *path, size_t most, char **text, size_t *size);

#endif
