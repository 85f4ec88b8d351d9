/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a log file, unpacked if it is gzip, xz, bzip2 or zstd: what it is packed by is told
 * by its first bytes, never by its name. Of a pipe only gzip is told. Not here: lines (past_logs.h).
 */
#ifndef SEKISHO_PACKED_H
#define SEKISHO_PACKED_H

#include <stddef.h>
#include <sys/types.h>

struct packed_file;

/* Takes `fd` over, also where it fails. NULL: out of memory. */
struct packed_file *packed_open(int fd);
void packed_close(struct packed_file *packed); /* NULL is allowed */

/* The next bytes, at most `size` (below 2 GiB); 0: the end. -errno of the file; -EBADMSG: what it
 * is packed by is damaged or cut short. After an error nothing more comes. */
ssize_t packed_read(struct packed_file *packed, char *out, size_t size);

/* By name: what is in it is this many times its size, as logs mostly are. 1: not packed. */
unsigned packed_factor(const char *path);

#endif
