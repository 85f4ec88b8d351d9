// SPDX-License-Identifier: GPL-2.0-or-later
/* Doctor on [policy]: whether mail servers ask, and what they do if they get no answer. */
#include <ctype.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/time.h"
#include "doctor/checks.h"

#define FILE_MOST   (1U << 20)
#define UNASKED_S   3600 /* some mail arrives within an hour */
#define ENOUGH_BITS 24
#define REJECT	    "reject_on_fail"

/* ---- the mail servers' own files ---- */

/* Blanks out comments: lines that begin with '#'. */
static char *without_comments(const char *text)
{
	char *copy = strdup(text);
	bool begins = true, comment = false;

	for (char *at = copy; at && *at; at++) {
		if (begins && *at == '#')
			comment = true;
		if (*at == '\n')
			comment = false;
		begins = *at == '\n' || (begins && isblank((unsigned char)*at));
		if (comment)
			*at = ' ';
	}
	return copy;
}

/* Whether mail goes on if there is no answer. NULL: no action is set, and the default is 451. */
static bool passes(const char *action)
{
	if (!action)
		return false;
	action += strcspn(action, "=\n");
	action += strspn(action, "= \t");
	return !strncasecmp(action, "DUNNO", 5) || !strncasecmp(action, "OK", 2);
}

bool doctor_postfix_fails_closed(const char *text)
{
	_cleanup_free_ char *clean = without_comments(text);

	if (!clean || passes(strstr(clean, "smtpd_policy_service_default_action")))
		return false;
	for (const char *at = clean; (at = strstr(at, "check_policy_service")) != NULL;) {
		size_t size;

		at += strlen("check_policy_service");
		at += strspn(at, " \t\r\n");
		size = *at == '{' ? strcspn(at, "}") : strcspn(at, " \t\r\n,");
		if (!memmem(at, size, "sekisho", strlen("sekisho")) &&
		    !memmem(at, size, "10040", strlen("10040")))
			continue; /* another policy server's */
		if (!passes(memmem(at, size, "default_action", strlen("default_action"))))
			return true;
	}
	return false;
}

bool doctor_dovecot_fails_closed(const char *text)
{
	_cleanup_free_ char *clean = without_comments(text);
	const char *at = clean, *last = NULL;

	/* The last setting counts. In 2.4 it may also be `auth_policy { reject_on_fail = yes }`. */
	while (at && (at = strstr(at, REJECT)) != NULL)
		last = at += strlen(REJECT);
	return last && !strncmp(last + strspn(last, " \t="), "yes", 3);
}

static void look_at(const char *path, bool (*fails_closed)(const char *text),
		    struct doctor_facts *facts)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;

	if (!*facts->fails_closed && !file_read(path, FILE_MOST, &text, &size) &&
	    fails_closed(text))
		snprintf(facts->fails_closed, sizeof(facts->fails_closed), "%s", path);
}

void doctor_policy_files(struct doctor_facts *facts)
{
	static const struct {
		const char *pattern;
		bool (*fails_closed)(const char *text);
	} files[] = {
		{ "/etc/postfix/main.cf", doctor_postfix_fails_closed },
		{ "/etc/postfix/master.cf", doctor_postfix_fails_closed },
		{ "/etc/dovecot/*.conf", doctor_dovecot_fails_closed },
		{ "/etc/dovecot/conf.d/*.conf", doctor_dovecot_fails_closed },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		glob_t found;

		if (!glob(files[i].pattern, 0, NULL, &found))
			for (size_t j = 0; j < found.gl_pathc; j++)
				look_at(found.gl_pathv[j], files[i].fails_closed, facts);
		globfree(&found);
	}
}

/* ---- findings ---- */

static void check_listener(const struct doctor_facts *facts, const char *key, const char *name,
			   enum daemon_listener listener, int64_t last_wall_ns,
			   struct doctor_report *report)
{
	if (listener == DAEMON_LISTENER_CLOSED)
		doctor_add(report, FIND_POLICY_CLOSED, key, "[policy] %s cannot be opened", key);
	else if (listener == DAEMON_LISTENER_OPEN && !last_wall_ns &&
		 facts->policy_uptime_s >= UNASKED_S)
		doctor_add(report, FIND_POLICY_UNASKED, key,
			   "%s has asked nothing for %" PRId64 " h", name,
			   facts->policy_uptime_s / 3600);
}

void doctor_check_policy(const struct doctor_facts *facts, struct doctor_report *report)
{
	const struct daemon_policy *policy = &facts->policy;
	const struct policy_counts *counts = &policy->counts;

	if (facts->daemon_state != DAEMON_RUNNING)
		return;
	check_listener(facts, "dovecot", "Dovecot", policy->dovecot, counts->dovecot_wall_ns,
		       report);
	check_listener(facts, "postfix", "Postfix", policy->postfix, counts->postfix_wall_ns,
		       report);
	if (counts->unauthorized)
		doctor_add(report, FIND_POLICY_KEY, "",
			   "%" PRIu64 " requests came without the key, or of another user",
			   counts->unauthorized);
	if (counts->hash_bits && counts->hash_bits < ENOUGH_BITS)
		doctor_add(report, FIND_POLICY_SHORT_HASH, "",
			   "Dovecot cuts the digests of passwords to %u bits", counts->hash_bits);
	if (counts->unnamed)
		doctor_add(report, FIND_POLICY_UNNAMED, "",
			   "Dovecot does not say by which mechanism somebody logs in");
	if (policy->dovecot == DAEMON_LISTENER_OPEN && facts->stood_in_for &&
	    facts->stand_in.unit != STAND_IN_UNKNOWN && facts->stand_in.unit != STAND_IN_READY)
		doctor_add(report, FIND_POLICY_STAND_IN, "sekisho-stand-in.service",
			   "nobody answers Dovecot while sekisho.service is stopped: %s",
			   facts->stand_in.unit == STAND_IN_ABSENT ? "there is no such unit"
			   : facts->stand_in.unit == STAND_IN_MASKED
				   ? "the unit is masked"
				   : "sekisho-policy.socket is not enabled");
	if (*facts->fails_closed &&
	    (policy->dovecot != DAEMON_LISTENER_OFF || policy->postfix != DAEMON_LISTENER_OFF))
		doctor_add(report, FIND_POLICY_FAILS_CLOSED, "", "%s has it so",
			   facts->fails_closed);
}
