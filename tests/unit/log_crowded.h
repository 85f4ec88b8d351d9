/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines in which a client has chosen several texts at once: {} each of them, {h} the name of his
 * address in the DNS, {q} what is quoted, {w} a word without blanks; of what stands between {<} and
 * {>} 100 bytes are shown. Not here: lines of one hole each, which must also be read
 * (log_shapes.h). Some lines name a server that mail is handed to, 198.51.100.1: nobody connects
 * from there.
 */
#ifndef LOG_CROWDED_H
#define LOG_CROWDED_H

#include "log_shapes.h"

#define AT     "[" TRUE_ADDRESS "]"
#define DAY    "2026-11-21 10:00:00 "
#define MSG    "1rnC0e-000abc-XY "
#define SMTPD  MX "postfix/smtpd[12]: "
#define SCREEN MX "postfix/postscreen[12]: "
#define AUTH   MX "dovecot: auth: "
#define SM     MX "sm-mta[12]: xALK0xyz012345: "
#define MTA    "198.51.100.1"
#define OPENED MX "smtpd[12]: " ID " smtp connected address=" TRUE_ADDRESS " host=h"

static const struct shape crowded[] = {
	{ SMTPD "warning: {h}" AT ": SASL {} authentication failed: {}, sasl_username={}",
	  .writer = POSTFIX },
	{ SMTPD "warning: {h}" AT ": SASL {} authentication failed: {}", .writer = POSTFIX },
	{ SMTPD "NOQUEUE: reject: RCPT from {h}" AT ": 550 5.1.1 <{}>: Recipient address "
		"rejected: {}; from=<{}> to=<{}> proto=ESMTP helo=<{}>",
	  .writer = POSTFIX },
	{ SMTPD "NOQUEUE: reject: MAIL from {h}" AT ": 450 4.1.8 <{}>: Sender address rejected: "
		"Domain not found; from=<{}> proto=ESMTP helo=<{}>",
	  .writer = POSTFIX },
	{ SMTPD "NOQUEUE: reject: RCPT from {h}" AT ": 554 5.7.1 Service unavailable; Client host "
		"[" TRUE_ADDRESS "] blocked using zen.example; {}; from=<{}> to=<{}> proto=ESMTP "
		"helo=<{}>",
	  .writer = POSTFIX },
	{ SMTPD "8C74351089D: milter-reject: END-OF-MESSAGE from {h}" AT ": 5.7.1 {}; from=<{}> "
		"to=<{}> proto=ESMTP helo=<{}>",
	  .writer = POSTFIX },
	{ SMTPD "8C74351089D: client={h}" AT ", sasl_method={}, sasl_username={}, sasl_sender={}",
	  .writer = POSTFIX },
	{ SMTPD "warning: non-SMTP command from {h}" AT ": {} {}", .writer = POSTFIX },
	{ SMTPD "warning: Illegal address syntax from {h}" AT " in RCPT command: <{}>",
	  .writer = POSTFIX },
	{ SMTPD "improper command pipelining after RCPT from {h}" AT ": {}", .writer = POSTFIX },
	{ SMTPD "lost connection after AUTH from {h}" AT, .writer = POSTFIX },
	{ SMTPD "warning: hostname {h} does not resolve to address " TRUE_ADDRESS ": {}",
	  .writer = POSTFIX },
	{ MX "postfix/cleanup[12]: 8C74351089D: reject: header {} from {h}" AT
	     "; from=<{}> to=<{}> "
	     "proto=ESMTP helo=<{}>: 5.7.1 {}",
	  .writer = POSTFIX },
	{ MX "postfix/smtp[12]: 8C74351089D: to=<{}>, relay=mx[" MTA "]:25, delay=1, "
	     "delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx[" MTA "] said: 550 {} (in reply "
	     "to RCPT TO command))",
	  .writer = POSTFIX },
	{ SCREEN "NOQUEUE: reject: RCPT from " AT ":5941: 550 5.7.1 Service unavailable; client " AT
		 " blocked using zen.example; from=<{}>, to=<{}>, proto=ESMTP, helo=<{}>",
	  .writer = POSTFIX },
	{ SCREEN "COMMAND PIPELINING from " AT ":5941 after {}: {}", .writer = POSTFIX },
	{ MX "dovecot: imap-login: Login: user=<{}>, method={}, rip=" TRUE_ADDRESS ", "
	     "lip=192.0.2.1, mpid=7, TLS, session=<aGVsbG8+>",
	  .writer = DOVECOT_LOGIN },
	{ MX "dovecot: imap-login: Disconnected: Inactivity (auth failed, 2 attempts in 9 secs): "
	     "user=<{}>, "
	     "method={}, rip=" TRUE_ADDRESS ", lip=192.0.2.1, TLS, session=<aGVsbG8+>",
	  .writer = DOVECOT_LOGIN },
	{ AUTH "sql({}," TRUE_ADDRESS ",<sess>): Password mismatch (given password: {})",
	  .writer = DOVECOT_NAME },
	{ AUTH "ldap({}," TRUE_ADDRESS ",<sess>): unknown user (given password: {})",
	  .writer = DOVECOT_NAME },
	{ AUTH "pam({}," TRUE_ADDRESS "): pam_authenticate() failed: Authentication failure "
	       "(Password mismatch?) (given password: {})",
	  .writer = DOVECOT_NAME },
	{ AUTH "policy({}," TRUE_ADDRESS ",<sess>): Authentication failure due to policy server "
	       "refusal: {}",
	  .writer = DOVECOT_NAME },
	{ MX "dovecot: auth({}," TRUE_ADDRESS ",sasl:login)<sess>: sql: Password mismatch (given "
	     "password: {})",
	  .writer = DOVECOT_NAME },
	{ MX "dovecot: auth-worker({}," TRUE_ADDRESS ")<131><sess>: request [5]: passwd-file: "
	     "Password mismatch (given password: {})",
	  .writer = DOVECOT_NAME },
	{ MX "dovecot: imap({})<12><aGVsbG8>: Disconnected: {}", .writer = DOVECOT_NAME },
	{ MX "dovecot: lmtp({})<12><aGVsbG8>: sieve: msgid=<{}>: forwarded to <{}>",
	  .writer = AS_IS },
	{ DAY "login authenticator failed for {h} ({}) " AT " U={}: 535 Incorrect authentication "
	      "data (set_id={})",
	  .writer = EXIM },
	{ DAY "login authenticator failed for {h} ({}) " AT ":4021 I=[" MTA "]:25 U={}: 535 "
	      "Incorrect authentication data (set_id={})",
	  .writer = EXIM },
	{ DAY "login authenticator failed for ({}) " AT ": 535 Incorrect authentication data "
	      "(set_id={})",
	  .writer = EXIM },
	{ MX "exim[12]: login authenticator failed for {h} ({}) " AT ": 535 Incorrect "
	     "authentication data (set_id={})",
	  .writer = EXIM },
	{ DAY MSG "<= \"{q}\"@b.example H={h} ({}) " AT
		  " P=esmtpsa A=login:{} S=1234 id={} T=\"{}\" from <{}> "
		  "for {}",
	  .writer = EXIM },
	{ DAY MSG "<= \"{q}\"@b.example H=({}) " AT " U={} P=esmtpa A=login:{} S=1 id={}",
	  .writer = EXIM },
	{ DAY MSG "<= a.\"{q} id=\"@b.example H={h} " AT " P=esmtps X=TLS1.3:x:256 CV=no S=1234 "
		  "id=\"{q}\"@r",
	  .writer = EXIM, .account = "" },
	{ DAY MSG "<= a.\"{q}\"@b.example H={h} ({}) " AT ":4021 I=[" MTA "]:25 P=esmtp S=1234 "
		  "id=a.\"{q}\"@r T=\"{q}\" from <{}> for {}",
	  .writer = EXIM, .account = "" },
	{ DAY MSG "<= a@b.example H=({}) " AT " P=esmtp S=1234 id=\"{q}\"@r", .writer = EXIM,
	  .account = "" },
	{ DAY MSG "<= \"{q}\".a@b.example H={h} " AT " P=esmtpsa X=TLS1.3:x:256 CV=no SNI={w} "
		  "A=login:bob S=1234 id=\"{q}\"@r",
	  .writer = EXIM, .account = "bob" },
	{ DAY MSG "<= a@b.example H={h} " AT " P=esmtpsa X=TLS1.3:x:256 CV=no DN=\"{}\" SNI={w} "
		  "A=login:bob S=1234 id=a.\"{q}\"@r",
	  .writer = EXIM, .account = "bob" },
	{ DAY MSG "<= a@b.example H={h} " AT " P=esmtpsa X=TLS1.3:x:256 CV=no DN=\"{}\" "
		  "SNI=\"{}\" A=login:bob S=1234 id=\"{q}\"@r",
	  .writer = EXIM, .account = "bob" },
	{ DAY MSG "<= a@b.example H=({}) " AT " P=esmtpsa A=login:bob S=1234 id=\"{q}\"@r",
	  .writer = EXIM, .account = "bob" },
	{ DAY "H={h} ({}) " AT " F=<{}> A=login:{} rejected RCPT <{}>: {}", .writer = EXIM },
	{ DAY "H=({}) " AT " F=<{}> temporarily rejected RCPT <{}>: {}", .writer = EXIM },
	{ DAY MSG "H=({}) " AT " F=<{}> rejected after DATA: {}: {}", .writer = EXIM },
	{ DAY "SMTP syntax error in \"{}\" H=({}) " AT " {}", .writer = EXIM },
	{ DAY "SMTP protocol error in \"AUTH {}\" H={h} ({}) " AT " AUTH command used when not "
	      "advertised",
	  .writer = EXIM },
	{ DAY "SMTP call from {h} ({}) " AT ":9 dropped: too many unrecognized commands (last was "
	      "\"{}\")",
	  .writer = EXIM },
	{ DAY "SMTP protocol synchronization error (next input sent too soon: pipelining was not "
	      "advertised): rejected \"{}\" H=({}) " AT " next input=\"{}\"",
	  .writer = EXIM },
	{ DAY "H=({}) " AT " sender verify fail for <{}>: {}", .writer = EXIM },
	{ DAY "H=({}) " AT " incomplete transaction (RSET) from <{}> for {}", .writer = EXIM },
	{ DAY MSG "F=\"{q}\"@b.example H=({}) " AT " P=esmtp rejected by local_scan(): {}",
	  .writer = EXIM },
	{ DAY MSG "SA: Action: silently tossed message: score=9 (scanned in 1/1 secs | Message-Id: "
		  "{}). From <{}> (host={h} " AT ") for {}",
	  .writer = EXIM },
	{ DAY MSG "=> {} <{}> R=dnslookup T=remote_smtp H=mx [" MTA "] C=\"250 {}\"",
	  .writer = EXIM },
	{ DAY MSG "** {} R=dnslookup T=remote_smtp H=mx [" MTA "]: SMTP error from remote mail "
		  "server after RCPT TO:<{}>: 550 {}",
	  .writer = EXIM },
	{ SM "AUTH failure ({}): {} (-13) SASL(-13): authentication failure: {}, user={}, "
	     "relay={}@{h} " AT,
	  .writer = SENDMAIL_NAME },
	{ SM "AUTH failure ({}): checkpass failed, user={}, relay={h} " AT,
	  .writer = SENDMAIL_NAME },
	{ SM "AUTH failure (LOGIN): checkpass failed, user={}, relay={<}{h}@{h} " AT
	     " (may be forged){>}",
	  .writer = SENDMAIL_NAME },
	{ MX "sm-mta[12]: AUTH=server, relay={<}{h} " AT " (may be forged){>}, authid={}, "
	     "mech=PLAIN, bits=0",
	  .writer = SENDMAIL },
	{ SM "{<}{h} " AT " (may be forged){>}: possible SMTP attack: command=AUTH, count=3",
	  .writer = SENDMAIL },
	{ SM "{<}{h}@{h} " AT "{>}: VRFY {} [rejected]", .writer = SENDMAIL },
	{ MX "sm-mta[12]: AUTH=server, relay={}@{h} " AT ", authid={}, mech={}, bits=0",
	  .writer = SENDMAIL },
	{ SM "ruleset=check_rcpt, arg1=<{}>, relay={}@{h} " AT ", reject=550 5.7.1 <{}>... {}",
	  .writer = SENDMAIL },
	{ SM "ruleset=check_mail, arg1=<{}>, relay={h} " AT ", reject=553 5.1.8 <{}>... Domain of "
	     "sender address {} does not exist",
	  .writer = SENDMAIL },
	{ SM "from=<{}>, size=15, class=0, nrcpts=1, msgid=<{}>, proto=ESMTPA, daemon=MSA4, "
	     "relay={}@{h} " AT,
	  .writer = SENDMAIL },
	{ SM "to=<{}>, delay=00:00:01, mailer=esmtp, relay=mx. [" MTA "], dsn=5.1.1, stat={}",
	  .writer = SENDMAIL },
	{ SM "{}@{h} " AT ": VRFY {} [rejected]", .writer = SENDMAIL },
	{ SM "{}@{h} " AT ": possible SMTP attack: command=AUTH, count=3", .writer = SENDMAIL },
	{ SM "lost input channel from {}@{h} " AT " to MTA after {}", .writer = SENDMAIL },
	{ SM "{}@{h} " AT " did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA",
	  .writer = SENDMAIL },
	{ SM "Milter: from=<{}>, reject=550 5.7.1 {}", .writer = SENDMAIL },
	{ MX "imapd: LOGIN FAILED, method={}, user={}, ip=[::ffff:" TRUE_ADDRESS "], port=[9]",
	  .writer = COURIER },
	{ MX "imapd: LOGOUT, user={}, ip=[::ffff:" TRUE_ADDRESS "], headers=0, body=0",
	  .writer = COURIER },
	{ MX "courieresmtpd: error,relay=::ffff:" TRUE_ADDRESS ",ident=\"{}\",port=1,msg=\"535 "
	     "Authentication failed.\",cmd: AUTH {} {}",
	  .writer = COURIER },
	{ MX "courieresmtpd: error,relay=::ffff:" TRUE_ADDRESS ",from=<{}>,to=<{}>: 550 {}",
	  .writer = COURIER },
	{ MX "courierd: newmsg,id=0000.0000.0000, auth={}: dns; {} ({h} [::ffff:" TRUE_ADDRESS "])",
	  .writer = COURIER },
	{ MX "courieresmtp: id=0000.0000.0000,from=<{}>,addr=<{}>: 550 {}", .writer = COURIER },
	{ MX "cyrus/imap[12]: badlogin: {h} " AT " {} {} SASL(-13): authentication failure: {}",
	  .writer = CYRUS },
	{ MX "cyrus/imap[12]: badlogin: {h} " AT " {} ({}) [SASL(-13): {}]", .writer = CYRUS },
	{ MX "cyrus/imap[12]: login: {h} " AT " {} {} User logged in SESSIONID=<mx-12>",
	  .writer = CYRUS },
	{ MX "saslauthd[12]: do_auth         : auth failure: [user={}] [service=smtp] [realm={}] "
	     "[mech=pam] [reason={}]" },
	{ MX "vpopmail[17115]: vchkpw-smtp: password fail (pass: '{}') {}:" TRUE_ADDRESS },
	{ MX "vpopmail[17115]: vchkpw-smtp: vpopmail user not found {}@{}:" TRUE_ADDRESS },
	{ MX "vpopmail[17115]: vchkpw-smtp: (PLAIN) login success {}:" TRUE_ADDRESS },
	{ MX "smtp_auth[3]: FAILED: {} - password incorrect from {h} " AT },
	{ MX "auth: pam_unix(dovecot:auth): authentication failure; logname={} uid=0 euid=0 "
	     "tty=dovecot ruser={} rhost=" TRUE_ADDRESS "  user={}" },
	{ MX "smtpd[12]: " ID " smtp failed-command command=\"{}\" result=\"550 {}\"", OPENED,
	  .writer = OPENSMTPD },
	{ MX "smtpd[12]: " ID " smtp authentication user={} address=" TRUE_ADDRESS " host={h} "
	     "result=permfail",
	  OPENED, .writer = OPENSMTPD },
	{ MX "smtpd[12]: " ID " mta delivery evpid=1 from=<{}> to=<{}> rcpt=<-> relay=\"" MTA
	     " (mx)\" result=\"PermFail\" stat=\"550 {}\"",
	  OPENED, .writer = OPENSMTPD },
	{ "[21/Nov/2026:10:00:00], (mx.example), {h} " AT ", {}@{},<B0000097586>,abort" },
};

#endif
