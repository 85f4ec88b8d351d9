# SPDX-License-Identifier: GPL-2.0-or-later
"""The mail servers that are asked: packages, configuration, how each is started in its root, and where it
writes. A variant changes what the lines look like. All know the user bob with the password secret."""

DOVECOT = """
protocols = imap pop3
listen = *, ::
log_path = {log}
syslog_facility = mail
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5
auth_failure_delay = 0
auth_username_chars = {chars}
mail_location = maildir:/tmp/mail/%u
default_login_user = dovenull
service anvil {{
  client_limit = 2000
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/tmp/mail allow_all_users=yes
}}
{passdbs}
{more}
"""
# The same in the language of Dovecot 2.4, which refuses that of 2.3.
DOVECOT24 = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
protocols = imap pop3
listen = *, ::
log_path = {log}
syslog_facility = mail
ssl = no
auth_allow_cleartext = yes
auth_mechanisms = plain login cram-md5
auth_failure_delay = 0
auth_username_chars = {chars}
mail_driver = maildir
mail_path = /tmp/mail/%{{user}}
default_login_user = dovenull
service anvil {{
  client_limit = 2000
}}
userdb static {{
  static_allow_all_users = yes
  fields {{
    uid = 65534
    gid = 65534
    home = /tmp/mail
  }}
}}
{passdbs}
{more}
"""
PASSWD_FILE = "passdb {\n  driver = passwd-file\n  args = /etc/dovecot/users\n}\n"
EMPTY_FIRST = "passdb {\n  driver = passwd-file\n  args = /etc/dovecot/nobody\n}\n"
PASSWD_FILE24 = "passdb passwd-file {\n  passwd_file_path = /etc/dovecot/users\n}\n"
EMPTY_FIRST24 = "passdb nobody {\n  driver = passwd-file\n  passwd_file_path = /etc/dovecot/nobody\n}\n"
USERS = {"/etc/dovecot/users": "bob:{PLAIN}secret\nalice:{PLAIN}other\n", "/etc/dovecot/nobody": "zoe:{PLAIN}x\n"}
# Dovecot's own default: what a name may hold.
CHARS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567890.-_@"


def dovecot(suite, log, more, any_chars=False, two_passdbs=False):
    """dovecot.conf, in the language of that suite's Dovecot."""
    language, file, empty = ((DOVECOT, PASSWD_FILE, EMPTY_FIRST) if suite == "bookworm" else
                             (DOVECOT24, PASSWD_FILE24, EMPTY_FIRST24))
    return language.format(log=log, more=more, chars="" if any_chars else CHARS,
                           passdbs=(empty if two_passdbs else "") + file)


class Server:
    packages = ()
    suite = "bookworm"  # of Debian, if none is asked for
    root = None        # name of the layer; several servers may share one
    services = ()
    variants = ("plain",)
    tls = ()
    log = None         # a file below the root; None: what went to syslog
    ready = 25         # a port that is open once it runs

    def __init__(self, variant, suite=None):
        if variant not in self.variants:
            raise ValueError(f"{self.name} has the variants {', '.join(self.variants)}")
        self.variant = variant
        self.suite = suite or self.suite

    def files(self):
        return {}

    def start(self):
        """A shell script, run in the root; what it leaves running ends with the namespace."""
        raise NotImplementedError

# PAM's database through saslauthd, as Debian sets it up.
SASLAUTHD = """
			useradd bob; useradd alice; printf 'bob:secret\\nalice:other\\n' | chpasswd
			mkdir -p /run/saslauthd; chmod 755 /run/saslauthd; saslauthd -a pam -m /run/saslauthd -n 5
"""


def sasldb(owner):
    """Both users in Cyrus SASL's own database."""
    return ("""
			for u in bob:secret alice:other; do echo "${u#*:}" | saslpasswd2 -p -c -u mx.example.net ${u%:*}; done
			chown """ + owner + " /etc/sasldb2; chmod 640 /etc/sasldb2\n")


def sasl_conf(variant):
    """What a program of Cyrus SASL asks, for the variant saslauthd and others."""
    if variant == "saslauthd":
        return "pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n"
    return "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN CRAM-MD5\n"


