// SPDX-License-Identifier: GPL-2.0-or-later
/* See follow.h. Only chooses between the two kinds of a log. */
#include "log/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "log/follow_file.h"
#include "log/journal.h"

struct follow { /* one of the two */
	struct follow_file *file;
	struct journal *journal;
};

int follow_open(const char *path, const struct follow_position *position, bool from_start,
		struct follow **follow, struct fault *fault)
{
	struct follow *new = calloc(1, sizeof(*new));
	size_t prefix = strlen(FOLLOW_JOURNAL);
	int error;

	if (!new)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (!strncmp(path, FOLLOW_JOURNAL, prefix))
		error = journal_open(NULL, path + prefix, position, from_start, &new->journal,
				     fault);
	else
		error = follow_file_open(path, position, from_start, &new->file, fault);
	if (error) {
		free(new);
		return error;
	}
	*follow = new;
	return 0;
}

void follow_close(struct follow *follow)
{
	if (!follow)
		return;
	follow_file_close(follow->file);
	journal_close(follow->journal);
	free(follow);
}

int follow_fd(const struct follow *follow)
{
	return follow->journal ? journal_fd(follow->journal) : follow_file_fd(follow->file);
}

int follow_read(struct follow *follow, size_t most_lines,
		void (*line)(const char *line, size_t size, void *context), void *context,
		struct fault *fault)
{
	if (follow->journal)
		return journal_read(follow->journal, most_lines, line, context, fault);
	return follow_file_read(follow->file, most_lines, line, context, fault);
}

void follow_stop(struct follow *follow)
{
	if (follow->journal)
		journal_stop(follow->journal);
	else
		follow_file_stop(follow->file);
}

void follow_read_before(struct follow *follow, uint64_t most_bytes,
			void (*line)(const char *line, size_t size, void *context), void *context)
{
	if (follow->file)
		follow_file_read_before(follow->file, most_bytes, line, context);
}

void follow_get_position(const struct follow *follow, struct follow_position *position)
{
	if (follow->journal)
		journal_get_position(follow->journal, position);
	else
		follow_file_get_position(follow->file, position);
}

void follow_get_state(const struct follow *follow, struct follow_state *state)
{
	if (follow->journal)
		journal_get_state(follow->journal, state);
	else
		follow_file_get_state(follow->file, state);
}
