/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Joins the line events of one server's logs to one event for each thing that happened: attempts
 * whose lines several daemons write (attempts.h), copies in several logs (copies.h), failures that
 * a later database takes back (held.h), accounts that wait for their source (deferred_event.h), and
 * reports of a mail server (EVIDENCE_REPORT). Events come out in the order of their time, as far as
 * the logs have that order.
 */
#ifndef SEKISHO_LOG_JOINING_H
#define SEKISHO_LOG_JOINING_H

#include "log/line_event.h"

struct joining;

struct joining *joining_new(void); /* NULL: out of memory */
void joining_free(struct joining *joining);

/* Adds a log of the server. Returns its number, for struct line_event. */
unsigned joining_add_log(struct joining *joining);

/* The logs are of the past: nobody waits for events, so every failure that may be taken back is
 * held, not only those of a server that has shown several password databases. */
void joining_set_past(struct joining *joining);

/* Sets whether a mail server reports logins and messages as well (EVIDENCE_REPORT): report and line
 * are then one event. At first none does. */
void joining_expect_reports(struct joining *joining, bool will_come);

/* A mail server asks about a login, whose report will come: from the first line on, its line events
 * wait for the report. `wall_ns` is now. */
void joining_asked(struct joining *joining, int64_t wall_ns);

/* Takes a line event. Returns whether it makes an event: *event. */
bool joining_take(struct joining *joining, const struct line_event *line_event,
		  struct event *event);

/* Whether any event waits. */
bool joining_waits(const struct joining *joining);

/* Whether an event that waited is ready at `now_wall_ns`: *event. To be called after each line, and
 * at the end (INT64_MAX) until there is none. */
bool joining_next(struct joining *joining, int64_t now_wall_ns, struct event *event);

#endif
