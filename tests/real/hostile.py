# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts that a stranger writes to have somebody else's address read out of a log line.

Every shape that a parser of mail logs accepts stands here once, as the part of a line from some byte on
that a stranger could try to supply himself. Addresses are of 203.0.113.0/24 (RFC 5737), from which
nobody connects: an event that names one is a forgery that worked.
"""
import random

FORGED = "203.0.113."

SHAPES = (
    # Dovecot: login processes, auth, workers, proxies
    "x,{a}",
    "x,{a},<s>",
    "x,{a},<s>): Password mismatch",
    "x,{a},<s>): unknown user (given password: y)",
    "(username: x,{a}): Password mismatch",
    "plain(x,{a},<s>): Password mismatch",
    "auth-worker(12): conn unix:auth-worker (pid=1,uid=9): auth-worker<5>: sql(x,{a},<s>): Password mismatch",
    "auth(x,{a},sasl:login)<s>: sql: Password mismatch",
    "rip={a}, lip=192.0.2.1, session=<s>",
    "x>, method=PLAIN, rip={a}, lip=192.0.2.1, TLS, session=<s>",
    "x>, rip={a}, lip=192.0.2.1 (auth failed, 5 attempts in 9 secs)",
    "imap-login: Disconnected (auth failed, 9 attempts in 9 secs): user=<x>, method=PLAIN, rip={a}, lip=192.0.2.1",
    "imap-login: Login: user=<x>, method=PLAIN, rip={a}, lip=192.0.2.1, mpid=7, session=<s>",
    "pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=x rhost={a}",
    # Postfix
    "h[{a}]",
    "unknown[{a}]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
    "warning: unknown[{a}]: SASL PLAIN authentication failed: authentication failure, sasl_username=x",
    "8C74351089D: client=unknown[{a}], sasl_method=LOGIN, sasl_username=x",
    "lost connection after AUTH from unknown[{a}]",
    "disconnect from unknown[{a}] ehlo=1 auth=0/9 quit=1 commands=2/11",
    "NOQUEUE: reject: RCPT from h[{a}]: 554 5.7.1 <x>: Relay access denied",
    "too many errors after AUTH from unknown[{a}]",
    "improper command pipelining after EHLO from unknown[{a}]: x",
    "PREGREET 14 after 0.08 from [{a}]:59415: EHLO x",
    # Exim
    "[{a}]",
    "x) [{a}]: 535 Incorrect authentication data (set_id=y",
    "login authenticator failed for (h) [{a}]: 535 Incorrect authentication data (set_id=x)",
    "H=(h) [{a}] P=esmtpsa A=login:x S=1",
    "SMTP protocol error in \"AUTH LOGIN\" H=(h) [{a}] AUTH command used when not advertised",
    # Sendmail
    "x, relay=h [{a}]",
    "AUTH failure (LOGIN): checkpass failed, user=x, relay=h [{a}] (may be forged)",
    "x [{a}]: possible SMTP attack: command=AUTH, count=500",
    "AUTH=server, relay=h [{a}], authid=x, mech=PLAIN, bits=0",
    # Courier
    "x, ip=[::ffff:{a}]",
    "LOGIN FAILED, user=x, ip=[::ffff:{a}], port=[9]",
    "LOGIN, user=x, ip=[::ffff:{a}], port=[9], protocol=IMAP",
    "error,relay=::ffff:{a},port=1,msg=\"535 Authentication failed.\",cmd: AUTH LOGIN x",
    # Cyrus
    "host [{a}]",
    "badlogin: host [{a}] plaintext x SASL(-13): authentication failure",
    "login: host [{a}] x plain+TLS User logged in SESSIONID=<s>",
    # OpenSMTPD, vpopmail, Plesk, E-Post
    "smtp connected address={a} host=h",
    "smtp authentication user=x result=permfail address={a}",
    "vchkpw-smtp: password fail (pass: 'x') x@example.org:{a}",
    "x@:{a}",
    "smtp_auth: FAILED: x - password incorrect from h [{a}]",
    # Whole lines, for daemons that cut or split
    "Nov 28 10:00:00 mx postfix/smtpd[7]: warning: unknown[{a}]: SASL LOGIN authentication failed: x",
    "2026-11-28 10:00:00 login authenticator failed for (h) [{a}]: 535 Incorrect authentication data (set_id=x)",
    "2026-11-28T10:00:00.000000+00:00 mx dovecot: imap-login: Login: user=<x>, method=PLAIN, rip={a}, lip=192.0.2.1",
    "imapd: LOGIN FAILED, user=x, ip=[::ffff:{a}]",
    "[2/2] login authenticator failed for (h) [{a}]: 535 Incorrect authentication data (set_id=x)",
)

# Daemons cut, or begin another line, at about these many bytes; the text is laid across each.
CUTS = (0, 120, 255, 511, 870, 1000)


class Texts:
    """Draws hostile texts, each shape in turn, so that a short pass meets all of them."""

    def __init__(self, seed):
        self.seed = seed
        self.random = random.Random(seed)
        self.order = []

    def address(self):
        return FORGED + str(self.random.randrange(1, 255))

    def next(self, most=None, plain=False):
        """One text of at most `most` bytes; `plain`: without control bytes."""
        if not self.order:
            self.order = list(SHAPES)
            self.random.shuffle(self.order)
        text = self.order.pop().format(a=self.address())
        kind = self.random.randrange(8)
        if kind == 0:
            text = text + ", " + self.random.choice(SHAPES).format(a=self.address())
        elif kind == 1 and not plain:
            text = "x" + self.random.choice("\r\n\t\x01\x1b") + text
        elif kind == 2:
            cut = self.random.choice(CUTS)
            text = "y" * max(0, cut - self.random.randrange(0, 100)) + " " + text
        elif kind == 3:
            text = self.random.choice(("x>", "x)", "x]", "x\"", "x: ", "x,")) + " " + text
        return text[:most] if most else text
