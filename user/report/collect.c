// SPDX-License-Identifier: GPL-2.0-or-later
/* Collects events and decisions into an incident. Not here: its sums and its order (incident.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/lru_table.h"
#include "report/incident.h"
#include "report/letters.h"

#define SOURCES_MOST (1U << 20)

struct banned {
	int64_t wall_ns, until_ns;
	enum ban_rule rule;
};

/* A source, and an account other than the incident's. */
struct collect_pair {
	struct prefix source;
	char *account;
	uint64_t events;
};

struct collection {
	struct incident *incident;
	struct incident_world world;
	struct lru_seed seed;
	struct lru_table *sources; /* struct incident_source without `source`, which is the key */
	struct lru_table *bans; /* struct banned: bans about the account, and strangers of alerts */
	struct lru_table *pairs;
	struct lru_table *others; /* struct incident_other; only at the end */
	struct lru_table *usual;  /* providers of sources that are no strangers; only at the end */
	int64_t spread_ns;	  /* when strangers were first reported; 0: never */
	struct letters *letters;
};

static void pair_leaves(void *value, bool full, void *context)
{
	struct collect_pair *pair = value;
	struct collection *collection = context;

	free(pair->account);
	if (full && collection->incident)
		collection->incident->others_cut = true;
}

struct collection *collect_new(const char *account, const struct incident_world *world)
{
	struct collection *collection = calloc(1, sizeof(*collection));

	if (!collection)
		return NULL;
	collection->world = *world;
	collection->seed = lru_seed_new();
	collection->incident = calloc(1, sizeof(*collection->incident));
	collection->sources = lru_new(sizeof(struct incident_source), SOURCES_MOST, NULL, NULL);
	collection->bans = lru_new(sizeof(struct banned), SOURCES_MOST, NULL, NULL);
	collection->letters = letters_new();
	collection->pairs =
		lru_new(sizeof(struct collect_pair), INCIDENT_PAIRS, pair_leaves, collection);
	collection->others = lru_new(sizeof(struct incident_other), INCIDENT_PAIRS, NULL, NULL);
	collection->usual = lru_new(sizeof(char), SOURCES_MOST, NULL, NULL);
	if (collection->incident && collection->sources && collection->bans &&
	    collection->letters && collection->pairs && collection->others && collection->usual) {
		strncpy(collection->incident->account, account, EVENT_ACCOUNT_SIZE - 1);
		return collection;
	}
	collect_free(collection);
	return NULL;
}

void collect_free(struct collection *collection)
{
	if (!collection)
		return;
	lru_free(collection->sources);
	lru_free(collection->bans);
	letters_free(collection->letters);
	lru_free(collection->others);
	lru_free(collection->usual);
	if (collection->pairs)
		lru_free(collection->pairs);
	incident_free(collection->incident);
	free(collection);
}

/* ---- events ---- */

static void note_pair(struct collection *collection, const struct event *event,
		      const struct prefix *source)
{
	char text[PREFIX_TEXT_SIZE], name[EVENT_ACCOUNT_SIZE + PREFIX_TEXT_SIZE];
	struct prefix key;
	struct collect_pair *pair;
	bool fresh;
	size_t size;

	prefix_format(source, text);
	size = strlen(event->account);
	memcpy(name, event->account, size);
	name[size] = ' ';
	memcpy(name + size + 1, text, strlen(text) + 1);
	key = lru_name_key(&collection->seed, name);
	pair = lru_touch(collection->pairs, &key, &fresh);
	if (fresh) {
		pair->source = *source;
		pair->account = strdup(event->account);
	}
	pair->events += event->count ? event->count : 1;
}

static void count_event(struct collection *collection, const struct event *event,
			struct incident_source *source, bool out)
{
	struct incident *incident = collection->incident;
	unsigned count = event->count ? event->count : 1;

	if (event->kind == EVENT_MESSAGE) {
		incident_count(incident, event->wall_ns, count, out);
		if (!incident->alerts)
			incident->messages_before += count;
		*(out ? &incident->messages_kept_out : &incident->messages_passed) += count;
		if (source)
			*(out ? &source->kept_out : &source->messages) += count;
	} else if (out) {
		return;
	} else if (event->kind == EVENT_SUCCESS) {
		incident->logins += count;
		if (source)
			source->logins += count;
	} else if (event->kind == EVENT_FAILURE) {
		incident->failures += count;
		if (source)
			source->failures += count;
	}
}

