// SPDX-License-Identifier: GPL-2.0-or-later
/* See replay_later.h. */
#include "show/replay_later.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/lru_table.h"
#include "show/json.h"
#include "show/visible.h"

#define BANS_MOST     (1U << 20)
#define EXAMPLES_MOST 5 /* of one rule */

struct replay_later_banned {
	enum ban_rule rule;
	int64_t wall_ns;
	bool came; /* it logged in later, and was counted */
};

struct example {
	struct prefix prefix;
	char account[EVENT_ACCOUNT_SIZE];
	int64_t banned_ns, login_ns;
};

struct of_rule {
	uint64_t prefixes;
	struct example examples[EXAMPLES_MOST];
};

struct replay_later {
	const struct config *config;
	struct lru_table *bans; /* struct replay_later_banned, by prefix */
	struct of_rule rules[RULE_COUNT];
};

struct replay_later *replay_later_new(const struct config *config)
{
	struct replay_later *later = calloc(1, sizeof(*later));

	if (!later)
		return NULL;
	later->config = config;
	later->bans = lru_new(sizeof(struct replay_later_banned), BANS_MOST, NULL, NULL);
	if (later->bans)
		return later;
	free(later);
	return NULL;
}

void replay_later_free(struct replay_later *later)
{
	if (later)
		lru_free(later->bans);
	free(later);
}

void replay_later_ban(struct replay_later *later, const struct decision *decision)
{
	struct replay_later_banned *banned;
	bool fresh;

	if (decision->action != ACTION_BAN || decision->rule >= RULE_COUNT)
		return;
	banned = lru_touch(later->bans, &decision->prefix, &fresh);
	if (fresh || banned->came)
		*banned = (struct replay_later_banned){ .rule = decision->rule,
							.wall_ns = decision->wall_ns };
}

static void count_one(struct replay_later *later, const struct event *event,
		      const struct prefix *prefix)
{
	struct replay_later_banned *banned = lru_find(later->bans, prefix);
	struct of_rule *rule;
	struct example *example;

	if (!banned || banned->came || event->wall_ns <= banned->wall_ns)
		return;
	banned->came = true;
	rule = &later->rules[banned->rule];
	if (rule->prefixes++ >= EXAMPLES_MOST)
		return;
	example = &rule->examples[rule->prefixes - 1];
	*example = (struct example){ .prefix = *prefix,
				     .banned_ns = banned->wall_ns,
				     .login_ns = event->wall_ns };
	memcpy(example->account, event->account, sizeof(example->account));
}

void replay_later_event(struct replay_later *later, const struct event *event)
{
	const struct detect_settings *detect = &later->config->detect;
	struct prefix prefix;

	if ((event->kind != EVENT_SUCCESS && event->kind != EVENT_MESSAGE) || !event->has_source ||
	    !event->has_account)
		return;
	prefix = address_source(&event->source, detect->source_length6);
	count_one(later, event, &prefix);
	prefix = address_network(&event->source, detect->network_length4, detect->network_length6);
	count_one(later, event, &prefix);
}

static size_t shown(const struct of_rule *rule)
{
	return rule->prefixes < EXAMPLES_MOST ? (size_t)rule->prefixes : EXAMPLES_MOST;
}

void replay_later_text(const struct replay_later *later, FILE *out)
{
	bool any = false;

	for (unsigned i = 0; i < RULE_COUNT; i++) {
		const struct of_rule *rule = &later->rules[i];

		if (!rule->prefixes)
			continue;
		if (!any)
			fputs("banned, and logged in later (honest, or with a stolen password):\n",
			      out);
		any = true;
		fprintf(out, "  %-16s %llu:", rule_name((enum ban_rule)i),
			(unsigned long long)rule->prefixes);
		for (size_t j = 0; j < shown(rule); j++) {
			char text[PREFIX_TEXT_SIZE];

			prefix_format(&rule->examples[j].prefix, text);
			fprintf(out, "%s %s (", j ? "," : "", text);
			visible_print(out, rule->examples[j].account);
			fputc(')', out);
		}
		fputs(rule->prefixes > EXAMPLES_MOST ? ", ...\n" : "\n", out);
	}
}

static json_t *examples_json(const struct of_rule *rule)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < shown(rule); i++) {
		const struct example *example = &rule->examples[i];
		char text[PREFIX_TEXT_SIZE];

		prefix_format(&example->prefix, text);
		if (!json_add(array, json_pack("{s:s, s:o, s:o, s:o}", "prefix", text, "account",
					       json_text(example->account), "banned",
					       json_time(example->banned_ns), "login",
					       json_time(example->login_ns))))
			break;
	}
	return array;
}

json_t *replay_later_json(const struct replay_later *later)
{
	json_t *array = json_array();

	for (unsigned i = 0; array && i < RULE_COUNT; i++) {
		const struct of_rule *rule = &later->rules[i];

		if (rule->prefixes &&
		    !json_add(array,
			      json_pack("{s:s, s:o, s:o}", "rule", rule_name((enum ban_rule)i),
					"prefixes", json_count(rule->prefixes), "examples",
					examples_json(rule))))
			break;
	}
	return array;
}
