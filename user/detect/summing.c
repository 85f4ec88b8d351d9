// SPDX-License-Identifier: GPL-2.0-or-later
/* See summing.h. */
#include "detect/summing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

#define PREFIXES 4 /* more do not fit into a reason */

/* The alerts of one rule. */
struct sum {
	int64_t begin_ns; /* of the hour; 0: no alert was raised yet */
	int64_t due_ns;	  /* when the held alerts are to be raised; 0: none is held */
	int64_t last_ns;
	uint32_t said, held;
	uint32_t number; /* of the next sum, from 1 on */
	bool summed;	 /* in this hour */
	/* Of those that are held, or were in the last sum. */
	char **accounts;
	size_t account_count, prefix_count; /* prefix_count may be larger than PREFIXES */
	struct prefix prefixes[PREFIXES];
	uint64_t evidence[DECISION_EVIDENCE_MAX];
	unsigned evidence_count;
};

struct summing_subject {
	int64_t last_ns; /* of its last alert */
	uint32_t sum;	 /* the number of the sum for which that was held; 0: it was raised */
};

struct summing {
	struct lru_table *subjects; /* struct summing_subject */
	struct sum sums[RULE_COUNT];
	int64_t next_ns; /* the earliest due_ns, or 0 */
};

static void forget_held(struct sum *sum)
{
	for (size_t i = 0; i < sum->account_count; i++)
		free(sum->accounts[i]);
	free(sum->accounts);
	sum->accounts = NULL;
	sum->account_count = sum->prefix_count = 0;
	sum->evidence_count = 0;
}

struct summing *summing_new(void)
{
	struct summing *summing = calloc(1, sizeof(*summing));

	if (!summing)
		return NULL;
	summing->subjects = lru_new(sizeof(struct summing_subject), SUMMING_MOST, NULL, NULL);
	for (int rule = 0; rule < RULE_COUNT; rule++)
		summing->sums[rule].number = 1;
	if (summing->subjects)
		return summing;
	free(summing);
	return NULL;
}

void summing_free(struct summing *summing)
{
	if (!summing)
		return;
	for (int rule = 0; rule < RULE_COUNT; rule++)
		forget_held(&summing->sums[rule]);
	lru_free(summing->subjects);
	free(summing);
}

static bool within(int64_t then_ns, int64_t now_ns, uint64_t span_s)
{
	return then_ns <= now_ns && ((uint64_t)now_ns - (uint64_t)then_ns) / NS_PER_S < span_s;
}

/* The place of an account among those that are held; their number: it is not there. */
static size_t find_account(const struct sum *sum, const char *account)
{
	size_t at = 0;

	while (at < sum->account_count && strcmp(sum->accounts[at], account) != 0)
		at++;
	return at;
}

static void add_subject(struct sum *sum, const struct decision *decision)
{
	char **grown;

	if (!decision->has_account) {
		if (decision->has_prefix && sum->prefix_count++ < PREFIXES)
			sum->prefixes[sum->prefix_count - 1] = decision->prefix;
		return;
	}
	if (find_account(sum, decision->account) < sum->account_count)
		return;
	grown = reallocarray(sum->accounts, sum->account_count + 1, sizeof(*grown));
	if (!grown)
		return;
	sum->accounts = grown;
	grown[sum->account_count] = strdup(decision->account);
	if (grown[sum->account_count])
		sum->account_count++;
}

static void set_due(struct summing *summing, struct sum *sum, const struct decision *decision)
{
	uint64_t wait_s = sum->summed ? SUMMING_WINDOW_S : SUMMING_FIRST_S;
	int64_t due_ns;

	if (decision->at_once)
		wait_s = SUMMING_AT_ONCE_S;
	if (sum->account_count >= SUMMING_ACCOUNTS)
		wait_s = 0;
	due_ns = time_plus(decision->wall_ns, wait_s * NS_PER_S);
	if (!sum->due_ns || due_ns < sum->due_ns)
		sum->due_ns = due_ns;
	if (!summing->next_ns || sum->due_ns < summing->next_ns)
		summing->next_ns = sum->due_ns;
}