class Dovecot(Server):
    name = root = "dovecot"
    packages = ("dovecot-imapd", "dovecot-pop3d", "dovecot-submissiond")
    services = ("imap", "pop3")
    variants = ("quiet", "verbose", "anychars", "two-passdbs", "file", "passwords")
    ready = 143

    def files(self):
        verbose = self.variant != "quiet"
        own = self.variant == "file"
        self.log = "/var/log/dovecot.log" if own else None
        more = "auth_verbose = yes\n" if verbose else ""
        if self.variant == "passwords":
            more += "auth_verbose_passwords = plain\n"
        return {**USERS, "/etc/dovecot/dovecot.conf": dovecot(
            self.suite, self.log or "syslog", more, any_chars=self.variant in ("anychars", "file"),
            two_passdbs=self.variant == "two-passdbs")}

    def start(self):
        return "mkdir -p /tmp/mail; chmod 777 /tmp/mail; dovecot"


class Postfix(Server):
    name = root = "postfix"
    packages = ("postfix", "dovecot-core", "sasl2-bin", "libsasl2-modules", "libsasl2-modules-db")
    services = ("smtp", "submission")
    variants = ("dovecot", "dovecot-anychars", "sasldb", "saslauthd", "ports", "postscreen")

    def files(self):
        main = ("myhostname = mx.example.net\nmydestination = example.net\nmynetworks = 127.0.0.0/8\n"
                "inet_interfaces = all\ninet_protocols = all\nbiff = no\ncompatibility_level = 3.6\n"
                "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_security_options = noanonymous\n"
                "cyrus_sasl_config_path = /etc/postfix/sasl\n"
                "alias_maps =\nlocal_recipient_maps =\nlocal_transport = discard\n"
                "smtpd_client_connection_rate_limit = 0\nsmtpd_client_connection_count_limit = 0\n")
        if self.variant == "ports":
            main += "smtpd_client_port_logging = yes\n"
        elif self.variant == "postscreen":
            main += "postscreen_greet_wait = 1s\npostscreen_access_list = permit_mynetworks\n"
        files = {"/etc/postfix/sasl/smtpd.conf": sasl_conf(self.variant)}
        if self.variant not in ("sasldb", "saslauthd"):
            main += "smtpd_sasl_type = dovecot\nsmtpd_sasl_path = private/auth\n"
            files.update(USERS)
            files["/etc/dovecot/dovecot.conf"] = dovecot(
                self.suite, "syslog", "auth_verbose = yes\nservice auth {\n"
                "  unix_listener /var/spool/postfix/private/auth {\n    mode = 0660\n    user = postfix\n  }\n}\n",
                any_chars=self.variant == "dovecot-anychars").replace("protocols = imap pop3", "protocols =")
        return {**files, "/etc/postfix/main.cf": main}

    def start(self):
        sasl = {"sasldb": sasldb("postfix"), "saslauthd": SASLAUTHD}.get(
            self.variant, "mkdir -p -m 700 /var/spool/postfix/private; chown postfix /var/spool/postfix/private; dovecot")
        screen = ("postconf -M smtp/inet='smtp inet n - n - 1 postscreen' smtpd/pass='smtpd pass - - n - - smtpd';"
                  if self.variant == "postscreen" else "")
        return (f"postconf -F '*/*/chroot = n'; {screen} postconf -M submission/inet='submission inet n - n - - smtpd';"
                f"postconf -P submission/inet/syslog_name=postfix/submission; {sasl}\npostfix start")


