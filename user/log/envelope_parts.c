// SPDX-License-Identifier: GPL-2.0-or-later
/* Pieces of headers, and which programs may hold a line of another one; see envelope.h. Pure. */
#include "log/envelope.h"

#include <ctype.h>

#define HOST_MOST    260 /* a domain name, and room to spare */
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool is_hexadecimal(struct span name)
{
	for (size_t i = 0; i < name.size; i++)
		if (!(name.at[i] >= '0' && name.at[i] <= '9') &&
		    !(name.at[i] >= 'a' && name.at[i] <= 'f'))
			return false;
	return true;
}

/* Whether the name ends in "-1" or "_2": compose numbers its containers. */
static bool is_numbered(struct span name)
{
	size_t digits = 0;

	while (digits < name.size && isdigit((unsigned char)name.at[name.size - 1 - digits]))
		digits++;
	return digits && digits < 4 && name.size > digits + 1 &&
	       (name.at[name.size - 1 - digits] == '-' || name.at[name.size - 1 - digits] == '_');
}

bool envelope_is_container(struct span program)
{
	static const char *const runners[] = { "docker",	 "dockerd", "podman",	 "conmon",
					       "docker-compose", "compose", "containerd" };

	size_t slash = span_last_char(program, '/');
	struct span id = slash == SPAN_NONE ? program : span_from(program, slash + 1);

	if (program.size < 4)
		return false;
	if ((id.size == 12 || id.size == 64) && is_hexadecimal(id))
		return true;
	if (*program.at == 'd' && span_starts(program, "docker/"))
		return true;
	for (size_t i = 0; i < COUNT(runners); i++)
		if (*program.at == *runners[i] && span_is(program, runners[i]))
			return true;
	return is_numbered(program) && slash == SPAN_NONE;
}

bool envelope_may_fold(struct span program)
{
	return span_starts(program, "exim") || envelope_is_container(program);
}

static bool is_any(struct span name, const char *const *any, size_t count, bool whole)
{
	for (size_t i = 0; i < count; i++)
		if (whole ? span_is(name, any[i]) : span_starts(name, any[i]))
			return true;
	return false;
}

/*
 * Whether messages of the program may be lines of another one. Some programs write only messages of
 * their own, or put strangers' text at the beginning of a line (Courier cuts long lines, web
 * applications log what they are sent): these may not. A container may be called "postfix" or
 * "dovecot": Postfix never logs under that name alone, and Dovecot begins each message with a name
 * of its own.
 */
bool envelope_may_hold(struct span program, uint32_t pid)
{
	static const char *const begins[] = {
		"sm-",	 "smtp_auth", "opensmtpd", "imap",    "pop3",	  "courier", "esmtpd",
		"auth",	 "saslauthd", "vchkpw",	   "cyrus",   "sieve",	  "timsi",   "managesi",
		"lmtp",	 "plesk",     "sshd",	   "sudo",    "kernel",	  "cron",    "systemd",
		"php",	 "nginx",     "apache",	   "httpd",   "named",	  "unbound", "spamd",
		"spamc", "amavis",    "rspamd",	   "opendk",  "opendma",  "clamd",   "freshcl",
		"round", "python",    "perl",	   "mysqld",  "mariadb",  "slapd",   "sssd",
		"nslcd", "proftpd",   "vsftpd",	   "pure-ft", "dropbear",
	};
	static const char *const names[] = {
		"exim", "exim4",  "sendmail", "smtpd", "vpopmail", "master", "su",	 "login",
		"CRON", "logger", "root",     "bash",  "sh",	   "node",   "java",	 "tomcat",
		"ruby", "squid",  "haproxy",  "sogod", "gitlab",   "ntpd",   "fail2ban", "sekisho",
	};

	if (envelope_is_container(program))
		return true;
	return pid && program.size && span_find_char(program, '/') == SPAN_NONE &&
	       !is_any(program, begins, COUNT(begins), false) &&
	       !is_any(program, names, COUNT(names), true);
}

bool envelope_is_mail(struct span program)
{
	static const char *const names[] = { "postfix", "dovecot",  "exim",	 "smtpd",
					     "imap",	"pop3",	    "saslauthd", "vpopmail",
					     "vchkpw",	"sendmail", "sm-",	 "opensmtpd",
					     "cyrus",	"courier",  "sieve" };

	if (span_find_char(program, '/') != SPAN_NONE)
		return true;
	return is_any(program, names, COUNT(names), false);
}

