// SPDX-License-Identifier: GPL-2.0-or-later
/* See journal.h: the program was built without libsystemd. */
#include "log/journal.h"

#include <errno.h>
#include <string.h>

int journal_open(const char *folder, const char *units, const struct follow_position *position,
		 bool from_start, struct journal **journal, struct fault *fault)
{
	(void)folder;
	(void)units;
	(void)position;
	(void)from_start;
	*journal = NULL;
	return fault_set(fault, -ENOTSUP,
			 "this program was built without libsystemd; let the mail server log to a "
			 "file, or build it anew with libsystemd-dev installed");
}

int journal_seek_last(struct journal *journal, size_t entries)
{
	(void)journal;
	(void)entries;
	return -ENOTSUP;
}

void journal_close(struct journal *journal)
{
	(void)journal;
}

int journal_fd(const struct journal *journal)
{
	(void)journal;
	return -1;
}

int journal_read(struct journal *journal, size_t most_lines,
		 void (*line)(const char *line, size_t size, void *context), void *context,
		 struct fault *fault)
{
	(void)journal;
	(void)most_lines;
	(void)line;
	(void)context;
	return fault_set(fault, -ENOTSUP, "this program was built without libsystemd");
}

void journal_stop(struct journal *journal)
{
	(void)journal;
}

void journal_get_position(const struct journal *journal, struct follow_position *position)
{
	(void)journal;
	*position = (struct follow_position){ 0 };
}

void journal_get_state(const struct journal *journal, struct follow_state *state)
{
	(void)journal;
	*state = (struct follow_state){ 0 };
}
