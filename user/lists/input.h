/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a list or country file into memory, unpacked if it is gzip, xz, bzip2, zstd, or a zip or
 * tar of one file, or of one .mmdb among others. Not here: what its text means. */
#ifndef SEKISHO_LIST_INPUT_H
#define SEKISHO_LIST_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include "base/fault.h"

#define INPUT_MAX (1ULL << 30) /* bytes, unpacked: a list of 1M lines has 16 MB */

struct input {
	char *text; /* owned; never NULL after success */
	size_t size;
	uint64_t mtime_ns, file_size; /* of a regular file, before unpacking; else 0 */
};

/* Reads all of `path`, "-" is standard input. -errno of the file; -EFBIG: more than INPUT_MAX;
 * -EBADMSG: damaged gzip. */
int input_read(const char *path, struct input *input, struct fault *fault);
/* The same for callers that cannot wait: only of a regular file. -EINVAL: a pipe, a device. */
int input_read_file(const char *path, struct input *input, struct fault *fault);
/* The same as input_read_file(), but a zip stays as it is: country data may be several files. */
int input_read_packed(const char *path, struct input *input, struct fault *fault);
void input_free(struct input *input);

/* If `text` is gzip, *unpacked is its content (owned) and *unpacked_size its size; else *unpacked
 * is NULL. Pure. -EBADMSG, -EFBIG, -ENOMEM. */
int input_unpack(const char *text, size_t size, size_t most, char **unpacked,
		 size_t *unpacked_size);

#endif