class Exim(Server):
    name = root = "exim"
    packages = ("exim4-daemon-heavy",)
    services = ("smtp", "submission")
    variants = ("mainlog", "ports", "syslog", "defer", "junkhelo")

    def files(self):
        syslog = self.variant == "syslog"
        self.log = None if syslog else "/var/log/exim4/mainlog"
        selector = "+incoming_port +incoming_interface +pid" if self.variant == "ports" else ""
        junk = "helo_accept_junk_hosts = *\nhelo_allow_chars = _" if self.variant == "junkhelo" else ""
        # A look-up that fails for now, for the name "x...": 435, and the line says so.
        right = "${if and{{eq{$%d}{bob}}{eq{$%d}{secret}}}}"
        if self.variant == "defer":
            right = "${if match{$auth%d}{^x}{${lookup{x}lsearch{/nonexistent/file}}}{" + right + "}}"

        def condition(user, password):
            if self.variant == "defer":
                return right.replace("$auth%d", f"$auth{user}", 1) % (user, password)
            return right % (user, password)
        return {"/etc/exim4/test.conf": f"""
primary_hostname = mx.example.net
daemon_smtp_ports = 25 : 587
local_interfaces = <; 192.0.2.1 ; 2001:db8:25::1
host_lookup = *
auth_advertise_hosts = *
smtp_accept_max = 0
smtp_accept_queue = 0
smtp_accept_max_per_connection = 0
log_file_path = {"syslog" if syslog else "/var/log/exim4/%slog"}
log_selector = {selector}
acl_smtp_rcpt = rcpt
tls_advertise_hosts =
rfc1413_query_timeout = 0s
queue_only
{junk}
begin acl
rcpt:
  accept authenticated = *
  accept domains = example.net
  deny message = relay not permitted
begin authenticators
plain_server:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = {condition(2, 3)}
  server_set_id = $auth2
login_server:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = {condition(1, 2)}
  server_set_id = $auth1
""".replace("$2}", "$auth2}").replace("$3}", "$auth3}").replace("$1}", "$auth1}")}

    def start(self):
        return ("mkdir -p /var/log/exim4; chown Debian-exim /var/log/exim4; chown root:root /etc/exim4/test.conf;"
                "cp /etc/exim4/test.conf /etc/exim4/exim4.conf; exim4 -C /etc/exim4/exim4.conf -bd")


class Courier(Server):
    name = root = "courier"
    packages = ("courier-imap", "courier-pop", "courier-authlib-userdb", "courier-mta")
    services = ("imap", "pop3", "smtp")
    ready = 143

    def __init__(self, variant, suite=None):
        super().__init__(variant, suite)
        if self.suite == "sid":  # userdb went into courier-authlib
            self.packages = ("courier-imap", "courier-pop", "courier-authlib", "courier-mta")

    def start(self):
        return """
			sed -i 's/^authmodulelist=.*/authmodulelist="authuserdb"/' /etc/courier/authdaemonrc
			sed -i 's/^MAXPERIP=.*/MAXPERIP=100/; s/^MAXDAEMONS=.*/MAXDAEMONS=100/' /etc/courier/imapd /etc/courier/pop3d
			# No /etc/services here, so that "smtp" is no port.
			sed -i 's/^ESMTPAUTH=.*/ESMTPAUTH="PLAIN LOGIN"/; s/^PORT=.*/PORT=25/; s/^TARPIT=.*/TARPIT=0/; s/^BOFHCHECKDNS=.*/BOFHCHECKDNS=0/; s/^TCPDOPTS="/TCPDOPTS="-nodnslookup /' /etc/courier/esmtpd
			sed -i 's/^MAXPERIP=.*/MAXPERIP=100/; s/^MAXPERC=.*/MAXPERC=100/; s/^MAXDAEMONS=.*/MAXDAEMONS=100/' /etc/courier/esmtpd
			echo mx.example.net > /etc/courier/me; echo example.net > /etc/courier/locals
			mkdir -p /tmp/mail; maildirmake.courier /tmp/mail/bob; chown -R 65534:65534 /tmp/mail
			for u in bob:secret alice:other; do
				userdb ${u%:*} set uid=65534 gid=65534 home=/tmp/mail mail=/tmp/mail/${u%:*}
				echo "${u#*:}" | userdbpw -md5 | userdb ${u%:*} set systempw
			done
			chmod 700 /etc/courier/userdb; makeuserdb
			mkdir -p /run/courier/authdaemon; chown -R courier /run/courier 2>/dev/null || chown -R daemon /run/courier
			authdaemond start
			for what in imapd pop3d; do /usr/lib/courier/$what start; done
			courierfilter start; courier start
			/usr/lib/courier/esmtpd start &
		"""


