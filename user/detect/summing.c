// SPDX-License-Identifier: GPL-2.0-or-later
/* See summing.h. */
#include "detect/summing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

/* The alerts of one rule. */
struct sum {
	int64_t begin_ns; /* of the hour; 0: no alert was raised yet */
	int64_t due_ns;	  /* when the held alerts are to be raised; 0: none is held */
	int64_t last_ns;
	uint32_t said, held;
	bool summed; /* in this hour */
	char names[100];
	uint64_t evidence[DECISION_EVIDENCE_MAX];
	unsigned evidence_count;
};

struct summing {
	struct lru_table *subjects; /* int64_t: time of the last alert, by subject */
	struct sum sums[RULE_COUNT];
	int64_t next_ns; /* the earliest due_ns, or 0 */
};

struct summing *summing_new(void)
{
	struct summing *summing = calloc(1, sizeof(*summing));

	if (!summing)
		return NULL;
	summing->subjects = lru_new(sizeof(int64_t), SUMMING_MOST, NULL, NULL);
	if (summing->subjects)
		return summing;
	free(summing);
	return NULL;
}

void summing_free(struct summing *summing)
{
	if (!summing)
		return;
	lru_free(summing->subjects);
	free(summing);
}

static bool within(int64_t then_ns, int64_t now_ns, uint64_t span_s)
{
	return then_ns <= now_ns && ((uint64_t)now_ns - (uint64_t)then_ns) / NS_PER_S < span_s;
}

static void append_name(struct sum *sum, const struct decision *decision)
{
	size_t used = strlen(sum->names), room = sizeof(sum->names) - used, lead = used ? 2 : 0,
	       size;
	char text[EVENT_ACCOUNT_SIZE];

	if (decision->has_account)
		memcpy(text, decision->account, sizeof(text));
	else if (decision->has_prefix)
		prefix_format(&decision->prefix, text);
	else
		return;
	size = strlen(text);
	if (size + 8 < room) {
		memcpy(sum->names + used, ", ", lead);
		memcpy(sum->names + used + lead, text, size + 1);
	} else if (used >= 3 && strcmp(sum->names + used - 3, "...") && room > 6) {
		memcpy(sum->names + used, ", ...", 6);
	}
}

static void hold(struct summing *summing, struct sum *sum, const struct decision *decision)
{
	uint64_t wait_s = sum->summed ? SUMMING_WINDOW_S : SUMMING_FIRST_S;

	if (!sum->held++) {
		*sum->names = '\0';
		sum->evidence_count = 0;
		sum->due_ns = time_plus(decision->wall_ns, (uint64_t)wait_s * NS_PER_S);
		if (!summing->next_ns || sum->due_ns < summing->next_ns)
			summing->next_ns = sum->due_ns;
	}
	sum->last_ns = decision->wall_ns;
	append_name(sum, decision);
	if (decision->evidence_count && sum->evidence_count < DECISION_EVIDENCE_MAX)
		sum->evidence[sum->evidence_count++] =
			decision->evidence[decision->evidence_count - 1];
}

bool summing_had(const struct summing *summing, const struct prefix *key, enum ban_rule rule,
		 int64_t now_ns, uint64_t span_s)
{
	struct prefix subject = *key;
	const int64_t *last_ns;

	subject.length |= LRU_KEY_RULE(rule);
	last_ns = lru_find(summing->subjects, &subject);
	return last_ns && within(*last_ns, now_ns, span_s);
}

bool summing_admit(struct summing *summing, const struct prefix *key, uint64_t quiet_s,
		   bool lasting, const struct decision *decision)
{
	struct prefix subject = *key;
	struct sum *sum = &summing->sums[decision->rule];
	int64_t *last_ns, now_ns = decision->wall_ns;
	bool fresh;

	subject.length |= LRU_KEY_RULE(decision->rule);
	last_ns = lru_touch(summing->subjects, &subject, &fresh);
	if (!fresh && within(*last_ns, now_ns, quiet_s)) {
		if (lasting)
			*last_ns = now_ns;
		return false;
	}
	*last_ns = now_ns;
	if (!sum->begin_ns || !within(sum->begin_ns, now_ns, SUMMING_WINDOW_S)) {
		sum->begin_ns = now_ns;
		sum->said = 0;
		sum->summed = sum->held != 0;
	}
	if (sum->said < SUMMING_SINGLE) {
		sum->said++;
		return true;
	}
	hold(summing, sum, decision);
	return false;
}

static void write_sum(struct sum *sum, enum ban_rule rule, struct decision *decision)
{
	memset(decision, 0, sizeof(*decision));
	decision->rule = rule;
	decision->action = ACTION_ALERT;
	decision->wall_ns = sum->last_ns;
	snprintf(decision->reason, sizeof(decision->reason), "%u more alert%s of this rule: %s",
		 sum->held, sum->held == 1 ? "" : "s", sum->names);
	memcpy(decision->evidence, sum->evidence, sizeof(sum->evidence));
	decision->evidence_count = sum->evidence_count;
	sum->held = 0;
	sum->due_ns = 0;
	sum->summed = true;
}

bool summing_due(struct summing *summing, int64_t now_ns, struct decision *decision)
{
	int64_t next_ns = 0;
	bool found = false;

	if (!summing->next_ns || now_ns < summing->next_ns)
		return false;
	for (int rule = 0; rule < RULE_COUNT; rule++) {
		struct sum *sum = &summing->sums[rule];

		if (!found && sum->due_ns && sum->due_ns <= now_ns) {
			write_sum(sum, (enum ban_rule)rule, decision);
			found = true;
		}
		if (sum->due_ns && (!next_ns || sum->due_ns < next_ns))
			next_ns = sum->due_ns;
	}
	summing->next_ns = next_ns;
	return found;
}
