/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * follow.h for the systemd journal: entries of some units, as syslog lines with an RFC 3339 stamp.
 * A position is an entry's time and hash, since it has no room for a cursor's text. Entries that
 * were written while the clock was set back are not looked for after a restart. In a program that
 * is built without libsystemd, journal_none.c returns a fault.
 */
#ifndef SEKISHO_JOURNAL_H
#define SEKISHO_JOURNAL_H

#include "log/follow.h"

struct journal;

/* `units` separated by blanks, ".service" understood; `folder` NULL: this machine's journal. */
int journal_open(const char *folder, const char *units, const struct follow_position *position,
		 bool from_start, struct journal **journal, struct fault *fault);
void journal_close(struct journal *journal);
/* Goes to `entries` entries before the end, or to the beginning if there are fewer. -errno. */
int journal_seek_last(struct journal *journal, size_t entries);
int journal_fd(const struct journal *journal);
int journal_read(struct journal *journal, size_t most_lines,
		 void (*line)(const char *line, size_t size, void *context), void *context,
		 struct fault *fault);
void journal_stop(struct journal *journal); /* as follow_stop() */
void journal_get_position(const struct journal *journal, struct follow_position *position);
void journal_get_state(const struct journal *journal, struct follow_state *state);

#endif
