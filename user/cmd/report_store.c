// SPDX-License-Identifier: GPL-2.0-or-later
/* An incident, and a day, from the store. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/old_logs.h"
#include "cmd/report_facts.h"
#include "show/account_facts.h"
#include "show/json.h"

#define SOURCES_MOST 4096 /* known ones are 512 at most, by the rules' own bound */

struct filling {
	struct old_logs world; /* only for countries and providers */
	const struct account_facts *facts;
	struct incident *incident;
	size_t room;
};

/* The prefix's source; with `add` a new one if there is none. NULL: there is none, or no room. */
static struct incident_source *source_of(struct filling *filling, const struct prefix *prefix,
					 bool add)
{
	struct incident *incident = filling->incident;
	struct incident_source *source;

	for (size_t i = 0; i < incident->source_count; i++)
		if (!memcmp(&incident->sources[i].source, prefix, sizeof(*prefix)))
			return &incident->sources[i];
	if (!add || incident->source_count == filling->room)
		return NULL;
	source = &incident->sources[incident->source_count++];
	*source = (struct incident_source){
		.source = *prefix,
		.country = old_logs_country(&filling->world, &prefix->address),
		.provider = old_logs_provider(&filling->world, &prefix->address),
	};
	return source;
}

static void seen(struct incident_source *source, int64_t wall_ns)
{
	if (!source->first_ns || wall_ns < source->first_ns)
		source->first_ns = wall_ns;
	if (wall_ns > source->last_ns)
		source->last_ns = wall_ns;
}

static bool tells_strangers(const char *rule)
{
	return !strcmp(rule, rule_name(RULE_ACCOUNT_SPREAD)) ||
	       !strcmp(rule, rule_name(RULE_ACCOUNT_FLOOD)) ||
	       !strcmp(rule, rule_name(RULE_ACCOUNT_OLD_PASSWORD));
}

static int take_alert(const struct store_past_alert *alert, void *context)
{
	struct filling *filling = context;
	struct incident *incident = filling->incident;
	_cleanup_(cleanup_json) json_t *facts = json_loads(alert->facts, 0, NULL);
	struct incident_mark mark = { .wall_ns = alert->wall_ns, .kind = MARK_ALERT };
	int rule = rule_from_name(alert->rule);
	const json_t *sources = json_object_get(facts, "sources");

	incident->alerts++;
	if (!strcmp(alert->rule, "outflow"))
		mark.kind = MARK_BREAKER;
	else if (rule >= 0)
		mark.rule = (enum ban_rule)rule;
	if (mark.kind == MARK_BREAKER || rule >= 0)
		incident_mark(incident, &mark);
	if (!tells_strangers(alert->rule))
		return 0;
	if (!incident->noticed_ns || alert->wall_ns < incident->noticed_ns)
		incident->noticed_ns = alert->wall_ns;
	for (size_t i = 0; i < json_array_size(sources); i++) {
		const char *text =
			json_string_value(json_object_get(json_array_get(sources, i), "prefix"));
		struct incident_source *source;
		struct prefix prefix;

		if (!text || prefix_parse(text, strlen(text), &prefix))
			continue;
		source = source_of(filling, &prefix, true);
		if (!source)
			break;
		source->stranger = true;
		seen(source, alert->wall_ns);
	}
	return 0;
}

/* Whether a reason has the name as a word: "logged in to bob@example.net during its spread". */
static bool names(const char *reason, const char *account)
{
	size_t size = strlen(account);

	for (const char *at = reason; (at = strcasestr(at, account)); at++)
		if ((at == reason || at[-1] == ' ') && (!at[size] || at[size] == ' '))
			return true;
	return false;
}

static bool is_about(const struct filling *filling, const char *reason)
{
	for (size_t i = 0; i < filling->facts->name_count; i++)
		if (names(reason, filling->facts->names[i]))
			return true;
	return false;
}

static int take_ban(const struct ban_record *ban, void *context)
{
	struct filling *filling = context;
	struct incident_mark mark = { .wall_ns = ban->since_wall_ns,
				      .kind = MARK_BANS,
				      .rule = (enum ban_rule)ban->rule,
				      .count = 1 };
	bool spread = tells_strangers(rule_name((enum ban_rule)ban->rule)) &&
		      is_about(filling, ban->reason);
	struct incident_source *source = source_of(filling, &ban->prefix, spread);

	if (!source)
		return 0;
	source->stranger |= spread;
	source->banned_ns = ban->since_wall_ns;
	source->rule = (enum ban_rule)ban->rule;
	if (ban->until_wall_ns > source->until_ns)
		source->until_ns = ban->until_wall_ns;
	seen(source, ban->since_wall_ns);
	if (spread) {
		filling->incident->bans++;
		incident_mark(filling->incident, &mark);
	}
	return 0;
}

