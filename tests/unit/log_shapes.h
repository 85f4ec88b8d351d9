/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of every shape that the formats read, with a hole for what a client chose. Each client
 * is TRUE_ADDRESS. docs/log-lines.md has the same as a table.
 */
#ifndef LOG_SHAPES_H
#define LOG_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

/* How a daemon writes a client's text: what it escapes, and where it cuts. */
enum writer {
	AS_IS = 0,
	POSTFIX,       /* '?' for what is not printed */
	POSTFIX_NAME,  /* the same, 100 bytes */
	DOVECOT_LOGIN, /* '?' for control characters, 77 bytes and "..." */
	DOVECOT_NAME,  /* the same, 61 bytes and "..." */
	EXIM,	       /* \n and \ooo; by syslog in pieces of 870 bytes */
	SENDMAIL,      /* \ooo, \\ */
	SENDMAIL_NAME, /* the same, 63 bytes */
	COURIER,       /* '.' for control characters; a new line every 511 bytes */
	CYRUS,	       /* ^J for control characters, seven bits */
	OPENSMTPD,     /* vis(3), blanks too */
};

#define TRUE_ADDRESS "192.0.2.77"
#define FORGED	     "203.0.113.9"
#define MX	     "Nov 21 10:00:00 mx "
#define ID	     "8ab6bd4cb2bb4b5a"