/* Skips "2.6> ". */
static bool skip_numbers(struct span rest, struct span *line)
{
	uint32_t number;

	if (!span_number(&rest, &number) || !span_skip(&rest, ".") ||
	    !span_number(&rest, &number) || !span_skip(&rest, "> "))
		return false;
	*line = rest;
	return true;
}

bool envelope_skip_facility(struct span *line)
{
	static const char *const facilities[] = {
		"mail",	  "auth",   "authpriv", "user",	  "news",   "daemon",  "syslog", "security",
		"kern",	  "cron",   "lpr",	"uucp",	  "ftp",    "local0",  "local1", "local2",
		"local3", "local4", "local5",	"local6", "local7", "console", "ntp"
	};
	static const char *const severities[] = { "emerg", "alert",   "crit", "err",
						  "error", "warning", "warn", "notice",
						  "info",  "debug",   "panic" };
	struct span rest = *line, after;
	bool angle = span_skip(&rest, "<");
	size_t i = 0;

	/* Rejects most lines early. */
	if (rest.size < 9)
		return false;
	if (angle && isdigit((unsigned char)*rest.at))
		return skip_numbers(rest, line);
	if (!memchr(rest.at + 3, '.', 6) && rest.at[4] != ':')
		return false;
	for (after = rest; i < COUNT(facilities); i++, after = rest)
		if (*rest.at == *facilities[i] && span_skip(&after, facilities[i]) &&
		    (span_skip(&after, ".") || span_skip(&after, ":")))
			break;
	if (i == COUNT(facilities))
		return false;
	rest = after;
	for (i = 0; i < COUNT(severities); i++, after = rest) {
		if (!span_skip(&after, severities[i]) || (angle && !span_skip(&after, ">")))
			continue;
		if (!angle)
			span_skip(&after, ":");
		if (span_skip(&after, " ")) {
			*line = after;
			return true;
		}
	}
	return false;
}

/* Skips "   12.345678". */
static bool skip_seconds(struct span *text)
{
	uint32_t number;

	while (span_skip(text, " "))
		;
	return span_number(text, &number) && span_skip(text, ".") && span_number(text, &number);
}

bool envelope_skip_monotonic(struct span *line)
{
	struct span rest = span_from(*line, 1);

	if (!skip_seconds(&rest))
		return false;
	/* How long after the line before. */
	if (span_skip(&rest, " <") && (!skip_seconds(&rest) || !span_skip(&rest, " >")))
		return false;
	if (!span_skip(&rest, "] "))
		return false;
	*line = rest;
	return true;
}

bool envelope_is_address(struct span line)
{
	size_t size = 0;

	while (size < line.size && size < 46 &&
	       (isxdigit((unsigned char)line.at[size]) || line.at[size] == ':' ||
		line.at[size] == '.'))
		size++;
	return size > 1 && size < line.size && line.at[size] == ' ' && line.at[size - 1] != ':';
}

bool envelope_skip_host(struct span *line)
{
	size_t size = 0;

	while (size < line->size && size < HOST_MOST &&
	       (isalnum((unsigned char)line->at[size]) ||
		(line->at[size] && strchr("-._:%@/+[]", line->at[size]))))
		size++;
	if (!size || size >= line->size || line->at[size] != ' ' || line->at[size - 1] == ':')
		return false;
	*line = span_from(*line, size + 1);
	return true;
}

void envelope_skip_level(struct span *line)
{
	struct span rest = *line;
	size_t size = 0;

	if (!span_skip(&rest, " <"))
		return;
	while (size < rest.size && size < 16 && isalpha((unsigned char)rest.at[size]))
		size++;
	rest = span_from(rest, size);
	if (span_skip(&rest, ">"))
		*line = rest;
}

bool envelope_take_bracketed(struct span *line, struct span *program)
{
	struct span rest = *line, name;
	size_t size = 0;

	if (!span_skip(&rest, "["))
		return false;
	while (size < rest.size && size < ENVELOPE_PROGRAM_MOST &&
	       (isalnum((unsigned char)rest.at[size]) ||
		(rest.at[size] && strchr("._/-", rest.at[size]))))
		size++;
	name = span_cut(rest, 0, size);
	rest = span_from(rest, size);
	if (!size || !span_skip(&rest, "] ") || !envelope_is_mail(name))
		return false;
	*program = name;
	*line = rest;
	return true;
}

