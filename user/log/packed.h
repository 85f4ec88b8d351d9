/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a log file, unpacked if it is gzip, xz, bzip2 or zstd. The format is recognised by
 * the file's first bytes, never by its name; in a pipe only gzip is. Not here: lines (past_logs.h).
 */
#ifndef SEKISHO_PACKED_H
#define SEKISHO_PACKED_H

#include <stddef.h>
#include <sys/types.h>

struct packed_file;

/* Takes `fd` over, even if it fails. NULL: out of memory. */
struct packed_file *packed_open(int fd);
void packed_close(struct packed_file *packed); /* NULL is allowed */

/* The next bytes, at most `size` (below 2 GiB); 0: the end. -errno of the file; -EBADMSG: the
 * packed data is damaged or cut short. After an error nothing more comes. */
ssize_t packed_read(struct packed_file *packed, char *out, size_t size);

/* By name: how many times a log's contents usually are as large as the packed file. 1: not
 * packed. */
unsigned packed_factor(const char *path);

#endif
