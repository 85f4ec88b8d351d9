// SPDX-License-Identifier: GPL-2.0-or-later
/* What the policy server and the alerts left in the store about an account, as text and JSON. Part
 * of account_facts.h. */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "log/queue_id.h"
#include "show/account_facts.h"
#include "show/json.h"
#include "show/visible.h"
#include "store/policy_rows.h"

#define SHOWN 8 /* queue ids shown in a command; --held shows the others */
#define DAY_S 86400

static void take_held(const struct judge_held *held, void *context)
{
	struct account_facts *facts = context;

	if (facts->held_count < ACCOUNT_HELD_MAX)
		facts->held[facts->held_count++] = *held;
}

struct taking_alerts {
	struct account_facts *facts;
	const struct detect_settings *settings;
	int64_t now_wall_ns;
};

static bool is_recent(const struct taking_alerts *taking, const struct store_past_alert *past)
{
	int rule = rule_from_name(past->rule);
	uint64_t age_s = (uint64_t)(taking->now_wall_ns - past->wall_ns) / NS_PER_S;

	return age_s <= DAY_S || (rule >= 0 && age_s <= taking->settings->rules[rule].window_s);
}

static int take_alert(const struct store_past_alert *past, void *context)
{
	_cleanup_(cleanup_json) json_t *read = json_loads(past->facts, 0, NULL);
	const char *reason = json_string_value(json_object_get(read, "reason"));
	const struct taking_alerts *taking = context;
	struct account_facts *facts = taking->facts;
	struct account_alert *alert = &facts->alerts[facts->alert_count];

	if (facts->alert_count == ACCOUNT_ALERTS_MAX)
		return 1;
	alert->wall_ns = past->wall_ns;
	alert->recent = is_recent(taking, past);
	snprintf(alert->rule, sizeof(alert->rule), "%s", past->rule);
	snprintf(alert->reason, sizeof(alert->reason), "%s", reason ? reason : "");
	facts->alert_count++;
	return 0;
}

static int fill_budget(struct store *store, const char *name, struct account_facts *facts,
		       struct fault *fault)
{
	struct judge_budget budget;
	int error = store_budget_get(store, name, &budget, fault);

	if (!error && budget.wall_ns > facts->budget.wall_ns)
		facts->budget = budget;
	return error == -ENOENT ? 0 : error;
}

int account_policy_fill(const struct instance *instance, int64_t now_wall_ns,
			struct account_facts *facts, struct fault *fault)
{
	struct store *store = instance->store;
	struct taking_alerts taking = { facts, &instance->config->detect, now_wall_ns };
	struct judge_settings settings;
	int error = 0;

	for (size_t i = 0; i < facts->name_count && !error; i++) {
		error = fill_budget(store, facts->names[i], facts, fault);
		if (!error)
			error = store_held_each(store, facts->names[i], ACCOUNT_HELD_MAX, take_held,
						facts, fault);
		if (!error)
			error = store_past_alerts_each(store, facts->names[i], 0, take_alert,
						       &taking, fault);
	}
	if (error || !facts->budget.wall_ns)
		return error;
	judge_defaults(&settings);
	settings.recipients = instance->config->policy.recipients;
	settings.recipients_day = instance->config->policy.recipients_day;
	judge_left(&settings, &facts->budget, now_wall_ns, facts->left, facts->full);
	return 0;
}

/* ---- text ---- */

/* Commands for held mails: `release` and `remove` begin one, and `option` precedes each id. The
 * other two read ids from standard input. */
static const struct held_words {
	const char *look, *release, *release_option, *remove, *remove_option;
	const char *release_many, *remove_many;
} postfix_words = { "postcat -q", "postsuper",	    " -H",	     "postsuper",
		    " -d",	  "postsuper -H -", "postsuper -d -" },
  exim_words = { "exim -Mvc", "exim -M", "", "exim -Mrm", "", "xargs exim -M", "xargs exim -Mrm" };

/* The commands by the form of the queue id; NULL: it does not get into a command. */
static const struct held_words *words_of(const char *queue)
{
	switch (queue_id_daemon(queue)) {
	case EVENT_DAEMON_POSTFIX:
		return &postfix_words;
	case EVENT_DAEMON_EXIM:
		return &exim_words;
	default:
		return NULL;
	}
}

void account_facts_queue(FILE *out, const struct account_facts *facts)
{
	for (size_t i = 0; i < facts->held_count; i++)
		if (words_of(facts->held[i].queue))
			fprintf(out, "%s\n", facts->held[i].queue);
}

static void print_command(FILE *out, const struct account_facts *facts,
			  const struct held_words *words, const char *command, const char *option,
			  const char *many)
{
	/* Whoever logs in has chosen the name: without a safe one, all ids are shown. */
	if (facts->held_count > SHOWN && visible_is_word(facts->names[0])) {
		fprintf(out, "sekisho account --held '%s' | %s\n", facts->names[0], many);
		return;
	}
	fputs(command, out);
	for (size_t i = 0; i < facts->held_count; i++)
		if (words_of(facts->held[i].queue) == words)
			fprintf(out, "%s %s", option, facts->held[i].queue);
	fputc('\n', out);
}

