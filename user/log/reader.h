/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One open file of a log, and how it is recognised again. Not here: which file to read when. */
#ifndef SEKISHO_READER_H
#define SEKISHO_READER_H

#include "log/follow.h"

struct reader {
	int fd, watch; /* -1: none */
	bool live;     /* it is the file of the path, or was so before a rotation */
	bool checked;  /* it was not copied and cut before its first line was read */
	bool skipping; /* the rest of an over-long line is being left out */
	struct follow_position at;
};

/* Opens a file for reading from its beginning; the caller closes fd. -errno; -EINVAL: not a regular
 * file. */
int reader_open(const char *folder, const char *name, struct reader *reader);

/* Whether the file begins as the position says, and is not shorter than it: 1, 0 or -errno. */
int reader_is(int fd, const struct follow_position *position);

/* Extends the digest to the bytes that the file has now, up to the digest's limit. */
void reader_learn_head(struct reader *reader);

/* Whether `copy` begins as `original` does, as far as it goes. */
bool reader_is_copy(const struct reader *copy, const struct reader *original);

#define READER_BUFFER (256U << 10)

/* Goes to the beginning of the last line, which may be incomplete; uses READER_BUFFER bytes at
 * `buffer`. */
void reader_seek_end(struct reader *reader, char *buffer);

struct output {
	void (*line)(const char *line, size_t size, void *context);
	void *context;
	size_t left; /* lines that may still be given */
};

enum pumped {
	PUMP_END,      /* no complete line is left */
	PUMP_MORE,     /* output->left is used up */
	PUMP_NEW,      /* a live file's first bytes are there; it is to be checked first */
	PUMP_REPLACED, /* cut, or with another beginning: not the file that it was */
	PUMP_FAULT,    /* errno */
};

/* Hands out the complete lines from the position on, and counts them in *state. */
enum pumped reader_pump(struct reader *reader, char *buffer, struct output *output,
			struct follow_state *state);

/* Hands out the complete lines of the last `most_bytes` before the position, which stays. */
void reader_read_before(const struct reader *reader, uint64_t most_bytes, char *buffer,
			struct output *output);

/* Whether the position is of this file, by device and inode, whatever its name. */
static inline bool position_is_file(const struct follow_position *position, uint64_t device,
				    uint64_t inode)
{
	return position->device == device && position->inode == inode;
}

#endif
