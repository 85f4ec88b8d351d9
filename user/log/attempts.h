/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One failed attempt is one event, however many lines it leaves. Reported at its first line, so
 * that a ban comes early; later lines of the same attempt are taken off. Not here: reading lines.
 *
 * Who speaks of one attempt (enum proof):
 *
 *   FRONT     the server that the client spoke to: Postfix's warning; Dovecot's login process, once
 *             per session, with a count.
 *   BACK      Dovecot's authentication server (auth_verbose), for either of them, a few seconds
 *             before (auth_failure_delay) the front speaks.
 *   TOTAL     Sendmail's "possible SMTP attack", which counts the AUTH commands of its session.
 *   STAND_IN  Postfix's "disconnect ... auth=0/N", which repeats the warnings of its session.
 *
 * So a front line and a back line may be one attempt; two front lines never are, nor two back
 * lines of one password database. Where the lines carry a session's id, its attempts are the
 * larger of both counts. Where they do not (Postfix tells Dovecot none), each line is reported
 * unless a line of the other side, from the same address and not more than ATTEMPT_WINDOW_S of log
 * time away, still waits for its partner; every line is a partner once. N attempts with N lines on
 * either side, or both, in any order, thus are N events. A second database asked for the same
 * account within the window is the same attempt (the chain of passdbs); the first one asked again
 * is a new one.
 *
 * STAND_IN counts only if the same process (name and pid) said nothing about that address since
 * its last disconnect; a warning of a server fault counts as having said something (EXPLAINED).
 *
 * Memory is one fixed table of ATTEMPT_SLOTS, ATTEMPT_WAYS per set, the longest untouched one of
 * the set replaced. A flood of addresses, or addresses chosen to collide, make it forget: an
 * attempt is then counted for each of its lines, never missed. Time is the lines' own; lines
 * without time are not joined across daemons, since "a few seconds" has no meaning for them.
 */
#ifndef SEKISHO_ATTEMPTS_H
#define SEKISHO_ATTEMPTS_H

#include "log/format.h"

#define ATTEMPT_WINDOW_S 5
#define ATTEMPT_SLOTS	 8192 /* 64 bytes each: 512 KiB a log */
#define ATTEMPT_WAYS	 8

struct attempts;

struct attempts *attempts_new(void); /* NULL: out of memory */
void attempts_free(struct attempts *attempts);

/* How many new attempts this finding of kind EVENT_FAILURE stands for; 0: all were counted. */
unsigned attempts_count(struct attempts *attempts, const struct envelope *envelope,
			const struct finding *finding, int64_t wall_ns);

#endif
