/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One thing a log line says. What the parsers make and the rules take. */
#ifndef SEKISHO_EVENT_H
#define SEKISHO_EVENT_H

#include "net/address.h"

#define EVENT_ACCOUNT_SIZE 256 /* longer names are cut, and the cut name still names one account */
#define EVENT_QUEUE_SIZE   24  /* a longer queue id is left out */

enum event_kind {
	EVENT_NONE = 0, /* the line says nothing that a rule wants */
	EVENT_FAILURE,
	EVENT_SUCCESS,
	EVENT_MESSAGE,
	EVENT_BOUNCE,
	EVENT_ABUSE,
	EVENT_KIND_COUNT,
	/* A delivery that went well. Bounces are a share of these; nobody else wants them, so they
	 * are no kind that is shown, and parsers leave them out unless asked for them. */
	EVENT_DELIVERED = EVENT_KIND_COUNT,
	/* A message was queued: queue id and recipients of a message whose event came before
	 * (Postfix's qmgr). Left out like EVENT_DELIVERED. */
	EVENT_QUEUED,
	/* Mail from another server (no login) was taken on port 25. Left out like EVENT_DELIVERED. */
	EVENT_ACCEPTED,
};

/* What kind of abuse; the first ones are no mail client's doing, the others may be an honest
 * sender's fault and weigh less. */
enum abuse_kind {
	ABUSE_NONE = 0, /* the event is no abuse */
	/* Talking before the greeting, pipelining, non-SMTP commands, AUTH where none is offered. */
	ABUSE_PROTOCOL,
	ABUSE_RELAY,	    /* relay denied */
	ABUSE_ERRORS,	    /* too many errors, unknown commands, commands */
	ABUSE_UNKNOWN_USER, /* a recipient that does not exist */
	ABUSE_BLOCKLISTED,  /* DNSBL, or the server's own list of whom to drop */
	ABUSE_HELO,	    /* the name that it gave itself, or its host's name, was refused */
	ABUSE_SENDER,	    /* the sender's address or domain was refused */
	ABUSE_CONTENT,	    /* a message was refused, or found to be spam, for what is in it */
	ABUSE_PLAINTEXT,    /* a password without TLS where that is refused */
	ABUSE_BUSY,	    /* too many connections, or at too high a rate */
	ABUSE_KIND_COUNT,
};

/* Whether it counts in full in the rule source-abuse; the lighter kinds count a fifth. */
static inline bool abuse_is_protocol(enum abuse_kind abuse)
{
	return abuse == ABUSE_PROTOCOL;
}

/* Whether it can lead to a ban. A server whose name or DNS is set up wrongly is refused for each
 * message and tries again, and one that forwards mail forwards spam, too: neither is an attacker,
 * and it is told to the administrator. */
static inline bool abuse_may_ban(enum abuse_kind abuse)
{
	return abuse != ABUSE_HELO && abuse != ABUSE_SENDER && abuse != ABUSE_CONTENT;
}

/* Whether a rule counts it. A server with many messages opens many connections; the mail server's
 * own limit has held it. */
static inline bool abuse_is_counted(enum abuse_kind abuse)
{
	return abuse != ABUSE_BUSY;
}

/* By the protocol that the line speaks of, not by port. Names: event_service_name(). */
enum event_service {
	EVENT_SERVICE_UNKNOWN = 0, /* null in JSON */
	EVENT_SERVICE_SMTP,
	EVENT_SERVICE_SUBMISSION,
	EVENT_SERVICE_IMAP,
	EVENT_SERVICE_POP3,
	EVENT_SERVICE_SIEVE,
	EVENT_SERVICE_COUNT,
};

enum event_daemon {
	EVENT_DAEMON_UNKNOWN = 0,
	EVENT_DAEMON_POSTFIX,
	EVENT_DAEMON_DOVECOT,
	EVENT_DAEMON_EXIM,
	EVENT_DAEMON_SENDMAIL,
	EVENT_DAEMON_COURIER,
	EVENT_DAEMON_CYRUS,
	EVENT_DAEMON_SASLAUTHD,
	EVENT_DAEMON_VPOPMAIL,
	EVENT_DAEMON_OPENSMTPD,
	EVENT_DAEMON_EPOST,
	EVENT_DAEMON_USER, /* a pattern of the configuration */
	EVENT_DAEMON_COUNT,
};

/* Of a failure, if the mail server was asked for its password's digest (policy/judge.h): a log line
 * never tells. */
enum event_password {
	EVENT_PASSWORD_UNKNOWN = 0,
	EVENT_PASSWORD_PERHAPS_OLD, /* the digest is so short that a guess may have hit it */
	EVENT_PASSWORD_OLD,	    /* it was the right one */
};

struct event {
	int64_t wall_ns; /* the line's own time; 0 when it has none */
	enum event_kind kind;
	enum event_service service;
	enum event_daemon daemon;
	enum abuse_kind abuse;	      /* of EVENT_ABUSE */
	enum event_password password; /* of EVENT_FAILURE */
	unsigned count;		      /* attempts that the line stands for, >= 1 */
	unsigned named; /* of those, the ones on `account`: a session's line names the last; 0: all */
	unsigned recipients; /* of a message; 0: the line does not say */
	uint64_t line;	     /* number in its log, from 1, as the parser was given them */
	bool has_source, has_account;
	struct address source;
	char account[EVENT_ACCOUNT_SIZE]; /* as written, decoded, no NUL or control characters */
	char queue[EVENT_QUEUE_SIZE];	  /* the message's queue id; empty: the line has none */
};

/* As JSON and metrics have it; static. "none" and "unknown" for what is no kind, no daemon. */
const char *event_kind_name(enum event_kind kind);
const char *event_service_name(enum event_service service); /* NULL for unknown */
const char *event_daemon_name(enum event_daemon daemon);

#define EVENT_JSON_SIZE 1024 /* enough for any event */

/* The JSON object of `parse --json`, one line without newline and without NUL; returns its size,
 * below EVENT_JSON_SIZE. Not by jansson: that costs more than all of parsing, and the only text in
 * it that is not ours, the account, is valid UTF-8 without control characters already. */
size_t event_write_json(const struct event *event, char out[EVENT_JSON_SIZE]);

/* The same, malloc()ed and ended by NUL; NULL: out of memory. */
char *event_to_json(const struct event *event);

#endif
