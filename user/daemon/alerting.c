// SPDX-License-Identifier: GPL-2.0-or-later
/* Alerts: logged, kept in the store, kept as evidence for the sources that they are about, and
 * handed to the alert program. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/daemon_log.h"

static void on_fault(const char *text, void *context)
{
	daemon_fault(context, "%s", text);
}

static void describe_outflow(const struct outflow_event *event, char *reason, size_t size)
{
	bool enforce = event->mode == GATE_ENFORCE;

	if (!event->begins && event->refused)
		snprintf(reason, size, "%.80s tries no more; %llu attempts were refused",
			 event->subject, (unsigned long long)event->held);
	else if (!event->begins)
		snprintf(reason, size,
			 "%.80s is within its limit again; %llu attempts were over it",
			 event->subject, (unsigned long long)event->held);
	else if (event->refused)
		snprintf(reason, size, "%.80s opens SMTP connections and is none of the users%s",
			 event->subject, enforce ? "; they are refused" : "");
	else
		snprintf(reason, size, "%.80s opens too many SMTP connections%s", event->subject,
			 enforce ? "; they are held back" : "");
}

/* Whether bans of the same decision keep the lines, so that the alert need not. A siege's alert is
 * about sources that are not banned. */
static bool bans_bring_lines(const struct daemon *daemon, const struct decision *decision)
{
	return decision->rule != RULE_ACCOUNT_SIEGE &&
	       daemon->instance.config->detect.rules[decision->rule].action & ACTION_BAN;
}

/* The alert itself, for `sekisho alerts`; its evidence is with the sources. */
static int keep_alert(struct daemon *daemon, const struct alert *alert, struct fault *fault)
{
	const struct decision *decision = alert->decision;
	struct alert brief = *alert;
	char host[HOST_NAME_MAX + 1] = "";
	_cleanup_free_ char *facts = NULL;
	struct store_past_alert past = {
		.wall_ns = decision->wall_ns,
		.rule = alert->rule ? alert->rule : rule_name(decision->rule),
		.account = decision->has_account ? decision->account : NULL,
		.prefix = decision->has_prefix ? &decision->prefix : NULL,
	};

	brief.evidence_count = 0;
	gethostname(host, sizeof(host) - 1);
	facts = alert_json(&brief, host);
	if (!facts)
		return fault_set(fault, -ENOMEM, "out of memory");
	facts[strcspn(facts, "\n")] = '\0';
	past.facts = facts;
	return store_past_alert_put(daemon->instance.store, &past, fault);
}

/* Keeps each line as evidence for its own source, and the summary for each source that the alert
 * names. */
static int store_lines(struct daemon *daemon, const struct decision *decision, const char *summary,
		       struct fault *fault)
{
	struct store *store = daemon->instance.store;
	struct store_evidence line = { decision->wall_ns, summary };
	unsigned lines = bans_bring_lines(daemon, decision) ? 0 : decision->evidence_count;
	int error = 0;

	for (unsigned i = 0; i < lines && !error; i++) {
		const struct remembered *event = evidence_line(daemon, decision->evidence[i]);
		struct store_evidence own;

		if (!event || !event->has_source)
			continue;
		own = (struct store_evidence){ event->wall_ns, event->line };
		error = store_evidence_put(store, &event->source, &own, 1, fault);
	}
	for (unsigned i = 0; i < decision->source_count && i < DECISION_SOURCES_MAX && !error; i++)
		error = store_evidence_put(store, &decision->sources[i].prefix, &line, 1, fault);
	if (decision->has_prefix && !error)
		error = store_evidence_put(store, &decision->prefix, &line, 1, fault);
	return error;
}

/* `summary` NULL: the alert is no evidence against a source. */
static void keep(struct daemon *daemon, const struct alert *alert, const char *summary)
{
	struct fault fault = { 0 };
	int error;

	if (!daemon->instance.store)
		return;
	error = commit_begin(daemon, &fault);
	if (!error && summary)
		error = store_lines(daemon, alert->decision, summary, &fault);
	if (!error)
		error = keep_alert(daemon, alert, &fault);
	if (error)
		daemon_fault(daemon, "an alert was not kept: %s", fault.text);
}

void alerting_raise(struct daemon *daemon, const struct decision *decision)
{
	struct store_evidence evidence[DECISION_EVIDENCE_MAX];
	struct alert alert = { .decision = decision, .evidence = evidence };
	char subject[EVENT_ACCOUNT_SIZE] = "the server", summary[640];

	if (decision->has_account)
		snprintf(subject, sizeof(subject), "%s", decision->account);
	else if (decision->has_prefix)
		prefix_format(&decision->prefix, subject);
	else if (decision->account_count)
		snprintf(subject, sizeof(subject), "%u accounts", decision->account_count);
	snprintf(summary, sizeof(summary), "alert %s: %s: %s", rule_name(decision->rule), subject,
		 decision->reason);
	daemon->alerts_raised++;
	log_line(false, "%s", summary);
	keep(daemon, &alert, summary);
	alert.evidence_count = evidence_of(daemon, decision, evidence);
	alerts_push(daemon->alerts, &alert);
}

/* Alerts of the outflow breaker's trips; the suspects are the evidence. */
static void on_outflow(const struct outflow_event *event, void *context)
{
	struct daemon *daemon = context;
	struct decision decision = { .action = ACTION_ALERT, .wall_ns = event->now_wall_ns };
	struct store_evidence evidence[OUTFLOW_SUSPECTS];
	char lines[OUTFLOW_SUSPECTS][OUTFLOW_SUSPECT_TEXT];
	struct alert alert = {
		.decision = &decision, .rule = "outflow", .evidence = evidence, .outflow = event
	};

	if (event->account) {
		decision.has_account = true;
		snprintf(decision.account, sizeof(decision.account), "%s", event->account);
	}
	describe_outflow(event, decision.reason, sizeof(decision.reason));
	for (; alert.evidence_count < event->suspect_count; alert.evidence_count++) {
		size_t i = alert.evidence_count;

		outflow_suspect_format(&event->suspects[i], lines[i]);
		evidence[i] = (struct store_evidence){ event->now_wall_ns, lines[i] };
	}
	daemon->alerts_raised++;
	keep(daemon, &alert, NULL);
	commit_end(daemon); /* no portion of a log is read that would end it */
	alerts_push(daemon->alerts, &alert);
}

int alerting_open(struct daemon *daemon, struct fault *fault)
{
	int error = alerts_new(daemon->loop, ALERT_TIMEOUT_S, on_fault, daemon, &daemon->alerts);

	if (!error)
		error = alerts_set_program(daemon->alerts, daemon->instance.config->alert_program);
	daemon->outflow.alert = on_outflow;
	daemon->outflow.context = daemon;
	return error ? fault_set(fault, error, "cannot prepare alerts: %s", strerror(-error)) : 0;
}

void alerting_reload(struct daemon *daemon)
{
	if (alerts_set_program(daemon->alerts, daemon->instance.config->alert_program))
		daemon_fault(daemon, "out of memory; the alert program stays what it was");
}