static void hold(struct sum *sum, const struct decision *decision)
{
	if (!sum->held++)
		forget_held(sum);
	sum->last_ns = decision->wall_ns;
	add_subject(sum, decision);
	if (decision->evidence_count && sum->evidence_count < DECISION_EVIDENCE_MAX)
		sum->evidence[sum->evidence_count++] =
			decision->evidence[decision->evidence_count - 1];
}

bool summing_had(const struct summing *summing, const struct prefix *key, enum ban_rule rule,
		 int64_t now_ns, uint64_t span_s)
{
	const struct summing_subject *subject;
	struct prefix name = *key;

	name.length |= LRU_KEY_RULE(rule);
	subject = lru_find(summing->subjects, &name);
	return subject && within(subject->last_ns, now_ns, span_s);
}

/* What is held about an account is not said in the sum any more. */
static void let_go(struct sum *sum, const struct decision *decision)
{
	size_t at = find_account(sum, decision->account);

	if (at < sum->account_count) {
		free(sum->accounts[at]);
		sum->account_count--;
		memmove(sum->accounts + at, sum->accounts + at + 1,
			(sum->account_count - at) * sizeof(*sum->accounts));
	}
	if (!--sum->held)
		sum->due_ns = 0;
}

bool summing_admit(struct summing *summing, const struct prefix *key, uint64_t quiet_s,
		   bool lasting, const struct decision *decision)
{
	uint32_t singly = decision->at_once ? SUMMING_AT_ONCE : SUMMING_SINGLE;
	struct sum *sum = &summing->sums[decision->rule];
	int64_t now_ns = decision->wall_ns;
	struct prefix name = *key;
	struct summing_subject *subject;
	bool fresh, held;

	name.length |= LRU_KEY_RULE(decision->rule);
	subject = lru_touch(summing->subjects, &name, &fresh);
	held = !fresh && sum->held && subject->sum == sum->number;
	if (!fresh && within(subject->last_ns, now_ns, quiet_s)) {
		if (lasting)
			subject->last_ns = now_ns;
		if (!held || !decision->at_once)
			return false;
	}
	subject->last_ns = now_ns;
	if (!sum->begin_ns || !within(sum->begin_ns, now_ns, SUMMING_WINDOW_S)) {
		sum->begin_ns = now_ns;
		sum->said = 0;
		sum->summed = sum->held != 0;
	}
	if (sum->said < singly) {
		sum->said++;
		if (held)
			let_go(sum, decision);
		subject->sum = 0;
		return true;
	}
	if (!held)
		hold(sum, decision);
	subject->sum = sum->number;
	set_due(summing, sum, decision);
	return false;
}

/* Appends a name if it and the end fit. */
static bool append_name(char *names, size_t size, const char *name)
{
	size_t used = strlen(names);

	if (used + strlen(name) + 8 >= size)
		return false;
	snprintf(names + used, size - used, "%s%s", used ? ", " : "", name);
	return true;
}

static void list_names(const struct sum *sum, char *names, size_t size)
{
	size_t named = 0, prefixes = sum->prefix_count < PREFIXES ? sum->prefix_count : PREFIXES;
	char text[PREFIX_TEXT_SIZE];

	*names = '\0';
	for (size_t i = 0; i < sum->account_count; i++)
		named += append_name(names, size, sum->accounts[i]);
	for (size_t i = 0; i < prefixes; i++) {
		prefix_format(&sum->prefixes[i], text);
		named += append_name(names, size, text);
	}
	if (named && named < sum->account_count + sum->prefix_count)
		strcat(names, ", ...");
}

static void write_sum(struct sum *sum, enum ban_rule rule, struct decision *decision)
{
	char names[100];

	memset(decision, 0, sizeof(*decision));
	decision->rule = rule;
	decision->action = ACTION_ALERT;
	decision->wall_ns = sum->last_ns;
	list_names(sum, names, sizeof(names));
	snprintf(decision->reason, sizeof(decision->reason), "%u more alert%s of this rule: %s",
		 sum->held, sum->held == 1 ? "" : "s", names);
	decision->accounts = (const char *const *)sum->accounts;
	decision->account_count = (unsigned)sum->account_count;
	memcpy(decision->evidence, sum->evidence, sizeof(sum->evidence));
	decision->evidence_count = sum->evidence_count;
	sum->held = 0;
	sum->due_ns = 0;
	sum->number++;
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
