// SPDX-License-Identifier: GPL-2.0-or-later
/* The checks of what comes in: logs that say too little, and sources that are nobody's. Pure. */
#include <errno.h>
#include <string.h>

#include "doctor/checks.h"
#include "log/follow.h"

#define DAY_NS	     (86400 * NS_PER_S)
#define ENOUGH	     20	 /* below that a share says nothing */
#define ENOUGH_LINES 200 /* of a log that is all about other things */
#define LAG_BYTES    (10U << 20)

/* ---- everything looks like one local address (story E) ---- */

static const struct doctor_kind one_source = {
	DOCTOR_BAD, "one-local-source",
	"A tunnel, proxy, port forward or container hides who connects: limits per source hit "
	"everybody at once, lists and countries mean nothing, and such an address is never banned.",
	"Put the gate where the strangers' addresses are seen: on the machine that forwards, or "
	"let "
	"the forward keep them (no masquerading; PROXY protocol does not help the kernel). See "
	"docs/containers.md."
};

/* Four of five. */
static bool is_most(uint64_t part, uint64_t whole)
{
	return whole >= ENOUGH && part >= whole - whole / 5;
}

static void check_sources(const struct doctor_facts *facts, struct doctor_report *report)
{
	const struct doctor_sources *sources = &facts->sources;
	char text[PREFIX_TEXT_SIZE];

	if (!sources->known || !is_most(sources->local_handshakes, sources->handshakes))
		return;
	prefix_format(&sources->local, text);
	doctor_add(report, &one_source, "the counters",
		   "%llu of %llu connections came from %s, which is no address of the Internet",
		   (unsigned long long)sources->local_handshakes,
		   (unsigned long long)sources->handshakes, text);
}

static void check_log_source(const struct doctor_log *log, struct doctor_report *report)
{
	char text[ADDRESS_TEXT_SIZE];

	if (!is_most(log->top_count, log->with_source))
		return;
	address_format(&log->top, text);
	doctor_add(report, &one_source, log->name,
		   "%llu of %llu events in %s come from %s, which is no address of the Internet",
		   (unsigned long long)log->top_count, (unsigned long long)log->with_source,
		   log->path, text);
}

/* ---- logs ---- */

static const struct doctor_kind no_log = {
	DOCTOR_WARN, "no-log",
	"Connections are counted and lists hold, but no failed login bans anybody.",
	"Add [log NAME] with file = the mail server's log (often /var/log/mail.log)."
};
static const struct doctor_kind log_missing = {
	DOCTOR_BAD, "log-missing", "Failed logins that are logged there ban nobody.",
	"Name the file that the mail server writes to; with the journal alone, let it write a file "
	"(rsyslog, or Postfix' maillog_file)."
};
static const struct doctor_kind log_unreadable = {
	DOCTOR_BAD, "log-unreadable", "Failed logins that are logged there ban nobody.",
	"Let the daemon read it; the unit needs CAP_DAC_READ_SEARCH, which it has by default."
};
static const struct doctor_kind journal_unreadable = {
	DOCTOR_BAD, "journal-unreadable", "Failed logins that are logged there ban nobody.",
	"Let the daemon be in the group systemd-journal (the unit is), and build it with "
	"libsystemd."
};
static const struct doctor_kind journal_empty = {
	DOCTOR_BAD, "journal-empty", "Failed logins that are logged elsewhere ban nobody.",
	"Name the units that the mail server runs as (systemctl list-units; Debian's Postfix is "
	"postfix@-.service), or follow the file that it logs to."
};
static const struct doctor_kind log_silent = {
	DOCTOR_WARN, "log-silent", "The mail server may log elsewhere since an upgrade.",
	"Compare with where the mail server logs now (postconf maillog_file; doveadm log find)."
};
static const struct doctor_kind log_unknown = {
	DOCTOR_BAD, "log-unknown-format", "Nothing in it leads to a ban.",
	"See `sekisho parse FILE` and the formats in sekisho.conf(5); is it the mail log?"
};
static const struct doctor_kind log_no_accounts = {
	DOCTOR_WARN, "log-no-accounts",
	"Sources are banned, but attacks on one account from many addresses are not seen.",
	"Dovecot: auth_verbose = yes. Postfix: 3.6 or newer logs sasl_username; with older ones "
	"follow the log of whoever checks the passwords."
};
static const struct doctor_kind log_no_successes = {
	DOCTOR_WARN, "log-no-successes",
	"Nobody becomes known to his account, so an owner who mistypes is treated as a guesser; a "
	"stolen password is not seen at all.",
	"Follow the log that has the logins too: Dovecot's `Login:` lines, Postfix' "
	"`sasl_username=`."
};
static const struct doctor_kind log_behind = {
	DOCTOR_WARN, "log-behind", "Bans come late.",
	"If it does not catch up within minutes: is the disk slow, or the log written by a loop?"
};
static const struct doctor_kind log_not_followed = {
	DOCTOR_WARN, "log-not-followed", "Failed logins that are logged there ban nobody.",
	"systemctl reload sekisho; `sekisho status` shows what it follows."
};

