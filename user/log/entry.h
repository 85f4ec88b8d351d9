/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Journal entries that journalctl writes over several lines (-o export, -o verbose), and the syslog
 * line of any entry. Not here: journalctl's JSON (unwrap.c), the journal itself (journal.h).
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

#define JOURNAL_WORD_MOST 128 /* bytes of a field that is no message */

/* An entry that is being read; all zero: none is. Its message is in the room that the calls get. */
struct journal_entry {
	bool begun, verbose;
	uint64_t binary_left; /* bytes of a field's value that are still to come */
	unsigned header_left; /* bytes of the value's size, which comes first, that are still to
				 come */
	uint64_t binary_size;
	int binary; /* which field it is; -1: none that is wanted */
	char words[JOURNAL_MESSAGE][JOURNAL_WORD_MOST];
	size_t sizes[JOURNAL_COUNT];
};

/* Writes the entry as a line of syslog with its time in seconds, in room->line; journal_sd.c does
 * the same live. False: no daemon wrote it (trust.h), or it has no message. Pure. */
bool entry_line(struct shipped_room *room, const struct span values[JOURNAL_COUNT],
		struct span *line);

/* Whether the line is the first one of an entry, which then begins in *entry. Pure. */
bool entry_begins(struct journal_entry *entry, struct span line);

/* Reads a line within an entry. True: the entry has ended, and *out is its entry_line(). *is_one:
 * the line belongs to an entry; else none is being read any more. With -o verbose only the next
 * entry's first line, or an empty one, ends an entry. Pure. */
bool entry_read(struct journal_entry *entry, struct shipped_room *room, struct span line,
		struct span *out, bool *is_one);

#endif
