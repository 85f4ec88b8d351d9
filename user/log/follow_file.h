/* SPDX-License-Identifier: GPL-2.0-or-later */
/* follow.h for a log that is a file. */
#ifndef SEKISHO_FOLLOW_FILE_H
#define SEKISHO_FOLLOW_FILE_H

#include "log/follow.h"

struct follow_file;

/* The functions of follow.h for a file: path, meaning, ownership and errors are as there. The last
 * two copy position and state. */
int follow_file_open(const char *path, const struct follow_position *position, bool from_start,
		     struct follow_file **follow, struct fault *fault);
void follow_file_close(struct follow_file *follow);
int follow_file_fd(const struct follow_file *follow);
int follow_file_read(struct follow_file *follow, size_t most_lines,
		     void (*line)(const char *line, size_t size, void *context), void *context,
		     struct fault *fault);
void follow_file_stop(struct follow_file *follow);
void follow_file_read_before(struct follow_file *follow, uint64_t most_bytes,
			     void (*line)(const char *line, size_t size, void *context),
			     void *context);
void follow_file_get_position(const struct follow_file *follow, struct follow_position *position);
void follow_file_get_state(const struct follow_file *follow, struct follow_state *state);

#endif