static void check_log_text(const struct doctor_facts *facts, const struct doctor_log *log,
			   struct doctor_report *report)
{
	uint64_t failures = log->events[EVENT_FAILURE], events = 0;
	int64_t age = facts->now_wall_ns - log->modified_wall_ns;

	for (enum event_kind kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++)
		events += log->events[kind];
	if (age > DAY_NS)
		doctor_add(report, &log_silent, log->name, "nothing was written to %s for %lld h",
			   log->path, (long long)(age / (3600 * NS_PER_S)));
	if (log->lines >= ENOUGH_LINES && !events) {
		doctor_add(report, &log_unknown, log->name,
			   "none of the last %llu lines of %s says anything that is understood",
			   (unsigned long long)log->lines, log->path);
		return;
	}
	if (failures >= ENOUGH && log->failures_with_account < failures / 10)
		doctor_add(report, &log_no_accounts, log->name,
			   "%llu of the last %llu failed logins in %s name no account",
			   (unsigned long long)(failures - log->failures_with_account),
			   (unsigned long long)failures, log->path);
	if (failures >= ENOUGH && !log->logins)
		doctor_add(report, &log_no_successes, log->name,
			   "%llu failed logins and not one that succeeded in %s",
			   (unsigned long long)failures, log->path);
	check_log_source(log, report);
}

static bool check_journal(const struct doctor_facts *facts, const struct doctor_log *log,
			  struct doctor_report *report)
{
	if (log->error && facts->root)
		doctor_add(report, &journal_unreadable, log->name, "%s: %s", log->path, log->fault);
	else if (!log->error && !log->lines)
		doctor_add(report, &journal_empty, log->name, "the journal has no entry of %s",
			   log->path + strlen(FOLLOW_JOURNAL));
	return !log->error && log->lines;
}

static void check_log(const struct doctor_facts *facts, const struct doctor_log *log,
		      struct doctor_report *report)
{
	if (log->journal && !check_journal(facts, log, report))
		return;
	if (log->error == -ENOENT || log->error == -ENOTDIR) {
		doctor_add(report, &log_missing, log->name, "there is no file %s", log->path);
		return;
	}
	if (log->error) {
		/* Not root is said by itself. */
		if (facts->root)
			doctor_add(report, &log_unreadable, log->name, "cannot read %s: %s",
				   log->path, strerror(-log->error));
		return;
	}
	if (facts->daemon_state == DAEMON_RUNNING && !log->followed)
		doctor_add(report, &log_not_followed, log->name, "the daemon does not follow %s",
			   log->path);
	if (log->lag_bytes > LAG_BYTES)
		doctor_add(report, &log_behind, log->name, "%llu MiB of %s are not read yet",
			   (unsigned long long)(log->lag_bytes >> 20), log->path);
	check_log_text(facts, log, report);
}

void doctor_check_seen(const struct doctor_facts *facts, struct doctor_report *report)
{
	check_sources(facts, report);
	if (!facts->log_count)
		doctor_add(report, &no_log, "", "no log is configured");
	for (size_t i = 0; i < facts->log_count; i++)
		check_log(facts, &facts->logs[i], report);
}