void collect_event(struct collection *collection, const struct event *event, bool out)
{
	struct incident *incident = collection->incident;
	struct incident_source *source = NULL;
	struct prefix key;
	bool fresh;

	if (event->wall_ns) {
		if (!incident->first_ns || event->wall_ns < incident->first_ns)
			incident->first_ns = event->wall_ns;
		if (event->wall_ns > incident->last_ns)
			incident->last_ns = event->wall_ns;
	}
	if (*event->queue)
		letters_follow(collection->letters, event);
	if (!event->has_account || (event->kind != EVENT_MESSAGE && event->kind != EVENT_SUCCESS &&
				    event->kind != EVENT_FAILURE))
		return;
	if (event->has_source)
		key = address_source(&event->source, collection->world.source_length6);
	if (!collection->world.same(event->account, collection->world.context)) {
		if (event->has_source)
			note_pair(collection, event, &key);
		return;
	}
	if (event->has_source) {
		source = lru_touch(collection->sources, &key, &fresh);
		if (fresh)
			source->first_ns = event->wall_ns;
		source->last_ns = event->wall_ns;
	}
	count_event(collection, event, source, out);
	if (event->kind == EVENT_MESSAGE && event->has_source && !out)
		letters_passed(collection->letters, event, &key);
}

/* ---- decisions ---- */

static bool tells_strangers(enum ban_rule rule)
{
	return rule == RULE_ACCOUNT_SPREAD || rule == RULE_ACCOUNT_FLOOD ||
	       rule == RULE_ACCOUNT_OLD_PASSWORD;
}

void collect_decision(struct collection *collection, const struct decision *decision)
{
	struct incident *incident = collection->incident;
	struct incident_mark mark = {
		.wall_ns = decision->wall_ns, .kind = MARK_BANS, .rule = decision->rule, .count = 1
	};
	struct banned *banned;
	bool fresh;

	if (!decision_is_about(decision, collection->world.same, collection->world.context))
		return;
	/* The lines of a sum are about others as well. */
	for (unsigned i = 0; decision->has_account && i < decision->evidence_count; i++)
		incident_line(incident, decision->wall_ns, decision->evidence[i]);
	if (decision->rule == RULE_ACCOUNT_SPREAD && !collection->spread_ns)
		collection->spread_ns = decision->wall_ns;
	if (decision->action == ACTION_ALERT) {
		mark.kind = MARK_ALERT;
		incident->alerts++;
		if (!incident->noticed_ns)
			incident->noticed_ns = decision->wall_ns;
	} else {
		incident->bans++;
	}
	/* Bans of guessers are no marks: anybody can cause any number of them. */
	if (mark.kind == MARK_ALERT || tells_strangers(decision->rule))
		incident_mark(incident, &mark);
	if (decision->action == ACTION_BAN) {
		banned = lru_touch(collection->bans, &decision->prefix, &fresh);
		if (fresh || !banned->wall_ns)
			banned->wall_ns = decision->wall_ns;
		if (fresh || !tells_strangers(banned->rule))
			banned->rule = decision->rule;
		banned->until_ns = decision->until_wall_ns;
		return;
	}
	for (unsigned i = 0; tells_strangers(decision->rule) && i < decision->source_count &&
			     i < DECISION_SOURCES_MAX;
	     i++) {
		banned = lru_touch(collection->bans, &decision->sources[i].prefix, &fresh);
		if (fresh)
			banned->rule = decision->rule;
	}
}

/* ---- the end ---- */

static const struct banned *banned_of(const struct collection *collection,
				      const struct prefix *source)
{
	struct prefix network = address_network(&source->address, collection->world.network_length4,
						collection->world.network_length6);
	const struct banned *banned = lru_find(collection->bans, source);

	return banned ? banned : lru_find(collection->bans, &network);
}

static bool got_in(const struct incident_source *source)
{
	return source->logins || source->messages || source->kept_out;
}

/* Whether a rule named the source. */
static bool was_told_of(const struct collection *collection, const struct prefix *source)
{
	const struct banned *banned = banned_of(collection, source);

	return banned && tells_strangers(banned->rule);
}

static struct prefix provider_key(const struct collection *collection, const struct prefix *source)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)collection->world.provider(&source->address,
								collection->world.context));
	return lru_name_key(&collection->seed, text);
}

