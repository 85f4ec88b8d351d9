/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event: one thing that a log line says. Parsers make events, rules take them. */
#ifndef SEKISHO_EVENT_H
#define SEKISHO_EVENT_H

#include "net/address.h"

#define EVENT_ACCOUNT_SIZE 256 /* longer names are cut; a cut name is still that of one account */
#define EVENT_QUEUE_SIZE   24  /* a longer queue id is left out */

enum event_kind {
	EVENT_NONE = 0, /* the line says nothing that a rule wants */
	EVENT_FAILURE,
	EVENT_SUCCESS,
	EVENT_MESSAGE,
	EVENT_BOUNCE,
	EVENT_ABUSE,
	EVENT_KIND_COUNT,
	/* A successful delivery. Only the rule that compares bounces with deliveries wants them, so
	 * they are no kind that is shown, and parsers leave them out unless asked for them. */
	EVENT_DELIVERED = EVENT_KIND_COUNT,
	/* A message was queued: queue id and recipients of a message whose event came before
	 * (Postfix's qmgr). Left out like EVENT_DELIVERED. */
	EVENT_QUEUED,
	/* Mail from another server (no login) was taken on port 25. Left out like EVENT_DELIVERED. */
	EVENT_ACCEPTED,
};

/* The kind of abuse. No mail client does the first ones; the others may be an honest sender's fault
 * and weigh less. */
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
	ABUSE_CONTENT,	    /* a message was refused, or found to be spam, for its content */
	ABUSE_PLAINTEXT,    /* a password without TLS, which the server refuses */
	ABUSE_BUSY,	    /* too many connections, or at too high a rate */
	ABUSE_KIND_COUNT,
};

/* Whether the kind counts in full in the rule source-abuse; the lighter kinds count a fifth. */
static inline bool abuse_is_protocol(enum abuse_kind abuse)
{
	return abuse == ABUSE_PROTOCOL;
}

/* Whether the kind can lead to a ban. A server whose name or DNS is set up wrongly is refused for
 * each message and tries again, and one that forwards mail forwards spam, too: neither is an
 * attacker, and the administrator gets an alert instead. */
static inline bool abuse_may_ban(enum abuse_kind abuse)
{
	return abuse != ABUSE_HELO && abuse != ABUSE_SENDER && abuse != ABUSE_CONTENT;
}

/* Whether a rule counts the kind. A server with many messages opens many connections, and the mail
 * server's own limit has stopped it already. */
static inline bool abuse_is_counted(enum abuse_kind abuse)
{
	return abuse != ABUSE_BUSY;
}

/* The service by the protocol in the line, not by port. Names: event_service_name(). */
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

/* The password of a failure, if the mail server told a digest of it (policy/judge.h): a log line
 * never tells. */
enum event_password {
	EVENT_PASSWORD_UNKNOWN = 0,
	EVENT_PASSWORD_PERHAPS_OLD, /* the digest is so short that a guess may have hit it */
	EVENT_PASSWORD_OLD,	    /* it was the right password before */
};

struct event {
	int64_t wall_ns; /* the line's own time; 0: it has none */
	enum event_kind kind;
	enum event_service service;
	enum event_daemon daemon;
	enum abuse_kind abuse;	      /* of EVENT_ABUSE */
	enum event_password password; /* of EVENT_FAILURE */
	unsigned count;		      /* attempts that the line stands for, >= 1 */
	unsigned named; /* how many of them are on `account`: a session's line names the last; 0:
			   all */
	unsigned recipients; /* of a message; 0: the line does not say */
	uint64_t line;	     /* the line's number in its log, from 1, as given to the parser */
	bool has_source, has_account;
	struct address source;
	char account[EVENT_ACCOUNT_SIZE]; /* as written, decoded, no NUL or control characters */
	char queue[EVENT_QUEUE_SIZE];	  /* the message's queue id; empty: the line has none */
};

/* The names in JSON and metrics; static. "none" is for no kind, "unknown" for no daemon. */
const char *event_kind_name(enum event_kind kind);
const char *event_service_name(enum event_service service); /* NULL for unknown */
const char *event_daemon_name(enum event_daemon daemon);

#define EVENT_JSON_SIZE 1024 /* enough for any event */

/* The JSON object of `parse --json`, one line without newline and without NUL; returns its size,
 * below EVENT_JSON_SIZE. Not by jansson, which would cost more than all of parsing; the account is
 * the only foreign text, and is already valid UTF-8 without control characters. */
size_t event_write_json(const struct event *event, char out[EVENT_JSON_SIZE]);

/* The same, malloc()ed and ended by NUL; NULL: out of memory. */
char *event_to_json(const struct event *event);

#endif