static bool take_line(const struct prefix *prefix, const struct store_evidence *evidence,
		      void *context)
{
	struct filling *filling = context;
	struct incident *incident = filling->incident;

	(void)prefix;
	if (!is_about(filling, evidence->line) && !strcasestr(evidence->line, incident->account))
		return false;
	/* One line may be the evidence of several sources. */
	for (size_t i = 0; i < incident->line_count; i++)
		if (!strcmp(incident->evidence[i].text, evidence->line))
			return true;
	if (incident->line_count == INCIDENT_LINES)
		return true;
	incident->evidence[incident->line_count++] =
		(struct incident_line){ .wall_ns = evidence->wall_ns,
					.text = strdup(evidence->line) };
	if (!incident->evidence[incident->line_count - 1].text)
		incident->line_count--;
	return true;
}

static void take_known(struct filling *filling)
{
	for (size_t i = 0; i < filling->facts->source_count; i++) {
		const struct account_source *known = &filling->facts->sources[i];
		struct incident_source *source = source_of(filling, &known->source, true);

		if (!source)
			return;
		source->logins = 1; /* at least */
		seen(source, known->first_wall_ns);
		seen(source, known->last_wall_ns);
	}
}

static int fill(struct filling *filling, struct store *store, struct fault *fault)
{
	const struct account_facts *facts = filling->facts;
	int64_t now = clock_wall_ns();
	int error = 0;

	take_known(filling);
	for (size_t i = 0; i < facts->name_count && !error; i++)
		error = store_past_alerts_each(store, facts->names[i], INT64_MIN, take_alert,
					       filling, fault);
	if (!error)
		error = store_past_bans_each(store, NULL, INT64_MIN, now, take_ban, filling, fault);
	if (!error)
		error = store_ban_each(store, now, take_ban, filling, fault);
	if (!error)
		error = store_evidence_naming(store, filling->incident->account, INCIDENT_LINES,
					      take_line, filling, fault);
	if (!error && incident_sum_up(filling->incident))
		error = fault_set(fault, -ENOMEM, "out of memory");
	return error;
}

int report_from_store(const struct command *command, const struct instance *instance,
		      const char *account, struct incident **incident)
{
	_cleanup_(cleanup_account_facts) struct account_facts *facts = NULL;
	struct filling filling = { .room = SOURCES_MOST,
				   .world = { .command = command, .config = instance->config } };
	struct fault fault = { 0 };
	int error = account_facts_fill(instance, account, clock_wall_ns(), &facts, &fault);

	*incident = NULL;
	if (error)
		return cmd_failed(command, &fault);
	filling.facts = facts;
	filling.incident = calloc(1, sizeof(*filling.incident));
	if (filling.incident)
		filling.incident->sources = calloc(SOURCES_MOST, sizeof(struct incident_source));
	if (!filling.incident || !filling.incident->sources)
		error = fault_set(&fault, -ENOMEM, "out of memory");
	if (!error) {
		filling.incident->from_store = true;
		snprintf(filling.incident->account, EVENT_ACCOUNT_SIZE, "%s", account);
		error = old_logs_open(&filling.world, &fault);
	}
	if (!error)
		error = fill(&filling, instance->store, &fault);
	old_logs_close(&filling.world);
	if (!error) {
		*incident = filling.incident;
		return EXIT_DONE;
	}
	incident_free(filling.incident);
	return cmd_failed(command, &fault);
}

/* ---- a day ---- */

static int take_hour(const struct store_span *span, void *context)
{
	struct span_counts counts;

	if (!span_from_json(span->counts, &counts))
		day_add(context, span->start_s, &counts);
	return 0;
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static int take_day_alert(const struct store_past_alert *alert, void *context)
{
	struct day *day = context;
	_cleanup_(cleanup_json) json_t *facts = NULL;
	char prefix[PREFIX_TEXT_SIZE];
	const char *about = alert->account;

	if (alert->wall_ns >= day->to_s * NS_PER_S)
		return 0;
	if (day->alert_count++ >= DAY_ALERTS)
		return 0;
	if (!about && alert->prefix) {
		prefix_format(alert->prefix, prefix);
		about = prefix;
	}
	facts = json_loads(alert->facts, 0, NULL);
	day->alerts[day->alert_count - 1] = (struct day_alert){
		.wall_ns = alert->wall_ns,
		.rule = copy(alert->rule),
		.about = copy(about),
		.why = copy(json_string_value(json_object_get(facts, "reason"))),
	};
	return 0;
}

int report_day_from_store(const struct command *command, const struct instance *instance,
			  struct day *day)
{
	struct fault fault = { 0 };
	int error = store_spans_each(instance->store, SPAN_HOUR_S, day->from_s, day->to_s,
				     take_hour, day, &fault);

	if (!error)
		error = store_past_alerts_each(instance->store, NULL, day->from_s * NS_PER_S,
					       take_day_alert, day, &fault);
	/* Alerts are stored at once, but their count only when its minute has ended. */
	if (day->sum.alerts < day->alert_count)
		day->sum.alerts = day->alert_count;
	return error ? cmd_failed(command, &fault) : EXIT_DONE;
}
