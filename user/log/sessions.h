/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions whose lines name only an id (OpenSMTPD): the source of each, and who logged in. There is
 * one fixed table, made with the first such line. A flood of sessions makes it forget the longest
 * unused one, whose further lines are then events without a source. An id comes from the daemon,
 * not from the client. Not here: what the lines say.
 */
#ifndef SEKISHO_SESSIONS_H
#define SEKISHO_SESSIONS_H

#include "log/format.h"

#define SESSION_SLOTS 4096 /* 160 bytes each: 640 KiB, if there are any */
#define SESSION_WAYS  8

struct sessions;

/* NULL is allowed: no line had a session yet. */
void sessions_free(struct sessions *sessions);

/* Remembers what the parsed line says of its session, or completes the line from the session; the
 * line's account then points into the table until the next call. Returns whether the line is an
 * event. *sessions may be NULL at first. */
bool sessions_step(struct sessions **sessions, struct parsed_line *parsed);

#endif
