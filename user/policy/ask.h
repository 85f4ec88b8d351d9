/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The questions and reports of mail servers: one struct for each request. The protocols' readers
 * fill it, and the judgement takes it. The structs hold their texts themselves and point to
 * nothing. Texts end with NUL and are zero behind it; a longer one is cut where a whole character
 * ends. A stranger may send any bytes as a name: here names are valid UTF-8 without control
 * characters, by the same rules as struct event, so that a name from a request and the same name
 * from a log are equal. Not here: how a request is read, and what is answered.
 */
#ifndef SEKISHO_POLICY_ASK_H
#define SEKISHO_POLICY_ASK_H

#include "log/event.h"

#define POLICY_HASH_SIZE    132 /* SHA-512 in hexadecimal, and NUL */
#define POLICY_SESSION_SIZE 64
#define POLICY_DEVICE_SIZE  128
#define POLICY_NAME_SIZE    320 /* of a mail address: RFC 5321 4.5.3.1 gives it 254 bytes */
#define POLICY_ID_SIZE	    64	/* of an instance */

/* Why a login failed (Dovecot 2.4: fail_type). Dovecot 2.3 does not tell: POLICY_FAIL_UNKNOWN. */
enum policy_fail {
	POLICY_FAIL_UNKNOWN = 0,
	POLICY_FAIL_CREDENTIALS,
	POLICY_FAIL_ACCOUNT, /* there is no such account */
	POLICY_FAIL_DISABLED,
	POLICY_FAIL_EXPIRED,
	POLICY_FAIL_INTERNAL, /* the server could not tell: no password was refused */
	POLICY_FAIL_POLICY,   /* we refused it */
	POLICY_FAIL_COUNT,
};

/*
 * What a login's digest was made from. With a mechanism without a plain password (SCRAM, CRAM-MD5,
 * GSSAPI) the digest is constant for an account; with a token (XOAUTH2, OAUTHBEARER) it changes
 * each hour: neither says anything about a password. Dovecot names the mechanism if
 * auth_policy_request_attributes has "mech=%m" (2.4: "mech=%{mechanism}").
 */
enum policy_secret {
	POLICY_SECRET_UNKNOWN = 0, /* the mechanism was not named */
	POLICY_SECRET_PASSWORD,	   /* PLAIN, LOGIN */
	POLICY_SECRET_NONE,	   /* any other one */
};

/*
 * A login, by Dovecot's auth-policy. Dovecot asks before it looks at the password ("allow"), asks
 * again with the same values after the password was right, and reports in the end. No field says
 * whether a question is the first or the second one.
 */
struct policy_login {
	int64_t wall_ns;       /* when it was received; Dovecot sends no time */
	bool has_source;       /* false: a local login, or a proxy's without the client's address */
	struct address source; /* the client's, as the mail server knows it; IPv4 is mapped */
	enum event_service service; /* EVENT_SERVICE_UNKNOWN: a protocol of no service of ours */
	bool has_account;	    /* false: the name was absent or empty */
	char account[EVENT_ACCOUNT_SIZE];
	/* The digest of the password, in hexadecimal as Dovecot wrote it (pwhash). Comparable
	 * within one account only. "": none was sent, or it is no hexadecimal number. Constant for
	 * one account if the mechanism has no plain password. `hash_bits`: 4 for each digit, at
	 * most 512; the first bits are 0 if auth_policy_hash_truncate is no multiple of 8. */
	char hash[POLICY_HASH_SIZE];
	unsigned hash_bits;
	enum policy_secret secret;
	char session[POLICY_SESSION_SIZE]; /* "": none, as through Postfix */
	char device[POLICY_DEVICE_SIZE];   /* device_id; "": none */
	bool tls;
	/* Of a report. */
	bool success;
	bool refused; /* policy_reject: our answer refused it */
	enum policy_fail fail;
};

/* When Postfix asks: protocol_state. All other states are POLICY_STAGE_OTHER. */
enum policy_stage {
	POLICY_STAGE_OTHER = 0,
	POLICY_STAGE_RCPT, /* for each recipient, before it is accepted */
	POLICY_STAGE_END,  /* END-OF-MESSAGE: the message has been received, not yet accepted */
};

/* A recipient or a message, by Postfix's policy delegation (SMTPD_POLICY_README) or as Exim asks
 * the same by ${readsocket}. */
struct policy_mail {
	int64_t wall_ns; /* when it was received */
	enum policy_stage stage;
	bool has_source;
	struct address source;
	uint16_t port;	  /* client_port, host order; 0: not said */
	bool has_account; /* sasl_username; false: the client has not logged in */
	char account[EVENT_ACCOUNT_SIZE];
	char sender[POLICY_NAME_SIZE];	  /* "": the null sender, or not said */
	char recipient[POLICY_NAME_SIZE]; /* "": none, as at the end of a message with several */
	char queue[EVENT_QUEUE_SIZE];	  /* "": Postfix has made no file yet (first recipient) */
	/* The same for all requests of one message, and different for each message. "": not said. */
	char instance[POLICY_ID_SIZE];
	/* At the end of a message: recipients that were accepted, and bytes. 0 before, except that
	 * `recipients` is then Postfix's recipient_count, which is 0 at RCPT. */
	uint32_t recipients;
	uint64_t size; /* at RCPT what the client said in MAIL, or 0 */
};

#endif
