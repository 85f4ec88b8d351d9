/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a daemon's format finds in one message, and which daemons are known. Each daemon has a file
 * in this folder and a row in parse.c. Not here: attempts that span lines (attempts.h).
 */
#ifndef SEKISHO_FORMAT_H
#define SEKISHO_FORMAT_H

#include "log/envelope.h"
#include "log/event.h"

/* How a line proves a failed attempt; attempts.h says how lines are joined. */
enum evidence {
	EVIDENCE_WHOLE = 0, /* this line alone; no other line tells of the same attempt */
	EVIDENCE_FRONTEND,  /* the server that the client spoke to */
	EVIDENCE_BACKEND,   /* the authentication server behind it */
	EVIDENCE_PAM,	  /* the library that the authentication server asks; it knows no session */
	EVIDENCE_SUMMARY, /* the end of a session: its closing count, or that it was thrown out */
	EVIDENCE_EXPLAINED, /* no failure, but the reason why the closing count will have one */
	EVIDENCE_TOTAL,	    /* how many failed in the session so far, its other lines included */
	EVIDENCE_UNDECIDED, /* a session's authentication ended without a verdict, after all */
	EVIDENCE_CUT,	    /* a line whose rest will look like a line of its own */
	EVIDENCE_OUTAGE,    /* this process cannot ask: its next refusals prove nothing */
	EVIDENCE_REPORT,    /* no line: a mail server reports it to the policy server */
	EVIDENCE_ACCOUNT,   /* names the account of an attempt whose FRONTEND line comes later */
};

/* What a line says about the session whose id it has, in formats that spread one event over several
 * lines: the source, and who logged in. sessions.h keeps that. */
enum session_step {
	SESSION_NONE = 0,
	SESSION_OPENS, /* has the source; no event */
	SESSION_USED, /* an event that gets its source from the session, a message also its account */
	SESSION_LOGS_IN, /* a success that has its source, and names both for later lines */
	SESSION_CLOSES,
};

struct parsed_line {
	enum event_kind kind;
	enum event_service service;
	enum event_daemon daemon;
	enum abuse_kind abuse; /* of EVENT_ABUSE; ABUSE_NONE means ABUSE_PROTOCOL */
	enum evidence evidence;
	unsigned count;
	unsigned named;	     /* as in struct event */
	unsigned recipients; /* of a message, if the line has them */
	struct span queue;   /* the message's queue id, or empty */
	bool has_source;
	struct address source;
	struct span account;  /* empty: none */
	bool account_base64;  /* as the client sent it */
	bool account_word;    /* the line has the name only up to its first blank */
	bool account_escaped; /* "\\303\\274", "\\n", "\\\\" for bytes that are not printed */
	enum session_step step;
	struct span session; /* its id, or empty */
	struct span backend; /* EVIDENCE_BACKEND: which of several password databases says so */
	bool unknown_user;   /* EVIDENCE_BACKEND: the database does not know the name */
	bool may_be_rest;    /* the line could be the rest that EVIDENCE_CUT left over */
	bool unasked;	     /* a failure only if the mechanism is known to work here */
	bool asked;	     /* the mechanism is known to work here */
	uint32_t age_s; /* EVIDENCE_FRONTEND with a session: how long that has lasted; 0: not said
			 */
};

enum format_answer {
	FORMAT_OTHER = 0, /* not this daemon's line */
	FORMAT_NOTHING,	  /* this daemon's line, with nothing that a rule wants */
	FORMAT_FOUND,
};

/* Reads a line. Fills *parsed only with FORMAT_FOUND; spans point into the line. Pure. */
typedef enum format_answer format_line(const struct envelope *envelope, struct parsed_line *parsed);

format_line postfix_line, dovecot_line, vpopmail_line, exim_line, sendmail_line, courier_line,
	cyrus_line, saslauthd_line, pam_line, opensmtpd_line, epost_line;

/* A longer message counts as nothing if the address is behind the client's text: with a syslog that
 * cuts lines, a long user name could bring its own address and push the true one off the line. No
 * account has such a name, so no guess at an account is missed. */
#define FORMAT_SURE_SIZE 900

/* Reads "host [192.0.2.5]", "host[192.0.2.5]" or "[192.0.2.5]" at the beginning, if the host's name
 * has only characters of names; moves behind it. */
bool format_client(struct span *text, struct address *address);

/* Whether the reason that Cyrus SASL gives, beginning with the text of its error's number, is the
 * server's fault, or no guess at a password. */
bool format_is_sasl_fault(struct span reason);

/* The service of a name: "submission", "smtps", "imap", "pop3s", "587", ...; unknown for any
 * other. */
enum event_service format_service(struct span name);

#endif
