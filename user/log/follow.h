/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows one log file through rotation (rename and copytruncate), or the journal (journal.h), line
 * by line. Event-driven: the caller polls follow_fd() and calls follow_read(). Not here: parsing,
 * the store that keeps offsets.
 */
#ifndef SEKISHO_FOLLOW_H
#define SEKISHO_FOLLOW_H

#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/fault.h"

/* Where reading stands; what the store keeps. A file is recognised by device, inode and a digest of
 * its first bytes (an inode number may be reused). All zero: nothing known. */
struct follow_position {
	uint64_t device, inode;
	uint64_t offset;      /* bytes, up to the end of the last complete line handed out */
	uint64_t head_digest; /* of the first head_size bytes, at most 256; where there were none:
				 when that was seen, in ns of the wall clock, or 0 */
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

/* Starts at `position` (NULL or all zero: at the file's end, `from_start`: at its begin). What was
 * rotated away since then is looked for beside the file and read first, unless it is compressed.
 * The file need not exist yet, or be readable: follow_read() then waits for it. Its folder must
 * be. *follow is the caller's. */
int follow_open(const char *path, const struct follow_position *position, bool from_start,
		struct follow **follow, struct fault *fault);
void follow_close(struct follow *follow);

/* Readable when follow_read() has something to look at (inotify); -1 where no more of these are to
 * be had: call it by a timer then. Where the path is a symbolic link, or the file lies on a
 * network, call follow_read() every few seconds too. */
int follow_fd(const struct follow *follow);

/* Hands out complete lines (without newline, at most LOG_LINE_MAX bytes) until none is left or
 * `most_lines` were given; a file rotated away is read to its end first, and once more for a
 * minute, since its writer may hold on to it. Lines that a copytruncate rotation cut off before
 * they were read come from the copy. A last line without a newline is not handed out; LOG_LINE_MAX
 * (parse.h) bounds what a line may hold. Returns 1 if there is more to read at once, 0 if not,
 * -errno on a fault that persists (said in `fault`, retried next time). */
int follow_read(struct follow *follow, size_t most_lines,
		void (*line)(const char *line, size_t size, void *context), void *context,
		struct fault *fault);

/* For the callback of follow_read(): no further line is given in this call. */
void follow_stop(struct follow *follow);

/* Hands out lines of the file that lie before the position, those within `most_bytes` of it: what
 * led up to it. The position stays. The journal has none. */
void follow_read_before(struct follow *follow, uint64_t most_bytes,
			void (*line)(const char *line, size_t size, void *context), void *context);

/* How far lines were handed out; and whether the log can be read, and what of it is left. */
void follow_get_position(const struct follow *follow, struct follow_position *position);
void follow_get_state(const struct follow *follow, struct follow_state *state);

#endif
