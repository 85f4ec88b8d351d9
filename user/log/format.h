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
enum evidence {
	EVIDENCE_WHOLE = 0, /* this line alone; nothing else speaks of the same attempt */
	EVIDENCE_FRONTEND,  /* the server that the client spoke to */
	EVIDENCE_BACKEND,   /* the authentication server behind it */
	EVIDENCE_PAM,	  /* the library that the authentication server asks; it knows no session */
	EVIDENCE_SUMMARY, /* what a session leads to: its closing count, or that it was thrown out */
	EVIDENCE_EXPLAINED, /* not a failure, but why the closing count will speak of one */
	EVIDENCE_TOTAL,	    /* how many failed in the session so far, its other lines included */
	EVIDENCE_UNDECIDED, /* a session's authentication ended without a verdict, after all */
	EVIDENCE_CUT,	    /* a line whose rest will look like a line of its own */
	EVIDENCE_OUTAGE,    /* this process cannot ask: what it refuses next proves nothing */
	EVIDENCE_REPORT,    /* no line: a mail server reports it to the policy server */
	EVIDENCE_ACCOUNT,   /* names the account of an attempt whose FRONTEND line comes after it */
};

/* What a line says about the session whose id it gives, where lines of one event are apart: which
 * source it is from, and who logged in. sessions.h keeps that. */
enum session_step {
	SESSION_NONE = 0,
	SESSION_OPENS, /* has the source; no event */
	SESSION_USED, /* an event that gets its source from the session, a message its account too */
	SESSION_LOGS_IN, /* a success that has its source, and names both for what comes later */
	SESSION_CLOSES,
};

struct parsed_line {
	enum event_kind kind;
	enum event_service service;
	enum event_daemon daemon;
	enum abuse_kind abuse; /* of EVENT_ABUSE; ABUSE_NONE is taken for ABUSE_PROTOCOL */
	enum evidence evidence;
	unsigned count;
	unsigned named;	     /* as in struct event */
	unsigned recipients; /* of a message, where the line has them */
	struct span queue;   /* its queue id, or empty */
	bool has_source;
	struct address source;
	struct span account;  /* empty: none */
	bool account_base64;  /* as the client sent it */
	bool account_word;    /* what stands behind a blank in the name is not in the line */
	bool account_escaped; /* "\\303\\274", "\\n", "\\\\" for bytes that are not printed */
	enum session_step step;
	struct span session; /* its id, or empty */
	struct span backend; /* EVIDENCE_BACKEND: which of several password databases says so */
	bool unknown_user;   /* EVIDENCE_BACKEND: it does not know the name */
	bool may_be_rest;    /* it could be what EVIDENCE_CUT left over */
	bool unasked;	     /* a failure only where the mechanism is known to work here */
	bool asked;	     /* it is */
	uint32_t age_s; /* EVIDENCE_FRONTEND with a session: how long that has lasted, 0 if not said
			 */
};

enum format_answer {
	FORMAT_OTHER = 0, /* not this daemon's line */
	FORMAT_NOTHING,	  /* this daemon's, and nothing that a rule wants */
	FORMAT_FOUND,
};

/* Pure; fills *parsed only with FORMAT_FOUND. Spans point into the line. */
typedef enum format_answer format_line(const struct envelope *envelope, struct parsed_line *parsed);

format_line postfix_line, dovecot_line, vpopmail_line, exim_line, sendmail_line, courier_line,
	cyrus_line, saslauthd_line, pam_line, opensmtpd_line, epost_line;

/* A longer message says nothing where the address is behind text of the client's: of a syslog that
 * cuts lines, a long user name could bring its own address and push the true one off the line. No
 * account has such a name, so no guess at one is missed. */
#define FORMAT_SURE_SIZE 900

/* "host [192.0.2.5]", "host[192.0.2.5]" or "[192.0.2.5]" at the begin, the host's name of the
 * characters that names have; moves behind it. */
bool format_client(struct span *text, struct address *address);

/* The service that a name speaks of: "submission", "smtps", "imap", "pop3s", "587", ...; unknown
 * for any other. */
enum event_service format_service(struct span name);

#endif
