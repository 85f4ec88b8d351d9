/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One thing a log line says. What the parsers make and the rules take. */
#ifndef SEKISHO_EVENT_H
#define SEKISHO_EVENT_H

#include "net/address.h"

#define EVENT_ACCOUNT_SIZE 256 /* longer names are cut, and the cut name still names one account */

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
};

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

struct event {
	int64_t wall_ns; /* the line's own time; 0 when it has none */
	enum event_kind kind;
	enum event_service service;
	enum event_daemon daemon;
	unsigned count; /* attempts that the line stands for, >= 1 */
	uint64_t line;	/* number in its log, from 1, as the parser was given them */
	bool has_source, has_account;
	struct address source;
	char account[EVENT_ACCOUNT_SIZE]; /* as written, decoded, no NUL or control characters */
};

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
