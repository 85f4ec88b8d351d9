// SPDX-License-Identifier: GPL-2.0-or-later
/* Hands events to the rules, and makes bans with their evidence from decisions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "conf/ban_services.h"
#include "daemon/daemon.h"
#include "daemon/ban_queue.h"
#include "daemon/daemon_log.h"
#include "kernel/ban_entry.h"

/* A line older than this is late: its ban counts from the line's own time. */
#define LATE_NS (300 * NS_PER_S)

static void add_ban(struct daemon *daemon, const struct decision *decision,
		    enum ban_services services, int64_t now, int64_t until)
{
	struct store_evidence evidence[DECISION_EVIDENCE_MAX];
	size_t evidence_count = evidence_of(daemon, decision, evidence);
	struct ban_record ban = { .prefix = decision->prefix,
				  .services = services,
				  .since_wall_ns = now,
				  .until_wall_ns = until,
				  .rule = decision->rule };
	char prefix[PREFIX_TEXT_SIZE];
	struct fault fault;
	int error;

	snprintf(ban.reason, sizeof(ban.reason), "%s", decision->reason);
	error = ban_queue_ban(daemon, &ban, evidence, evidence_count, &fault);
	if (!error)
		return;
	prefix_format(&decision->prefix, prefix);
	daemon_fault(daemon, "%s: %s: %s", error == -EINPROGRESS ? "not banned yet" : "not banned",
		     prefix, fault.text);
}

/* Whether the ban still holds: the rules believe so, but somebody may have lifted it. */
static bool in_force(struct daemon *daemon, const struct decision *decision)
{
	const struct prefix *prefix = &decision->prefix;
	struct ban ban;

	return daemon->instance.gate && !gate_ban_get(daemon->instance.gate, prefix, &ban, NULL) &&
	       !(decision->services & ~ban_active(&ban, clock_boot_ns()));
}

/* The services that late lines may still close. An administrator who lifted a ban of the prefix
 * after the lines were written has judged them already. A stamp gives the beginning of its
 * second. */
static enum ban_services not_lifted(struct daemon *daemon, const struct decision *decision)
{
	struct store *store = daemon->instance.store;
	enum ban_services lifted = 0;
	char prefix[PREFIX_TEXT_SIZE];

	if (!daemon->late || !store ||
	    store_ban_lifted_since(store, &decision->prefix, decision->wall_ns + NS_PER_S, &lifted,
				   NULL))
		return decision->services;
	if (decision->services & lifted) {
		prefix_format(&decision->prefix, prefix);
		log_line(false, "not banned from %s: %s: its ban was lifted after these lines",
			 ban_services_word(decision->services & lifted), prefix);
	}
	return decision->services & ~lifted;
}

static void on_decision(const struct decision *decision, void *context)
{
	struct daemon *daemon = context;
	int64_t now = clock_wall_ns(), until = decision->until_wall_ns;
	enum ban_services services;

	if (decision->action == ACTION_ALERT) {
		daemon->decisions++;
		alerting_raise(daemon, decision);
		return;
	}
	if (decision->again && in_force(daemon, decision))
		return;
	services = not_lifted(daemon, decision);
	if (!services)
		return;
	daemon->decisions++;
	if (!decision->again)
		detect_store_note_ban(daemon, decision);
	/* A line that was written just now bans from now, whatever its writer's clock or zone. */
	if (llabs(now - decision->wall_ns) <= LATE_NS)
		until = now + (decision->until_wall_ns - decision->wall_ns);
	/* The ban never lasts longer than its rule says, whatever the stamps are. */
	if (until > now + (decision->until_wall_ns - decision->wall_ns))
		until = now + (decision->until_wall_ns - decision->wall_ns);
	if (until <= now || !unbannable_known(daemon))
		return;
	add_ban(daemon, decision, services, now, until);
}

void rules_say_held(struct daemon *daemon)
{
	/* Lines that are still to be read are older than the clock's time. */
	if (!daemon->progress.behind)
		detect_say_held(daemon->detect, clock_wall_ns(), on_decision, daemon);
}

void rules_remote(struct daemon *daemon, const char *account, const struct detect_remote *seen)
{
	detect_remote(daemon->detect, account, seen, on_decision, daemon);
}

void rules_notice(struct daemon *daemon, const struct decision *alert)
{
	detect_notice(daemon->detect, alert, on_decision, daemon);
}

void rules_event(struct daemon *daemon, struct event *event)
{
	int64_t now = clock_wall_ns();
	uint64_t tag = 0;

	/* An event of the future has not happened: its writer's clock or zone is wrong. */
	if (!event->wall_ns || event->wall_ns > now)
		event->wall_ns = now;
	if (event->kind < EVENT_KIND_COUNT) {
		if (!daemon->recalling) {
			daemon->events[event->kind]++;
			outflow_watch_message(&daemon->outflow, event);
		}
		evidence_describe(daemon, event);
		tag = event->line;
	}
	if (daemon->recalling)
		detect_recall_event(daemon->detect, event, tag);
	else
		detect_event(daemon->detect, event, tag, on_decision, daemon);
}
