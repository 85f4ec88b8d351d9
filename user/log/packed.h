/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a log file, unpacked if it is gzip, xz, bzip2 or zstd. The format is recognised by
 * the file's first bytes, never by its name; in a pipe only gzip is. Not here: lines (past_logs.h).
 */
#ifndef SEKISHO_PACKED_H
#define SEKISHO_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/fault.h"

struct packed_file;

/* Opens a log; "-" is standard input. Returns the descriptor, or -errno (-EISDIR: a folder), of
 * which `fault` has the remedy. */
int packed_open_path(const char *path, struct fault *fault);

/* Takes `fd` over, even if it fails. NULL: out of memory. */
struct packed_file *packed_open(int fd);
void packed_close(struct packed_file *packed); /* NULL is allowed */

/* The next bytes, at most `size` (below 2 GiB); 0: the end. -errno of the file; -EBADMSG: the
 * packed data is damaged or cut short. After an error nothing more comes. */
ssize_t packed_read(struct packed_file *packed, char *out, size_t size);

/* What packed_read() ended with (-errno), of a log of that name of which `lines` could be read.
 * Returns `error`. */
int packed_fault(const char *path, uint64_t lines, int error, struct fault *fault);

/* Whether the bytes begin a file that is packed: gzip, xz, bzip2 or zstd. */
bool packed_is(const char *bytes, size_t size);

/* Whether the first bytes of a log, unpacked, may be those of a text: they have no NUL, as those of
 * archives and programs have. Looks at PACKED_LOOKED bytes at most. */
#define PACKED_LOOKED 4096
bool packed_is_text(const char *bytes, size_t size);
/* The fault of a log without an event whose first bytes are none of a text: -EBADMSG. */
int packed_no_text(const char *path, struct fault *fault);

/* By name: how many times a log's contents usually are as large as the packed file. 1: not
 * packed. */
unsigned packed_factor(const char *path);

#endif
