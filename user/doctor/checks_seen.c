// SPDX-License-Identifier: GPL-2.0-or-later
/* The checks of what comes in: logs that say too little, and sources that look like this machine.
 * Pure. */
#include <errno.h>
#include <string.h>

#include "doctor/checks.h"
#include "log/follow.h"

#define DAY_NS	     (86400 * NS_PER_S)
#define ENOUGH	     20	 /* a share of fewer than this proves nothing */
#define ENOUGH_LINES 200 /* lines that show that a log is about other things */
#define LAG_BYTES    (10U << 20)

/* ---- everything looks like one local address (story E) ---- */

/* Whether it is at least four of five. */
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
	doctor_add(report, FIND_ONE_LOCAL_SOURCE, "the counters",
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
	doctor_add(report, FIND_ONE_LOCAL_SOURCE, log->name,
		   "%llu of %llu events in %s come from %s, which is no address of the Internet",
		   (unsigned long long)log->top_count, (unsigned long long)log->with_source,
		   log->path, text);
}

/* ---- logs ---- */

static void check_log_text(const struct doctor_facts *facts, const struct doctor_log *log,
			   struct doctor_report *report)
{
	uint64_t failures = log->events[EVENT_FAILURE], events = 0;
	int64_t age = facts->now_wall_ns - log->modified_wall_ns;

	for (enum event_kind kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++)
		events += log->events[kind];
	if (age > DAY_NS)
		doctor_add(report, FIND_LOG_SILENT, log->name,
			   "nothing was written to %s for %lld h", log->path,
			   (long long)(age / (3600 * NS_PER_S)));
	if (log->lines >= ENOUGH_LINES && !events) {
		doctor_add(report, FIND_LOG_UNKNOWN_FORMAT, log->name,
			   "none of the last %llu lines of %s says anything that is understood",
			   (unsigned long long)log->lines, log->path);
		return;
	}
	if (failures >= ENOUGH && log->failures_with_account < failures / 10)
		doctor_add(report, FIND_LOG_NO_ACCOUNTS, log->name,
			   "%llu of the last %llu failed logins in %s name no account",
			   (unsigned long long)(failures - log->failures_with_account),
			   (unsigned long long)failures, log->path);
	if (failures >= ENOUGH && !log->logins)
		doctor_add(report, FIND_LOG_NO_SUCCESSES, log->name,
			   "%llu failed logins and not one that succeeded in %s",
			   (unsigned long long)failures, log->path);
	check_log_source(log, report);
}

static bool check_journal(const struct doctor_facts *facts, const struct doctor_log *log,
			  struct doctor_report *report)
{
	if (log->error && facts->root)
		doctor_add(report, FIND_JOURNAL_UNREADABLE, log->name, "%s: %s", log->path,
			   log->fault);
	else if (!log->error && !log->lines)
		doctor_add(report, FIND_JOURNAL_EMPTY, log->name, "the journal has no entry of %s",
			   log->path + strlen(FOLLOW_JOURNAL));
	return !log->error && log->lines;
}

static void check_log(const struct doctor_facts *facts, const struct doctor_log *log,
		      struct doctor_report *report)
{
	if (log->journal && !check_journal(facts, log, report))
		return;
	if (log->error == -ENOENT || log->error == -ENOTDIR) {
		doctor_add(report, FIND_LOG_MISSING, log->name, "there is no file %s", log->path);
		return;
	}
	if (log->error) {
		/* That doctor does not run as root is a finding of its own. */
		if (facts->root)
			doctor_add(report, FIND_LOG_UNREADABLE, log->name, "cannot read %s: %s",
				   log->path, strerror(-log->error));
		return;
	}
	if (log->offset_s)
		doctor_add(report, FIND_LOG_ZONE, log->name,
			   "the stamps of %s are %+.2f h off this machine's clock", log->path,
			   -(double)log->offset_s / 3600);
	if (facts->daemon_state == DAEMON_RUNNING && !log->followed)
		doctor_add(report, FIND_LOG_NOT_FOLLOWED, log->name,
			   "the daemon does not follow %s", log->path);
	if (log->lag_bytes > LAG_BYTES)
		doctor_add(report, FIND_LOG_BEHIND, log->name, "%llu MiB of %s are not read yet",
			   (unsigned long long)(log->lag_bytes >> 20), log->path);
	check_log_text(facts, log, report);
}

void doctor_check_seen(const struct doctor_facts *facts, struct doctor_report *report)
{
	check_sources(facts, report);
	if (!facts->log_count)
		doctor_add(report, FIND_NO_LOG, "", "no log is configured");
	for (size_t i = 0; i < facts->log_count; i++)
		check_log(facts, &facts->logs[i], report);
}
