// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of hosts.allow and hosts.deny, and which daemons a line is for. */
#include "lists/text_hosts.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Names of daemons under which mail servers ask tcp wrappers. */
static const char *const mail_daemons[] = {
	"postfix",
	"smtpd",
	"smtp",
	"smtps",
	"submission",
	"submissions",
	"sendmail",
	"sm-mta",
	"mta",
	"mail",
	"exim",
	"exim4",
	"qmail-smtpd",
	"tcpserver",
	"opensmtpd",
	"couriertcpd",
	"esmtpd",
	"dovecot",
	"imap",
	"imapd",
	"imaps",
	"imap-login",
	"imapproxyd",
	"courier-imap",
	"pop3",
	"pop3d",
	"pop3s",
	"pop3-login",
	"ipop3d",
	"ipop2d",
	"popper",
	"qpopper",
	"in.qpopper",
	"popa3d",
	"in.popd",
	"cyrus",
	"master",
	"lmtpd",
	"timsieved",
	"sieve",
	"managesieve",
	"managesieve-login",
	"submission-login",
	"vchkpw",
	"vpopmail",
};

static bool separator(char c)
{
	return c == ' ' || c == '\t' || c == ',' || c == '\r';
}

bool hosts_next_word(const char **at, const char *end, struct list_word *word)
{
	while (*at < end && separator(**at))
		(*at)++;
	word->text = *at;
	while (*at < end && !separator(**at))
		(*at)++;
	word->size = (size_t)(*at - word->text);
	return word->size > 0 && *word->text != '#';
}

bool hosts_word_is(const struct list_word *word, const char *text)
{
	return word->size == strlen(text) && !strncasecmp(word->text, text, word->size);
}

/* Whether one word of a daemon list matches: "postfix", "postfix@192.0.2.1", "ALL". */
static bool daemon_word(const struct list_word *word, const char *daemon)
{
	const char *at = memchr(word->text, '@', word->size);
	struct list_word name = { word->text, at ? (size_t)(at - word->text) : word->size };

	return hosts_word_is(&name, "ALL") || hosts_word_is(&name, daemon);
}

/* list1 EXCEPT list2 EXCEPT list3 is list1 EXCEPT (list2 EXCEPT list3). */
static bool daemon_matches(const char *at, const char *end, const char *daemon)
{
	bool matches[GROUPS_MOST] = { false }, result;
	struct list_word word;
	size_t last = 0;

	while (hosts_next_word(&at, end, &word)) {
		if (!hosts_word_is(&word, "EXCEPT"))
			matches[last] |= daemon_word(&word, daemon);
		else if (++last == GROUPS_MOST)
			return false;
	}
	result = matches[last];
	while (last--)
		result = matches[last] && !result;
	return result;
}

bool hosts_names_mail_daemon(const char *at, const char *end)
{
	for (size_t i = 0; i < sizeof(mail_daemons) / sizeof(*mail_daemons); i++)
		if (daemon_matches(at, end, mail_daemons[i]))
			return true;
	return false;
}

bool hosts_excepts_mail_daemon(const char *at, const char *end)
{
	const char *scan = at, *except = NULL;
	struct list_word word;

	while (!except && hosts_next_word(&scan, end, &word))
		if (hosts_word_is(&word, "EXCEPT"))
			except = word.text;
	for (size_t i = 0; except && i < sizeof(mail_daemons) / sizeof(*mail_daemons); i++)
		if (daemon_matches(at, except, mail_daemons[i]) &&
		    !daemon_matches(at, end, mail_daemons[i]))
			return true;
	return false;
}

bool hosts_looks_like_daemons(const char *at, const char *end)
{
	struct list_word word;
	size_t words = 0;

	for (const char *scan = at; hosts_next_word(&scan, end, &word); words++) {
		if (!isalpha((unsigned char)*word.text))
			return false;
		for (size_t i = 0; i < word.size; i++)
			if (!isalnum((unsigned char)word.text[i]) &&
			    !strchr("._-@:[]", word.text[i]))
				return false;
	}
	return words > 0;
}