class Cyrus(Server):
    name = root = "cyrus"
    packages = ("cyrus-imapd", "cyrus-pop3d", "sasl2-bin", "libsasl2-modules", "libsasl2-modules-db")
    services = ("imap", "pop3")
    variants = ("sasldb", "saslauthd")
    ready = 143

    def files(self):
        return {"/etc/cyrus.conf": """
START {
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
}
SERVICES {
  imap cmd="imapd -U 30" listen="imap" prefork=0 maxchild=100
  pop3 cmd="pop3d -U 30" listen="pop3" prefork=0 maxchild=50
}
""", "/etc/imapd.sasl": "servername: mx.example.net\n" + "".join(
            f"sasl_{line}\n" for line in sasl_conf(self.variant).splitlines())}

    def start(self):
        return """
			sed -i '/^sasl_pwcheck_method:/d; /^sasl_mech_list/d; /^servername/d; s/^tls_/#tls_/' /etc/imapd.conf
			sed -i 's/^#\\?allowplaintext:.*/allowplaintext: yes/' /etc/imapd.conf
			cat /etc/imapd.sasl >> /etc/imapd.conf
		""" + (SASLAUTHD if self.variant == "saslauthd" else sasldb("cyrus")) + """
			mkdir -p /run/cyrus/lock /run/cyrus/proc /run/cyrus/socket /run/cyrus/db; chown -R cyrus:mail /run/cyrus
			cyrmaster -d
		"""


class Sendmail(Server):
    name = root = "sendmail"
    packages = ("sendmail-bin", "sendmail-cf", "sasl2-bin", "libsasl2-modules", "libsasl2-modules-db", "m4")
    services = ("smtp",)
    variants = ("loglevel9", "loglevel14", "saslauthd")

    def files(self):
        level = "14" if self.variant == "loglevel14" else "9"
        return {"/etc/mail/test.mc": f"""divert(0)
define(`_USE_ETC_MAIL_')dnl
include(`/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`accept_unresolvable_domains')dnl
define(`confLOG_LEVEL', `{level}')dnl
define(`confAUTH_OPTIONS', `')dnl
define(`confTO_IDENT', `0')dnl
define(`confCONNECTION_RATE_THROTTLE', `1000')dnl
define(`confMAX_DAEMON_CHILDREN', `0')dnl
TRUST_AUTH_MECH(`PLAIN LOGIN CRAM-MD5')dnl
define(`confAUTH_MECHANISMS', `PLAIN LOGIN CRAM-MD5')dnl
define(`confDOMAIN_NAME', `mx.example.net')dnl
DAEMON_OPTIONS(`Family=inet, Name=MTA-v4, Port=smtp, Addr=192.0.2.1')dnl
DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6, Port=smtp, Addr=2001:db8:25::1')dnl
LOCAL_DOMAIN(`example.net')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
""", "/usr/lib/sasl2/Sendmail.conf": sasl_conf(self.variant),
                "/etc/sasl/Sendmail.conf": sasl_conf(self.variant)}

    def start(self):
        return """
			m4 /etc/mail/test.mc > /etc/mail/sendmail.cf
		""" + (SASLAUTHD if self.variant == "saslauthd" else sasldb("smmta:smmsp")) + """
			touch /etc/mail/local-host-names; mkdir -p /run/sendmail/mta /var/spool/mqueue /var/run/sendmail
			chown -R smmta:smmsp /run/sendmail /var/spool/mqueue
			/usr/lib/sm.bin/sendmail -bd -q1h || sendmail-mta -bd -q1h
		"""


class Opensmtpd(Server):
    name = root = "opensmtpd"
    suite = "trixie"  # Debian 12's fails in every TLS handshake: it cannot use its key with OpenSSL 3
    packages = ("opensmtpd", "openssl")
    services = ("submission",)
    tls = (587,)
    ready = 587

    def files(self):
        return {"/etc/smtpd.conf": """
pki mx.example.net cert "/etc/ssl/mx.crt"
pki mx.example.net key "/etc/ssl/mx.key"
table users file:/etc/smtpd.users
listen on 192.0.2.1 port 587 tls-require pki mx.example.net auth <users>
listen on 2001:db8:25::1 port 587 tls-require pki mx.example.net auth <users>
action "local" maildir
match from any for domain "example.net" action "local"
"""}

    def start(self):
        return """
			openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mx.example.net -keyout /etc/ssl/mx.key -out /etc/ssl/mx.crt
			chmod 600 /etc/ssl/mx.key
			printf 'bob %s\\nalice %s\\n' "$(smtpctl encrypt secret)" "$(smtpctl encrypt other)" > /etc/smtpd.users
			chown root:opensmtpd /etc/smtpd.users; chmod 640 /etc/smtpd.users
			smtpd -d > /tmp/smtpd.out 2>&1 & smtpd
		""".replace("smtpd -d > /tmp/smtpd.out 2>&1 & ", "")


SERVERS = {server.name: server for server in (Dovecot, Postfix, Exim, Courier, Cyrus, Sendmail, Opensmtpd)}
