/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a daemon's format tells of one message, and the daemons known. One file per daemon beside
 * this one, one row in parse.c. Not here: attempts that span lines (attempts.h).
 */
#ifndef SEKISHO_FORMAT_H
#define SEKISHO_FORMAT_H

#include "log/envelope.h"
#include "log/event.h"

/* How a line proves a failed attempt; attempts.h says how they are joined. */
enum proof {
	PROOF_WHOLE = 0, /* this line alone; nothing else speaks of the same attempt */
	PROOF_FRONT,	 /* the server that the client spoke to */
	PROOF_BACK,	 /* the authentication server behind it */
	PROOF_STAND_IN,	 /* a session's closing count; only where the session had no other line */
	PROOF_EXPLAINED, /* not a failure, but why the closing count will speak of one */
};

struct finding {
	enum event_kind kind;
	enum event_service service;
	enum event_daemon daemon;
	enum proof proof;
	unsigned count;
	bool has_source;
	struct address source;
	struct span account; /* empty: none */
	struct span session; /* PROOF_FRONT, PROOF_BACK: the session's id, or empty */
	struct span backend; /* PROOF_BACK: which of several password databases says so */
};

enum format_answer {
	FORMAT_OTHER = 0, /* not this daemon's line */
	FORMAT_NOTHING,	  /* this daemon's, and nothing that a rule wants */
	FORMAT_FOUND,
};

/* Pure; fills *finding only with FORMAT_FOUND. Spans point into the line. */
typedef enum format_answer format_line(const struct envelope *envelope, struct finding *finding);

format_line postfix_line, dovecot_line, vpopmail_line;

/* The service that a name speaks of: "submission", "smtps", "imap", "pop3s", "587", ...; unknown
 * for any other. */
enum event_service format_service(struct span name);

#endif