/* Prints commands for the mail server that held the first mail whose id is known. A machine with
 * two mail servers is not covered. */
static void print_commands(FILE *out, const struct account_facts *facts)
{
	const struct held_words *words = NULL;

	for (size_t i = 0; i < facts->held_count && !words; i++)
		words = words_of(facts->held[i].queue);
	if (!words)
		return;
	fprintf(out, "look       %s ID\nrelease    ", words->look);
	print_command(out, facts, words, words->release, words->release_option,
		      words->release_many);
	fputs("delete     ", out);
	print_command(out, facts, words, words->remove, words->remove_option, words->remove_many);
}

static void print_time(FILE *out, int64_t wall_ns)
{
	char text[TIME_TEXT_SIZE];

	time_show(wall_ns / NS_PER_S * NS_PER_S, text);
	fputs(text, out);
}

static void print_held(FILE *out, const struct account_facts *facts)
{
	unsigned long long recipients = 0;

	if (!facts->held_count)
		return;
	for (size_t i = 0; i < facts->held_count; i++)
		recipients += facts->held[i].recipients;
	fprintf(out, "held       %zu message%s to %llu recipients were put on hold, the last one ",
		facts->held_count, facts->held_count == 1 ? "" : "s", recipients);
	print_time(out, facts->held[0].wall_ns);
	fputc('\n', out);
	print_commands(out, facts);
}

void account_policy_text(FILE *out, const struct account_facts *facts)
{
	const struct judge_budget *budget = &facts->budget;

	if (budget->wall_ns) {
		fprintf(out,
			"budget     recipients left: %u of %u for unknown sources, %u of %u for "
			"new "
			"ones, %u of %u in a shared place\n",
			facts->left[JUDGE_PURSE_UNKNOWN], facts->full[JUDGE_PURSE_UNKNOWN],
			facts->left[JUDGE_PURSE_NEW], facts->full[JUDGE_PURSE_NEW],
			facts->left[JUDGE_PURSE_SHARED], facts->full[JUDGE_PURSE_SHARED]);
		fprintf(out,
			"today      %u recipients, %u of them not met lately, %u not accepted; %u "
			"times over the budget\n",
			budget->recipients, budget->first_time, budget->refused, budget->over);
	}
	print_held(out, facts);
	for (size_t i = 0; i < facts->alert_count; i++) {
		fputs(i ? "           " : "alerts     ", out);
		print_time(out, facts->alerts[i].wall_ns);
		fprintf(out, " %s: ", facts->alerts[i].rule);
		visible_print(out, facts->alerts[i].reason);
		fputc('\n', out);
	}
}

/* ---- JSON ---- */

static json_t *json_purse(const struct account_facts *facts, enum judge_purse purse)
{
	return json_pack("{s:o, s:o}", "left", json_count(facts->left[purse]), "full",
			 json_count(facts->full[purse]));
}

static json_t *json_budget(const struct account_facts *facts)
{
	const struct judge_budget *budget = &facts->budget;

	if (!budget->wall_ns)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "unknown",
			 json_purse(facts, JUDGE_PURSE_UNKNOWN), "new",
			 json_purse(facts, JUDGE_PURSE_NEW), "shared",
			 json_purse(facts, JUDGE_PURSE_SHARED), "recipients",
			 json_count(budget->recipients), "first_time",
			 json_count(budget->first_time), "refused", json_count(budget->refused),
			 "over", json_count(budget->over));
}

static json_t *json_held(const struct account_facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < facts->held_count; i++) {
		const struct judge_held *held = &facts->held[i];

		if (!json_add(array,
			      json_pack("{s:o, s:o, s:o, s:o}", "time", json_time(held->wall_ns),
					"queue", json_text(held->queue), "recipients",
					json_count(held->recipients), "size",
					json_count(held->size))))
			break;
	}
	return array;
}

static json_t *json_alerts(const struct account_facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < facts->alert_count; i++) {
		const struct account_alert *alert = &facts->alerts[i];

		if (!json_add(array, json_pack("{s:o, s:o, s:o}", "time", json_time(alert->wall_ns),
					       "rule", json_text(alert->rule), "reason",
					       json_text(alert->reason))))
			break;
	}
	return array;
}

json_t *account_policy_json(json_t *object, const struct account_facts *facts)
{
	if (!object)
		return NULL;
	if (!json_object_set_new(object, "budget", json_budget(facts)) &&
	    !json_object_set_new(object, "held", json_held(facts)) &&
	    !json_object_set_new(object, "alerts", json_alerts(facts)))
		return object;
	json_decref(object);
	return NULL;
}
