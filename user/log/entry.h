/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of the journal as journalctl writes them over several lines (-o export, -o verbose), and
 * any entry as a line of syslog. Not here: its JSON (unwrap.c), the journal itself (journal.h).
 */
#ifndef SEKISHO_LOG_ENTRY_H
#define SEKISHO_LOG_ENTRY_H

#include "log/shipped.h"

/* The fields of an entry of the journal, in the order of journal_fields[]. */
enum journal_field {
	JOURNAL_TIME,
	JOURNAL_HOST,
	JOURNAL_NAME,
	JOURNAL_COMM,
	JOURNAL_SYSLOG_PID,
	JOURNAL_PID,
	JOURNAL_UID,
	JOURNAL_UNIT,
	JOURNAL_CONTAINER,
	JOURNAL_MESSAGE,
	JOURNAL_COUNT,
};

extern const char *const journal_fields[JOURNAL_COUNT + 1]; /* NULL at the end */

#define JOURNAL_WORD_MOST 128 /* of a field that is no message */

/* One that is being read; all zero: none is. Its message is in the room that the calls are given. */
struct journal_entry {
	bool begun, verbose;
	uint64_t binary_left; /* bytes of a field's value that are still to come */
	unsigned header_left; /* of its size, which comes first */
	uint64_t binary_size;
	int binary; /* which field it is; -1: none that is wanted */
	char words[JOURNAL_MESSAGE][JOURNAL_WORD_MOST];
	size_t sizes[JOURNAL_COUNT];
};

/* The entry as a line of syslog with its time in seconds, in room->line; journal_sd.c does it live.
 * false: no daemon wrote it (trust.h), or it says nothing. Pure. */
bool entry_line(struct shipped_room *room, const struct span values[JOURNAL_COUNT],
		struct span *line);

/* Whether the line is the first one of an entry; then it begins in *entry. Pure. */
bool entry_begins(struct journal_entry *entry, struct span line);

/* A line within an entry. True: one has ended, and *out is entry_line() of it. *is_one: the line
 * is of an entry; else none is being read any more. Of -o verbose only the next entry's first line,
 * or an empty one, ends it. Pure. */
bool entry_read(struct journal_entry *entry, struct shipped_room *room, struct span line,
		struct span *out, bool *is_one);

#endif