/* {} is the hole. */
static const struct shape {
	const char *line;
	const char *before; /* a line that comes first */
	bool no_address;
	bool quiet;	     /* no event, whatever fills the hole */
	const char *account; /* of a message, the only one that it may name; "": it is none */
	enum writer writer;  /* what the daemon makes of what fills the hole */
} shapes[] = {
	{ MX "postfix/smtpd[12]: warning: unknown[192.0.2.77]: SASL LOGIN authentication failed: "
	     "UGFzc3dvcmQ6, sasl_username={}",
	  .writer = POSTFIX_NAME },
	{ MX "postfix/submission/smtpd[12]: 8C74351089D: client=h[192.0.2.77], sasl_method=LOGIN, "
	     "sasl_username=x{}, sasl_sender=b",
	  .writer = POSTFIX },
	{ MX "postfix/smtpd[12]: NOQUEUE: reject: RCPT from h[192.0.2.77]: 554 5.7.1 <{}>: Relay "
	     "access denied; from=<a> to=<b> proto=ESMTP helo=<c>",
	  .writer = POSTFIX },
	{ MX "postfix/smtpd[12]: NOQUEUE: reject: RCPT from h[192.0.2.77]: 554 5.7.1 <a>: Relay "
	     "access denied; from=<a> to=<b> proto=ESMTP helo=<{}>",
	  .writer = POSTFIX },
	{ MX "postfix/postscreen[12]: PREGREET 14 after 0.08 from [192.0.2.77]:59415: {}",
	  .writer = POSTFIX },
	{ MX "dovecot: imap-login: Disconnected (auth failed, 2 attempts in 9 secs): user=<{}>, "
	     "method=PLAIN, rip=192.0.2.77, lip=192.0.2.1, TLS, session=<aGVsbG8+>",
	  .writer = DOVECOT_LOGIN },
	{ MX "dovecot: pop3-login: Aborted login: user=<x{}>, method=PLAIN, rip=192.0.2.77, "
	     "lip=192.0.2.1",
	  .writer = DOVECOT_LOGIN },
	{ MX "dovecot: imap-login: Login: user=<x{}>, method=PLAIN, rip=192.0.2.77, "
	     "lip=192.0.2.1, mpid=7, TLS, session=<aGVsbG8+>",
	  .writer = DOVECOT_LOGIN },
	{ MX "dovecot: imap-login: Login aborted: Connection closed (auth failed, 3 attempts in 16 "
	     "secs) (auth_failed): user=<{}>, method=PLAIN, rip=192.0.2.77, lip=192.0.2.1, "
	     "session=<s>",
	  .writer = DOVECOT_LOGIN },
	{ MX "dovecot: auth-worker(12): conn unix:auth-worker (pid=1,uid=9): auth-worker<5>: "
	     "sql(x{},192.0.2.77,<sess>): Password mismatch",
	  .writer = DOVECOT_NAME },
	{ MX "dovecot: auth: sql(bob,192.0.2.77,<sess>): Password mismatch (given password: {})" },
	{ MX "dovecot: auth: sql(bob): Password mismatch (given password: {})", .no_address = true,
	  .quiet = true },
	{ MX "dovecot: auth(bob,sasl:plain)<sess>: sql: Password mismatch (given password: {})",
	  .no_address = true, .quiet = true },
	{ MX "dovecot: auth(x{},192.0.2.77,sasl:login)<sess>: sql: Password mismatch",
	  .writer = DOVECOT_NAME },
	{ MX "dovecot: auth(bob,192.0.2.77,sasl:login)<sess>: sql: Password mismatch (given "
	     "password: {})" },
	{ "2026-11-21 10:00:00 login authenticator failed for ({}) [192.0.2.77]:2129 "
	  "I=[198.51.100.1]:465 Ci=3: 535 Incorrect authentication data (set_id=bob)",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 login authenticator failed for H=(helo) [192.0.2.77]: 535 Incorrect "
	  "authentication data (set_id={})",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 login authenticator failed for H=(helo) [192.0.2.77] U=x{}: 535 "
	  "Incorrect authentication data (set_id=bob)",
	  .writer = EXIM },
	{ MX "exim[12]: 1rnC0e-000abc-XY <= a@example.com H=(x{}) [192.0.2.77] P=esmtpsa "
	     "A=login:bob S=1234",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 1rnC0e-000abc-XY <= a@example.com H=(helo) [192.0.2.77] P=esmtpsa "
	  "A=login:bob S=1234 id=x{}",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 1rnC0e-000abc-XY <= a@example.com H=(helo) [192.0.2.77] P=esmtps "
	  "X=TLS1.3 SNI=\"{}\" S=1234 id=x",
	  .no_address = true, .quiet = true, .writer = EXIM },
	{ "2026-11-21 10:00:00 1rnC0e-000abc-XY <= a@example.com H=(helo) [192.0.2.77] P=esmtpsa "
	  "X=TLS1.3 SNI=\"x{}\" A=login:bob S=1234 id=x",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 1rnC0e-000abc-XY <= a@example.com H=(helo) [192.0.2.77] P=esmtpsa "
	  "X=TLS1.3 SNI=x{} A=login:bob S=1234 id=x",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00  DSH=h.example (x{}) [192.0.2.77] F=<a@b.example> rejected RCPT "
	  "<x@example.net>: relay not permitted",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 SMTP connection from h.example ({}) [192.0.2.77]:2129 D=1s closed "
	  "by DROP in ACL",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 H=(x{}) [192.0.2.77] F=<a@b.example> rejected RCPT <x@example.net>: "
	  "relay not permitted",
	  .writer = EXIM },
	{ MX "sm-mta[12]: xALK0xyz012345: AUTH failure (LOGIN): checkpass failed, user={}, relay=h "
	     "[192.0.2.77] (may be forged)",
	  .writer = SENDMAIL_NAME },
	{ MX "sm-mta[12]: xALK0xyz012345: AUTH failure (LOGIN): checkpass failed, user=bob, "
	     "relay={}@h [192.0.2.77]",
	  .writer = SENDMAIL },
	{ MX "sm-mta[12]: AUTH=server, relay={}@h [192.0.2.77], authid=bob, mech=PLAIN, bits=0",
	  .writer = SENDMAIL },
	{ MX "sm-mta[12]: xALK0xyz012345: ruleset=check_rcpt, arg1=<x{}>, relay=h [192.0.2.77], "
	     "reject=550 5.7.1 <x@example.net>... Relaying denied",
	  .writer = SENDMAIL },
	{ MX "imapd: LOGIN FAILED, user={}, ip=[::ffff:192.0.2.77], port=[9]", .writer = COURIER },
	{ MX "pop3d: LOGIN, user=x{}, ip=[::ffff:192.0.2.77], port=[9], protocol=POP3",
	  .writer = COURIER },
	{ MX "courieresmtpd: error,relay=::ffff:192.0.2.77,port=1,msg=\"535 Authentication "
	     "failed.\",cmd: AUTH LOGIN {}",
	  .writer = COURIER },
	{ MX "cyrus/imap[12]: badlogin: host [192.0.2.77] plaintext {} SASL(-13): authentication "
	     "failure",
	  .writer = CYRUS },
	{ MX "cyrus/imap[12]: login: host [192.0.2.77] x{} plain+TLS User logged in "
	     "SESSIONID=<mx-12>",
	  .writer = CYRUS },
	{ MX "saslauthd[12]: auth failure: [user=x{}] [service=smtp] [realm=] [mech=pam] "
	     "[reason=x]",
	  .no_address = true },
	{ MX "vpopmail[17115]: vchkpw-smtp: password fail (pass: '{}') "
	     "bob@example.org:192.0.2.77" },
	{ MX "vpopmail[17115]: vchkpw-smtp: invalid user/domain characters x{}:192.0.2.77" },
	{ MX "vpopmail[17115]: vchkpw-smtp: vpopmail user not found x{}@:192.0.2.77" },
	{ MX "smtp_auth[3]: FAILED: x{} - password incorrect from h.example [192.0.2.77]" },
	{ MX "smtpd[12]: " ID " smtp authentication user={} result=permfail",
	  MX "smtpd[12]: " ID " smtp connected address=192.0.2.77 host=h", .writer = OPENSMTPD },
	{ MX "smtpd[12]: " ID " smtp event=authentication user={} address=192.0.2.77 host=h "
	     "result=permfail",
	  .writer = OPENSMTPD },
	{ "[21/Nov/2026:10:00:00], (mx.example), h [192.0.2.77], "
	  "{}@b.example,<B0000097586>,abort" },
	{ MX "postfix/smtpd[12]: improper command pipelining after CONNECT from h[192.0.2.77]: {}",
	  .writer = POSTFIX },
	{ MX
	  "postfix/smtpd[12]: NOQUEUE: reject: RCPT from h[192.0.2.77]: 550 5.1.1 <{}>: Recipient "
	  "address rejected: User unknown in table; from=<a> to=<b> proto=ESMTP helo=<c>",
	  .writer = POSTFIX },
	{ MX
	  "dovecot: auth: plain(?,192.0.2.77,<UuQkLVdhAabGM2QY>): Username character disallowed by "
	  "auth_username_chars: 0x2c (username: {})",
	  .writer = DOVECOT_NAME },
	{ MX "dovecot: auth(?,192.0.2.77,sasl:plain)<tmUA71ZhSdXGM2Qv>: plain: Username character "
	     "disallowed by auth_username_chars: 0x2c (username: {})",
	  .writer = DOVECOT_NAME },
	{ MX "dovecot: auth-worker(x{},192.0.2.77)<131><hYsg8lZhw5zGM2Rx>: request [5]: pam: "
	     "pam_authenticate() failed: Authentication failure (Password mismatch?)",
	  .writer = DOVECOT_NAME },
	{ "2026-11-21 10:00:00 auth(x{},192.0.2.77,sasl:plain)<tmUA71ZhSdXGM2Qv>: Info: sql: "
	  "unknown "
	  "user",
	  .writer = DOVECOT_NAME },
	{ MX "dovecot: imap-login: proxy(x{},192.0.2.9:143): Started proxying to <192.0.2.9> (0.05 "
	     "secs): user=<bob>, method=PLAIN, rip=192.0.2.77, lip=192.0.2.1, session=<aGVsbG8+>",
	  .no_address = true, .quiet = true, .writer = DOVECOT_NAME },
	{ MX
	  "dovecot: imap-login: Disconnected (tried to use disallowed plaintext auth): user=<{}>, "
	  "rip=192.0.2.77, lip=192.0.2.1, session=<aGVsbG8+>",
	  .writer = DOVECOT_LOGIN },
	{ MX "dovecot: imap-login: Disconnected (user disabled): user=<{}>, method=PLAIN, "
	     "rip=192.0.2.77, lip=192.0.2.1, session=<aGVsbG8+>",
	  .writer = DOVECOT_LOGIN },
	{ MX "dovecot: auth: passwd-file({},192.0.2.77,<abc>): User found from deny passdb",
	  .writer = DOVECOT_NAME },
	{ MX
	  "auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot "
	  "ruser={} rhost=192.0.2.77 " },
	{ "2026-11-21 10:00:00 H=({}) [192.0.2.77] rejected MAIL <a@b.example>: x",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 H=(h) [192.0.2.77]:4711 I=[198.51.100.1]:465 "
	  "X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no rejected MAIL <{}>: x",
	  .writer = EXIM },
	/* The header of a refused message goes on in a new line. */
	{ " {}",
	  "2026-11-21 10:00:00 1rnC0e-000abc-XY H=h [192.0.2.77] temporarily rejected after DATA: "
	  "x",
	  .no_address = true, .quiet = true, .writer = EXIM },
	{ "\t{}",
	  "2026-11-21 10:00:00 1rnC0e-000abc-XY H=h [192.0.2.77] temporarily rejected after DATA: "
	  "x",
	  .no_address = true, .quiet = true, .writer = EXIM },
	{ "2026-11-21 10:00:00 login authenticator failed for (h) [192.0.2.77]: 435 Unable to "
	  "authenticate at present (set_id={}): failed to open the database",
	  .no_address = true, .quiet = true, .writer = EXIM },
	{ MX "exim[12]: 2026-11-21 10:00:00 login authenticator failed for (h) [192.0.2.77]: 535 "
	     "Incorrect authentication data (set_id={})",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 SMTP call from ({}) [192.0.2.77]:39480 dropped: too many "
	  "unrecognized "
	  "commands (last was \"x\")",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 SMTP call from (h) [192.0.2.77]:39480 dropped: too many "
	  "unrecognized "
	  "commands (last was \"{}\")",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 SMTP protocol error in \"AUTH x\" H=({}) [192.0.2.77] AUTH command "
	  "used "
	  "when not advertised",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 1rnC0e-000abc-XY SMTP connection from h.example ({}) "
	  "[192.0.2.77]:2129 "
	  "closed by DROP in ACL",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 SMTP protocol synchronization error (next input sent too soon: "
	  "pipelining was not advertised): rejected \"{}\" H=(h) [192.0.2.77] next input=\"x\"",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 SMTP protocol synchronization error (next input sent too soon: "
	  "pipelining was not advertised): rejected \"x\" H=(h) [192.0.2.77] next input=\"{}\"",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 H=(h) [192.0.2.77] sender verify fail for <{}>: Unknown user",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 1rnC0e-000abc-XY F=\"{}\"@b.example H=(h) [192.0.2.77] P=esmtp "
	  "rejected "
	  "by local_scan(): x",
	  .quiet = true, .writer = EXIM },
	{ "2026-11-21 10:00:00 1rnC0e-000abc-XY F=a@b.example H=(h) [192.0.2.77] P=esmtp rejected "
	  "by "
	  "local_scan(): {}",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 1rnC0e-000abc-XY H=(h) [192.0.2.77] F=\"{}\"@b.example rejected "
	  "after "
	  "DATA: x",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 1rnC0e-000abc-XY SA: Action: silently tossed message: score=9 "
	  "(scanned "
	  "in 1/1 secs | Message-Id: {}). From <a> (host=h [192.0.2.77]) for x@example.net",
	  .writer = EXIM },
	{ MX
	  "sm-mta[12]: xALK0xyz012345: ruleset=check_rcpt, arg1=<x@example.net>, relay=h "
	  "[192.0.2.77], reject=553 5.1.8 <x@example.net>... Domain of sender address {} does not "
	  "exist",
	  .writer = SENDMAIL },
	{ MX "sm-mta[12]: xALK0xyz012345: h [192.0.2.77]: VRFY {} [rejected]", .writer = SENDMAIL },
	{ MX "courieresmtpd: error,relay=::ffff:192.0.2.77,from=<{}>,to=<x>: 550 User unknown.",
	  .writer = COURIER },
	{ MX "postfix/smtpd[12]: NOQUEUE: reject: RCPT from h[192.0.2.77]: 450 4.1.8 <{}>: Sender "
	     "address rejected: Domain not found; from=<a> to=<b> proto=ESMTP helo=<c>",
	  .writer = POSTFIX },
	{ "2026-11-21 10:00:00 SMTP protocol error in \"AUTH {}\" H=(h) [192.0.2.77] AUTH command "
	  "used "
	  "when not advertised",
	  .writer = EXIM },
	{ "2026-11-21 10:00:00 SMTP protocol synchronization error (input sent without waiting for "
	  "greeting): rejected connection from H=[192.0.2.77] input=\"{}\"",
	  .writer = EXIM },
	{ MX "sm-mta[12]: xALK0xyz012345: from=<{}>, size=15, class=0, nrcpts=1, msgid=<a@b>, "
	     "proto=ESMTPA, daemon=MSA4, relay=h [192.0.2.77]",
	  .writer = SENDMAIL },
	{ MX "sm-mta[12]: xALK0xyz012345: from=<a@b>, size=15, class=0, nrcpts=1, msgid=<{}>, "
	     "proto=ESMTPA, daemon=MSA4, relay=h [192.0.2.77]",
	  .writer = SENDMAIL },
	{ MX "sm-mta[12]: xALK0xyz012345: {}... User unknown", .no_address = true, .quiet = true,
	  .writer = SENDMAIL },
	{ MX "courierd: newmsg,id=0000.0000.0000, auth=bob: dns; {} (h [::ffff:192.0.2.77])",
	  .writer = COURIER },
	{ MX "cyrus/imap[12]: badlogin: host [192.0.2.77] PLAIN ({}) [SASL(-13): authentication "
	     "failure]",
	  .writer = CYRUS },
	{ MX "postfix/smtpd[12]: warning: non-SMTP command from h[192.0.2.77]: {}",
	  .writer = POSTFIX },
	{ MX "postfix@-.service[12]: warning: unknown[192.0.2.77]: SASL LOGIN authentication "
	     "failed: UGFzc3dvcmQ6, sasl_username={}",
	  .writer = POSTFIX_NAME },
	{ MX "postfix@-.service[12]: 8C74351089D: message-id=<{}>", .no_address = true,
	  .quiet = true, .writer = POSTFIX },
	{ MX "auth: pam_sss(dovecot:auth): authentication failure; logname= uid=0 euid=0 "
	     "tty=dovecot ruser={} rhost=192.0.2.77 user={}" },
	{ MX "courieresmtpd: error,relay=::ffff:192.0.2.77,port=5,msg=\"535 Authentication "
	     "failed.\",cmd: AUTH PLAIN AGJvYgB3 {}",
	  .writer = COURIER },
	{ MX "courieresmtpd: error,relay=::ffff:192.0.2.77,port=5,from=<a>,to=<{}>: 513 Relaying "
	     "denied.",
	  .writer = COURIER },
	{ MX "dovecot: auth: checkpassword(x{},192.0.2.77,<sess>): Login failed (status=1)",
	  .writer = DOVECOT_NAME },
	{ MX "dovecot: auth: cram-md5(x{},192.0.2.77,<sess>): password mismatch",
	  .writer = DOVECOT_NAME },
	{ MX "smtpd[12]: " ID " smtp failed-command command=\"RCPT TO:<{}>\" result=\"550 Invalid "
	     "recipient: <x>\"",
	  MX "smtpd[12]: " ID " smtp connected address=192.0.2.77 host=h", .writer = OPENSMTPD },
	/* As a template of rsyslog that escapes nothing writes them. */
	{ "{\"time\":\"2026-11-21T10:00:00Z\",\"syslogtag\":\"postfix/"
	  "smtpd[12]:\",\"message\":\"warning: "
	  "unknown[192.0.2.77]: SASL LOGIN authentication failed: x, sasl_username={}\"}",
	  .writer = POSTFIX_NAME },
	{ "{\"time\":\"2026-11-21T10:00:00Z\",\"message\":\"Nov 21 10:00:00 mx dovecot: "
	  "imap-login: "
	  "Login: user=<x{}>, method=PLAIN, rip=192.0.2.77, lip=192.0.2.1, session=<aGVsbG8+>\"}",
	  .writer = DOVECOT_LOGIN },
	{ "{\"message\":\"webapp: {}\",\"programname\":\"webapp\"}", .no_address = true,
	  .quiet = true },
	{ MX "postfix/cleanup[12]: 4F1A2B3C4D: milter-reject: END-OF-MESSAGE from h[192.0.2.77]: "
	     "5.7.1 Spam message rejected; from=<{}> to=<x@example.net> proto=ESMTP helo=<h>",
	  .writer = POSTFIX },
	{ MX "postfix[12]: 4F1A2B3C4D: reject: body {} from h[192.0.2.77]; from=<a@b.example> "
	     "to=<x@example.net> proto=ESMTP helo=<h>: 5.7.1 no",
	  .no_address = true, .quiet = true, .writer = POSTFIX },
	{ MX "postfix[12]: warning: unknown[192.0.2.77]: SASL LOGIN authentication failed: x, "
	     "sasl_username={}",
	  .writer = POSTFIX_NAME },
	{ MX "postfix/smtpd[12]: NOQUEUE: reject: RCPT from h[192.0.2.77]: 554 5.7.1 "
	     "<h[192.0.2.77]>: Client host rejected: Access denied; from=<{}> to=<b> proto=ESMTP "
	     "helo=<c>",
	  .writer = POSTFIX },
	{ "2026-11-21 10:00:00 H=({}) [192.0.2.77] rejected VRFY root: no", .writer = EXIM },
	{ "2026-11-21 10:00:00 H=(h) [192.0.2.77] rejected VRFY {}: no", .writer = EXIM },
	{ "2026-11-21 10:00:00 H=[192.0.2.77] rejected EHLO or HELO {}: no", .writer = EXIM },
	{ MX "sm-mta[12]: xALK0xyz012345: h [192.0.2.77]: probable open proxy: command={}",
	  .writer = SENDMAIL },
	{ MX "dovecot: imap-login: ID sent: name={}: user=<>, rip=192.0.2.77, lip=192.0.2.1, "
	     "session=<aGVsbG8+>",
	  .no_address = true, .quiet = true, .writer = DOVECOT_LOGIN },
	{ MX "dovecot: imap-login: Login: method=PLAIN, user=<x{}>, rip=192.0.2.77, lip=192.0.2.1, "
	     "session=<aGVsbG8+>",
	  .writer = DOVECOT_LOGIN },
	{ "Nov 21 10:00:00 [postfix/smtpd] warning: unknown[192.0.2.77]: SASL LOGIN authentication "
	  "failed: UGFzc3dvcmQ6, sasl_username={}",
	  .writer = POSTFIX_NAME },
};

#endif