bool envelope_take_own(struct span *line, struct span *program)
{
	size_t size = 0;

	while (size < line->size && size < 32 &&
	       ((line->at[size] >= 'a' && line->at[size] <= 'z') || line->at[size] == '-' ||
		isdigit((unsigned char)line->at[size])))
		size++;
	if (!size || size >= line->size || line->at[size] != '(')
		return false;
	*program = span_cut(*line, 0, size);
	*line = span_from(*line, size);
	return true;
}

bool envelope_take_tag(struct span *line, struct span *program)
{
	size_t size = span_find_char(*line, ' ');
	struct stamp stamp;
	struct span rest;

	if (size == SPAN_NONE || size > ENVELOPE_PROGRAM_MOST ||
	    (!span_starts(*line, "exim") && !span_starts(*line, "dovecot")))
		return false;
	rest = span_from(*line, size + 1);
	if (!stamp_may_begin(rest) || !stamp_read(&rest, &stamp))
		return false;
	*program = span_cut(*line, 0, size);
	*line = span_from(*line, size + 1);
	return true;
}

size_t envelope_image_size(struct span line, size_t size)
{
	while (size < line.size && size < ENVELOPE_PROGRAM_MOST &&
	       (isalnum((unsigned char)line.at[size]) ||
		(line.at[size] && strchr(":._/-", line.at[size]))))
		size++;
	return size < line.size && line.at[size] == '[' &&
			       envelope_is_container(span_cut(line, 0, size))
		       ? size
		       : 0;
}

static void skip_colours(struct span *text)
{
	while (span_skip(text, "\x1b[")) {
		while (text->size && (isdigit((unsigned char)*text->at) || *text->at == ';'))
			*text = span_from(*text, 1);
		span_skip(text, "m");
	}
}

bool envelope_skip_compose(struct span *line)
{
	struct span rest = *line;
	size_t size = 0, blanks = 0;
	bool pod, bracket;

	skip_colours(&rest);
	pod = span_skip(&rest, "[pod/");
	bracket = !pod && span_skip(&rest, "[");
	while (size < rest.size && size < ENVELOPE_PROGRAM_MOST &&
	       (isalnum((unsigned char)rest.at[size]) ||
		(rest.at[size] && strchr("._-@", rest.at[size])) || (pod && rest.at[size] == '/')))
		size++;
	if (!size)
		return false;
	rest = span_from(rest, size);
	if (pod) {
		if (!span_skip(&rest, "] "))
			return false;
		*line = rest;
		return true;
	}
	if (bracket && !span_skip(&rest, "]"))
		return false;
	skip_colours(&rest);
	while (blanks < rest.size && rest.at[blanks] == ' ')
		blanks++;
	rest = span_from(rest, blanks);
	if (!blanks || !span_skip(&rest, "|"))
		return false;
	skip_colours(&rest);
	if (rest.size && !span_skip(&rest, " "))
		return false;
	skip_colours(&rest);
	*line = rest;
	return true;
}

/* Skips "-" or "[id name=\"value\"]..." of RFC 5424, section 6.3. */
static bool skip_structured(struct span *line)
{
	size_t at = 0;
	bool quoted = false;

	if (span_skip(line, "-"))
		return true;
	while (at < line->size && line->at[at] == '[') {
		for (at++; at < line->size && (quoted || line->at[at] != ']'); at++) {
			if (line->at[at] == '"')
				quoted = !quoted;
			else if (quoted && line->at[at] == '\\')
				at++;
		}
		if (at++ >= line->size)
			return false;
	}
	*line = span_from(*line, at);
	return at > 0;
}

static struct span take_word(struct span *line)
{
	size_t end = span_find_char(*line, ' ');
	struct span word = span_cut(*line, 0, end == SPAN_NONE ? line->size : end);

	*line = span_from(*line, word.size + (end != SPAN_NONE));
	return word;
}

bool envelope_read_5424(struct span line, struct envelope *envelope)
{
	struct span pid;

	envelope->whole = line;
	take_word(&line);
	envelope->program = take_word(&line);
	pid = take_word(&line);
	if (!span_number(&pid, &envelope->pid))
		envelope->pid = 0;
	take_word(&line);
	if (!skip_structured(&line))
		return false;
	span_skip(&line, " ");
	span_skip(&line, "\xef\xbb\xbf");
	/* A blank may follow, of a message that came by the older protocol. */
	envelope->text = line;
	envelope->layering = LAYER_5424;
	return true;
}
