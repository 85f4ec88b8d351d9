/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the lines of one server's logs say, joined to one event for each thing that happened:
 * attempts whose lines several daemons write (attempts.h), copies in several logs (copies.h),
 * failures that a later database takes back (held.h), accounts that wait for their source
 * (deferred_event.h); and what a mail server reports besides (EVIDENCE_REPORT). Events come in
 * the order of their time, as far as the logs have it.
 */
#ifndef SEKISHO_LOG_JOINING_H
#define SEKISHO_LOG_JOINING_H

#include "log/line_event.h"

struct joining;

struct joining *joining_new(void); /* NULL: out of memory */
void joining_free(struct joining *joining);

/* One more log of the server: its number, for struct line_event. */
unsigned joining_add_log(struct joining *joining);

/* Logs of the past: nobody is kept waiting, so every failure that may be taken back is held, not
 * only those of a server that has shown several password databases. */
void joining_set_past(struct joining *joining);

/* Whether a mail server reports logins and messages besides (EVIDENCE_REPORT): one of both is the
 * event. At first none does. */
void joining_expect_reports(struct joining *joining, bool will_come);

/* One asks about a login, whose report will come: what its lines say waits for it, by the first
 * line on. `wall_ns` is now. */
void joining_asked(struct joining *joining, int64_t wall_ns);

/* Whether the line_event makes an event: *event. */
bool joining_take(struct joining *joining, const struct line_event *line_event,
		  struct event *event);

/* Whether any waits. */
bool joining_waits(const struct joining *joining);

/* Whether one that waited is ready by `now_wall_ns`: *event. Ask after each line, and until there
 * is none at the end (INT64_MAX). */
bool joining_next(struct joining *joining, int64_t now_wall_ns, struct event *event);

#endif
