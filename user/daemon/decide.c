// SPDX-License-Identifier: GPL-2.0-or-later
/* Events into the rules, decisions into bans with their evidence. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/say.h"

/* An older line is one of the past, read late: its ban counts from its own time. */
#define LATE_NS (300 * NS_PER_S)
/* Own addresses and login sessions change seldom; a wave of bans need not ask each time. */
#define PROTECTED_AGE_NS (5 * NS_PER_S)

static uint64_t remember(struct daemon *daemon, int64_t wall_ns, const char *line, size_t size)
{
	uint64_t tag = daemon->next_tag++;
	size_t slot = tag % EVIDENCE_RING;
	char text[LOG_LINE_MAX + 1];

	log_line_clean(line, size, text);
	free(daemon->evidence[slot]);
	daemon->evidence[slot] = strndup(text, EVIDENCE_TEXT);
	daemon->evidence_wall_ns[slot] = wall_ns;
	return tag;
}

static size_t collect(const struct daemon *daemon, const struct decision *decision,
		      struct store_evidence *evidence)
{
	size_t count = 0;

	for (unsigned i = 0; i < decision->evidence_count; i++) {
		uint64_t tag = decision->evidence[i];
		size_t slot = tag % EVIDENCE_RING;

		if (daemon->next_tag - tag > EVIDENCE_RING || !daemon->evidence[slot])
			continue;
		evidence[count].wall_ns = daemon->evidence_wall_ns[slot];
		evidence[count++].line = daemon->evidence[slot];
	}
	return count;
}

static bool refresh_protected(struct daemon *daemon)
{
	uint64_t now = clock_boot_ns();
	struct protected_set fresh = { 0 };
	struct fault fault = { 0 };

	if (daemon->protected_boot_ns && now - daemon->protected_boot_ns < PROTECTED_AGE_NS)
		return true;
	if (protected_load(daemon->instance.config, &fresh, &fault)) {
		daemon_fault(daemon, "cannot tell who must not be banned: %s", fault.text);
		return daemon->protected_boot_ns != 0; /* the last known set serves */
	}
	protected_free(&daemon->protected);
	daemon->protected = fresh;
	daemon->protected_boot_ns = now;
	return true;
}

static void add_ban(struct daemon *daemon, const struct decision *decision, int64_t now,
		    int64_t until)
{
	struct store_evidence evidence[DECISION_EVIDENCE_MAX];
	struct ban_request request = {
		.prefix = decision->prefix,
		.now_wall_ns = now,
		.until_wall_ns = until,
		.rule = decision->rule,
		.reason = decision->reason,
		.evidence = evidence,
		.evidence_count = collect(daemon, decision, evidence),
	};
	char prefix[PREFIX_TEXT_SIZE], end[TIME_TEXT_SIZE];
	struct fault fault = { 0 };
	size_t closed = 0;
	int err;

	prefix_format(&decision->prefix, prefix);
	time_format(until / NS_PER_S * NS_PER_S, end);
	err = instance_lock(&daemon->instance, &fault);
	if (!err) {
		err = bans_add(&daemon->instance, &daemon->protected, &request, &closed, &fault);
		instance_unlock(&daemon->instance);
	}
	if (err) {
		daemon_fault(daemon, "not banned: %s: %s", prefix, fault.text);
		return;
	}
	daemon->bans++;
	say(false, "banned %s until %s: %s: %s; %zu open connections closed", prefix, end,
	    rule_name(decision->rule), decision->reason, closed);
	if (*fault.text)
		daemon_fault(daemon, "banned %s, but: %s", prefix, fault.text);
}

static void on_decision(const struct decision *decision, void *context)
{
	struct daemon *daemon = context;
	int64_t now = clock_wall_ns(), until = decision->until_wall_ns;

	daemon->decisions++;
	if (!(decision->action & ACTION_BAN) || !decision->has_prefix)
		return;
	/* A line written now bans from now, whatever clock or zone its writer had. */
	if (llabs(now - decision->wall_ns) <= LATE_NS)
		until = now + (decision->until_wall_ns - decision->wall_ns);
	if (until <= now || !refresh_protected(daemon))
		return;
	add_ban(daemon, decision, now, until);
}

void decide_event(struct daemon *daemon, struct event *event, const char *line, size_t size)
{
	uint64_t tag;

	if (!event->wall_ns)
		event->wall_ns = clock_wall_ns();
	daemon->events[event->kind]++;
	outflow_watch_message(&daemon->outflow, event);
	tag = remember(daemon, event->wall_ns, line, size);
	detect_event(daemon->detect, event, tag, on_decision, daemon);
}
