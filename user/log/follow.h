/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows one log file through rotation (rename and copytruncate), or the journal (journal.h), line
 * by line. Event-driven: the caller polls follow_fd() and calls follow_read(). Not here: parsing;
 * the store, which keeps offsets.
 */
#ifndef SEKISHO_FOLLOW_H
#define SEKISHO_FOLLOW_H

#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/fault.h"

/* How far a log was read, as the store keeps it. A file is recognised by device, inode and a digest
 * of its first bytes (an inode number may be reused). All zero: nothing is known. */
struct follow_position {
	uint64_t device, inode;
	uint64_t offset;      /* bytes, up to the end of the last complete line handed out */
	uint64_t head_digest; /* of the first head_size bytes, at most 256; if there were none: when
				 that was seen, in ns of the wall clock, or 0 */
	uint32_t head_size;
	uint32_t reserved;
};

struct follow_state {	       /* for status */
	uint64_t lines, bytes; /* handed out since start */
	uint64_t cut;	       /* lines longer than LOG_LINE_MAX */
	uint64_t lag_bytes;    /* in the file, not yet handed out */
	uint64_t rotations;
	bool missing; /* no file at the path now; it is waited for */
};

struct follow;

#define FOLLOW_JOURNAL "journal:" /* begins a path that names units of the journal instead */

/* Starts at `position` (NULL or all zero: at the file's end, or with `from_start` at its
 * beginning). Files that were rotated away since then are looked for beside the file and read
 * first, unless they are compressed. The file need not exist or be readable yet: follow_read() then
 * waits for it. Its folder must exist. *follow is the caller's. */
int follow_open(const char *path, const struct follow_position *position, bool from_start,
		struct follow **follow, struct fault *fault);
void follow_close(struct follow *follow);

/* Readable when follow_read() has something to look at (inotify). -1: there are no more inotify
 * instances; call follow_read() by a timer then. If the path is a symbolic link, or the file is on
 * a network, call follow_read() every few seconds as well. */
int follow_fd(const struct follow *follow);

/* Hands out complete lines (without newline, at most LOG_LINE_MAX bytes, parse.h) until none is
 * left or `most_lines` were given. A file that was rotated away is read to its end first, and for
 * another minute, since its writer may still write to it. Lines that a copytruncate rotation cut
 * off before they were read come from the copy. A last line without a newline is not handed out.
 * Returns 1 if there is more to read at once, 0 if not, -errno on a fault that persists (described
 * in `fault`, retried next time). */
int follow_read(struct follow *follow, size_t most_lines,
		void (*line)(const char *line, size_t size, void *context), void *context,
		struct fault *fault);

/* For the callback of follow_read(): no further line is given in this call. */
void follow_stop(struct follow *follow);

/* Hands out the lines of the file within `most_bytes` before the position, which stays. The journal
 * has none. */
void follow_read_before(struct follow *follow, uint64_t most_bytes,
			void (*line)(const char *line, size_t size, void *context), void *context);

/* How far lines were handed out; and whether the log can be read, and how much of it is left. */
void follow_get_position(const struct follow *follow, struct follow_position *position);
void follow_get_state(const struct follow *follow, struct follow_state *state);

#endif
