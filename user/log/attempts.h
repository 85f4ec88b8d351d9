/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One failed attempt is one event, however many lines of one server it leaves. It is reported at
 * its first line, so that a ban comes early; later lines of the same attempt do not count. Not
 * here: reading lines, events that wait (held.h).
 *
 * These voices tell of an attempt (enum evidence):
 *
 * FRONTEND the server that the client spoke to: Postfix's warning, Exim's line; Dovecot's login
 * process, once per session, with a count. BACKEND Dovecot's authentication server (auth_verbose),
 * for any front end, whose own line comes a few seconds later (auth_failure_delay, two seconds).
 * PAM the library that the authentication server asks, in the log of authentications; it names no
 * session. TOTAL Sendmail's "possible SMTP attack", which counts the AUTH commands of its session,
 * the last one before it is answered. REPORT what the authentication server itself reports to the
 * policy server, once for each attempt, whatever lines that leaves. SUMMARY Postfix's "disconnect
 * ... auth=0/N", which repeats the warnings of its session.
 *
 * If lines have a session's id, the number of its attempts is the larger of the counts of front end
 * and back end. If they have none (Postfix and Exim tell Dovecot none), each line is reported
 * unless an attempt of the same address and account, at most ATTEMPT_WINDOW_S of log time away,
 * still lacks this voice; the line then belongs to that attempt. So N attempts with N lines of one
 * voice, or of several, in any order, are N events (attempt_records.h).
 *
 * Several databases asked for one account are one attempt: another database within the window, or
 * the same kind of database once more within two seconds, in which the authentication server lets
 * nobody try again. On a server that never had two databases of a kind the latter is a second
 * attempt, from another connection. A server shows that it has two by two lines of one session, or
 * by an account that one database does not know and the other does.
 *
 * SUMMARY counts only if no warning was ever seen in the server's logs, and the same process said
 * nothing about that address since its last disconnect: if warnings are logged, an attempt without
 * one is no refused password (it was aborted, or not offered without TLS). OUTAGE: if a process
 * cannot ask its authentication server, its refusals prove nothing for OUTAGE_S.
 *
 * Exim may send its main and its reject log to syslog, each line twice: the second of two equal
 * lines of one process is a copy, until one has come alone.
 *
 * Memory is two fixed tables, in which the longest untouched entry of a set is replaced. A flood of
 * addresses, or addresses chosen to collide, make the tables forget: an attempt is then counted for
 * each of its lines, never missed. Time is that of the lines; lines without time are not joined
 * across daemons, since "a few seconds" has no meaning for them.
 */
#ifndef SEKISHO_ATTEMPTS_H
#define SEKISHO_ATTEMPTS_H

#include "log/line_event.h"

#define ATTEMPT_WINDOW_S 5
#define ATTEMPT_SLOTS	 8192 /* 64 bytes each: 512 KiB a server */
#define ATTEMPT_WAYS	 8
#define ATTEMPT_DELAY_MS 2000 /* nobody tries again within it: auth_failure_delay */
#define OUTAGE_S	 3

struct attempts;

struct attempts *attempts_new(void); /* NULL: out of memory */
void attempts_free(struct attempts *attempts);

#define ATTEMPTS_SETTLED 12

struct attempts_verdict {
	unsigned count;	 /* new attempts that the line stands for; 0: all were counted before */
	uint32_t serial; /* of the new attempt, if another line can still decide about it */
	uint32_t joined; /* an earlier attempt to which the line's session belongs; 0: none */
	bool may_pass;	 /* a later database may say yes */
	bool may_repeat; /* or it is the same attempt, if the server has two databases of a kind */
	/* Earlier attempts that this line proves to have failed. */
	unsigned settled_count;
	uint32_t settled[ATTEMPTS_SETTLED];
};

/* Judges a line_event of EVENT_FAILURE. */
void attempts_count(struct attempts *attempts, const struct line_event *line_event,
		    struct attempts_verdict *verdict);

/* Notes a login, of a session if the line has one: a failure shortly before was only that of one
 * database of several. */
void attempts_succeed(struct attempts *attempts, const struct line_event *line_event);

/* Whether reports will come: then logins and messages are remembered. */
void attempts_expect_reports(struct attempts *attempts, bool will_come);

/* A mail server has asked about a login, before the password is checked: a report of it will come.
 * If UNREPORTED_MOST questions had no report, none is expected any more. */
#define UNREPORTED_MOST 64
void attempts_asked(struct attempts *attempts, int64_t wall_ns);

/* Notes a login or a message, once each. Returns whether it was noted already: by a line if this is
 * a report, or the other way round. */
bool attempts_note_told(struct attempts *attempts, const struct line_event *line_event);

/* Whether mail servers report their logins at about that time, or are about to, so that a report
 * may come for a line's event. */
#define REPORTS_S 600
bool attempts_is_reported(const struct attempts *attempts, const struct line_event *line_event);

/* Whether none of the source's attempts that this process logged was one at a password: the process
 * could not ask, or they were aborted. False if it logged nothing about the source. */
bool attempts_only_explained(struct attempts *attempts, const struct line_event *line_event);

/* Notes a line. Returns whether it is a copy of the one before (Exim). */
bool attempts_note_copy(struct attempts *attempts, const struct line_event *line_event);

/* Whether the line may be the rest of one that was cut (EVIDENCE_CUT) right before. */
bool attempts_is_rest(struct attempts *attempts, const struct line_event *line_event);

/* What the server has shown: several databases for one attempt; two databases of one kind; lines of
 * the front end for those of the authentication server. */
bool attempts_several(const struct attempts *attempts);
bool attempts_repeats(const struct attempts *attempts);
bool attempts_fronts(const struct attempts *attempts);

#endif
