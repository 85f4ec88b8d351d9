// SPDX-License-Identifier: GPL-2.0-or-later
/* See mail_users.h. */
#include "log/mail_users.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

bool mail_user_is_name(const char *name)
{
	/* The users of the packages of Debian, Red Hat, SUSE, Arch and Alpine, and qmail's own. */
	static const char *const names[] = {
		"root",	    "postfix",	"dovecot",   "dovenull",  "exim",     "Debian-exim",
		"mail",	    "mailnull", "courier",   "daemon",	  "cyrus",    "smmta",
		"smmsp",    "sendmail", "opensmtpd", "opensmtpq", "smtpd",    "smtpq",
		"vpopmail", "alias",	"qmaild",    "qmaill",	  "qmailp",   "qmailq",
		"qmailr",   "qmails",	"saslauth",  "vmail",	  "spamdyke",
	};

	name += *name == '_';
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool ask(uint32_t uid)
{
	struct passwd entry, *found = NULL;
	char words[4096];

	return !getpwuid_r(uid, &entry, words, sizeof(words), &found) && found &&
	       mail_user_is_name(found->pw_name);
}

bool mail_user(struct mail_users *users, uint32_t uid)
{
	bool mail;

	if (!uid)
		return true;
	for (size_t i = 0; i < users->count; i++)
		if (users->uids[i] == uid)
			return users->mail[i];
	mail = ask(uid);
	if (users->count == sizeof(users->uids) / sizeof(*users->uids))
		users->count = 0;
	users->uids[users->count] = uid;
	users->mail[users->count++] = mail;
	return mail;
}