static void take_usual(const struct prefix *source, void *value, void *context)
{
	struct collection *collection = context;
	const struct incident_source *seen = value;
	struct prefix key;
	bool fresh;

	if (!got_in(seen) || was_told_of(collection, source) ||
	    (collection->spread_ns && seen->first_ns >= collection->spread_ns))
		return;
	key = provider_key(collection, source);
	lru_touch(collection->usual, &key, &fresh);
}

/* Whether the source is a stranger: a rule named it, or it came after the first alert from a
 * provider that no source had come from before. Later strangers cause no alert of their own. */
static bool is_stranger(const struct collection *collection, const struct prefix *source)
{
	const struct incident_source *seen = lru_find(collection->sources, source);
	struct prefix key;

	if (!seen || !got_in(seen))
		return false;
	if (was_told_of(collection, source))
		return true;
	if (!collection->spread_ns || seen->first_ns < collection->spread_ns)
		return false;
	key = provider_key(collection, source);
	return !lru_find(collection->usual, &key);
}

static void take_source(const struct prefix *key, void *value, void *context)
{
	struct collection *collection = context;
	struct incident *incident = collection->incident;
	struct incident_source *source = &incident->sources[incident->source_count++];
	const struct banned *banned = banned_of(collection, key);

	*source = *(const struct incident_source *)value;
	source->source = *key;
	source->country = collection->world.country(&key->address, collection->world.context);
	source->provider = collection->world.provider(&key->address, collection->world.context);
	source->stranger = is_stranger(collection, key);
	if (banned) {
		source->banned_ns = banned->wall_ns;
		source->until_ns = banned->until_ns;
		source->rule = banned->rule;
	}
}

static void take_letter(const struct letter *letter, void *context)
{
	struct collection *collection = context;
	struct incident *incident = collection->incident;

	if (!is_stranger(collection, &letter->source))
		return;
	if (!incident->mail_server)
		incident->mail_server = letter->daemon;
	incident->recipients += letter->recipients;
	incident->bounces += letter->bounced;
	if (!*letter->queue || letter->delivered + letter->bounced >= letter->recipients)
		return;
	if (letter->daemon == incident->mail_server && incident->queue_count < INCIDENT_QUEUES)
		memcpy(incident->queues[incident->queue_count], letter->queue, EVENT_QUEUE_SIZE);
	incident->queue_count++;
}

static void take_pair(const struct prefix *key, void *value, void *context)
{
	struct collection *collection = context;
	const struct collect_pair *pair = value;
	struct incident_other *other;
	struct prefix name;
	bool fresh;

	(void)key;
	if (!pair->account || !is_stranger(collection, &pair->source))
		return;
	name = lru_name_key(&collection->seed, pair->account);
	other = lru_touch(collection->others, &name, &fresh);
	if (fresh)
		other->account = pair->account; /* owned by the pair */
	other->sources++;
	other->events += pair->events;
}

static bool is_before(const struct incident_other *a, const struct incident_other *b)
{
	if (a->sources != b->sources)
		return a->sources > b->sources;
	if (a->events != b->events)
		return a->events > b->events;
	return strcmp(a->account, b->account) < 0;
}

/* Inserts into the first INCIDENT_OTHERS, which are sorted. */
static void take_other(const struct prefix *key, void *value, void *context)
{
	struct incident *incident = context;
	struct incident_other other = *(const struct incident_other *)value, swap;

	(void)key;
	incident->other_count++;
	for (size_t i = 0; i < INCIDENT_OTHERS && other.account; i++) {
		if (incident->others[i].account && is_before(&incident->others[i], &other))
			continue;
		swap = incident->others[i];
		incident->others[i] = other;
		other = swap;
	}
}

struct incident *collect_end(struct collection *collection)
{
	struct incident *incident = collection->incident;

	incident->sources = calloc(lru_used(collection->sources) + 1, sizeof(*incident->sources));
	if (!incident->sources)
		return NULL;
	lru_each(collection->sources, take_usual, collection);
	lru_each(collection->sources, take_source, collection);
	letters_each(collection->letters, take_letter, collection);
	lru_each(collection->pairs, take_pair, collection);
	lru_each(collection->others, take_other, incident);
	/* The names belong to the pairs, which are freed with the collection. */
	for (size_t i = 0; i < INCIDENT_OTHERS && incident->others[i].account; i++) {
		incident->others[i].account = strdup(incident->others[i].account);
		if (!incident->others[i].account)
			break;
	}
	if (incident_sum_up(incident))
		return NULL;
	collection->incident = NULL;
	return incident;
}
