// SPDX-License-Identifier: GPL-2.0-or-later
/* What mail servers get as an answer: the gate's judgement of the source that they report, and the
 * judgement of the account. Reports become events. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "daemon/policy_server.h"
#include "daemon/commit.h"
#include "log/joining.h"
#include "policy/judge.h"
#include "show/gate_verdict.h"

#define TEXT_SIZE   512
#define WAITED_MOST 32

/* ---- the source ---- */

/* The id of the service by its name. A login whose port is not told is taken as submission. */
static unsigned service_id(const struct policy_server *server, enum event_service service)
{
	const struct config *config = server->daemon->instance.config;
	const char *name = event_service_name(service ? service : EVENT_SERVICE_SUBMISSION);

	for (size_t i = 0; i < config->service_count; i++)
		if (!strcmp(config->services[i].name, name))
			return (unsigned)i + 1;
	return 0;
}

/* What the gate would do with a connection from the source: as `why` tells it, without the
 * limits. */
static struct verdict judge_source(struct policy_server *server, const struct address *source,
				   unsigned service)
{
	struct daemon *daemon = server->daemon;
	struct gate *gate = daemon->instance.gate;
	enum ban_services group = verdict_group(&server->policy, service);
	struct lookup lookup = { .country = COUNTRY_ZZ };

	if (!gate || !service)
		return (struct verdict){ 0 };
	if (!gate_table_view_renew(gate, &daemon->table, NULL))
		lookup = gate_table_look(&daemon->table, source, service);
	return verdict_decide(&server->policy, service, &lookup,
			      gate_ban_closes(gate, source, clock_boot_ns()) & group);
}

static bool is_monitor(const struct policy_server *server)
{
	return server->daemon->instance.config->mode != GATE_ENFORCE;
}

/* ---- what becomes an event ---- */

static void feed(struct daemon *daemon, struct line_event *line, const char *text)
{
	int64_t now = line->event.wall_ns;
	struct event event;

	line->evidence = EVIDENCE_REPORT;
	line->account = line_event_account(&line->event);
	if (evidence_join(daemon, line, text, strlen(text), &event)) {
		*event.queue = '\0'; /* its recipients are known: no log line is to add them */
		rules_event(daemon, &event);
	}
	/* Hands over what waited for this report, but only as many other events as the answer can
	 * wait for: the next line, report or second brings the rest. */
	for (unsigned i = 0; i < WAITED_MOST && joining_next(daemon->joining, now, &event); i++)
		rules_event(daemon, &event);
	commit_end(daemon);
}

/* ---- logins ---- */

bool policy_answer_login(struct policy_server *server, const struct policy_login *login)
{
	struct daemon *daemon = server->daemon;
	struct policy_counts *counts = &daemon->policy_counts;
	struct judge_login answer = { 0 };
	bool would = login->has_source &&
		     judge_source(server, &login->source, service_id(server, login->service)).drop;

	counts->questions++;
	joining_asked(daemon->joining, login->wall_ns);
	if (daemon->judge && !would)
		judge_login(daemon->judge, login, &answer);
	would |= answer.would;
	if (!would)
		return false;
	if (is_monitor(server)) {
		counts->would_refuse++;
		return false;
	}
	counts->refused++;
	return true;
}

void policy_answer_report(struct policy_server *server, const struct policy_login *login)
{
	struct line_event line = { 0 };
	struct judge_report report;

	server->daemon->policy_counts.reports++;
	if (!server->daemon->judge)
		return;
	judge_report(server->daemon->judge, login, &report);
	/* A failure of the mail server itself tells nothing about a password. */
	if (!report.event.kind)
		return;
	line.event = report.event;
	line.uncounted = !report.counts;
	if (*login->session)
		line.session = span_hash(span_of(login->session)) | 1;
	feed(server->daemon, &line, report.text);
}

/* ---- mail ---- */

static bool refuse_source(struct policy_server *server, const struct policy_mail *mail,
			  uint16_t server_port, char action[POLICY_ACTION_SIZE])
{
	struct policy_counts *counts = &server->daemon->policy_counts;
	unsigned service = server->policy.port_service[server_port] % SERVICE_MAX;
	struct verdict verdict;

	if (!service)
		service = service_id(server, mail->has_account ? EVENT_SERVICE_SUBMISSION
							       : EVENT_SERVICE_SMTP);
	verdict = judge_source(server, &mail->source, service);
	if (!verdict.drop)
		return false;
	if (is_monitor(server)) {
		counts->would_refuse++;
		return false;
	}
	counts->refused++;
	/* A ban ends: an honest server sends its mail again. */
	snprintf(action, POLICY_ACTION_SIZE, "%s",
		 verdict.reason == REASON_BANNED
			 ? "DEFER_IF_PERMIT 4.7.1 Your address is refused for a while"
			 : "REJECT 5.7.1 Your address is refused");
	return true;
}

static void say_verdict(struct policy_server *server, const struct judge_mail *answer,
			char action[POLICY_ACTION_SIZE])
{
	struct policy_counts *counts = &server->daemon->policy_counts;
	static const char *const actions[] = {
		[JUDGE_PASS] = "DUNNO",
		[JUDGE_HOLD] = "HOLD",
		[JUDGE_DEFER] = "DEFER_IF_PERMIT 4.7.1",
		[JUDGE_REJECT] = "REJECT 5.7.1",
	};

	counts->would_refuse += answer->would != answer->verdict;
	snprintf(action, POLICY_ACTION_SIZE, "%s%s%.200s", actions[answer->verdict],
		 answer->verdict != JUDGE_PASS && *answer->text ? " " : "",
		 answer->verdict != JUDGE_PASS ? answer->text : "");
}

void policy_answer_mail(struct policy_server *server, const struct policy_mail *mail,
			uint16_t server_port, char action[POLICY_ACTION_SIZE])
{
	struct daemon *daemon = server->daemon;
	struct judge_mail answer;
	struct line_event line = { 0 };
	char text[TEXT_SIZE];

	daemon->policy_counts.mails++;
	snprintf(action, POLICY_ACTION_SIZE, "DUNNO");
	if ((mail->has_source && mail->stage == POLICY_STAGE_RCPT &&
	     refuse_source(server, mail, server_port, action)) ||
	    !daemon->judge)
		return;
	judge_mail(daemon->judge, mail, &answer);
	say_verdict(server, &answer, action);
	if (answer.told)
		rules_notice(daemon, &answer.alert);
	if (!answer.has_event)
		return;
	snprintf(text, sizeof(text), "reported by the mail server: message %s of <%s> to %" PRIu32,
		 *mail->queue ? mail->queue : "-", mail->account, mail->recipients);
	line.event = answer.event;
	feed(daemon, &line, text);
}
