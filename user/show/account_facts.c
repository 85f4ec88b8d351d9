// SPDX-License-Identifier: GPL-2.0-or-later
/* See account_facts.h. account_names.c has the names of accounts. */
#include "show/account_facts.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "detect/provider.h"
#include "lists/country.h"
#include "lists/providers.h"

struct account_facts_filling {
	const struct instance *instance;
	struct account_facts *facts;
	struct ranges countries;
	struct providers *providers;
	char realm[DETECT_REALM_SIZE];
	int64_t now_wall_ns;
	size_t lines;
	bool failed; /* out of memory */
};

static void end_filling(struct account_facts_filling *filling)
{
	ranges_free(&filling->countries);
	providers_free(filling->providers);
}

static uint32_t provider_number(const struct address *address, void *context)
{
	return providers_find(context, address);
}

static uint64_t provider_at(const struct account_facts_filling *filling,
			    const struct address *address)
{
	struct detect_settings settings = { .provider = provider_number,
					    .provider_context = filling->providers };

	return provider_of(&settings, address);
}

static void add_name(struct account_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->name_count; i++)
		if (!strcasecmp(facts->names[i], name))
			return;
	if (facts->name_count < ACCOUNT_NAMES_MAX)
		snprintf(facts->names[facts->name_count++], EVENT_ACCOUNT_SIZE, "%s", name);
}

static void take_name(const char *account, uint64_t sources, int64_t first_wall_ns,
		      int64_t last_wall_ns, void *context)
{
	struct account_facts_filling *filling = context;

	(void)sources, (void)first_wall_ns, (void)last_wall_ns;
	if (account_same(account, filling->facts->names[0], filling->realm))
		add_name(filling->facts, account);
}

static void take_incident(const char *account, uint32_t rule, int64_t last_wall_ns, void *context)
{
	struct account_facts_filling *filling = context;
	int64_t until = account_incident_until(filling->instance->config, rule, last_wall_ns);
	struct account_incident *incident = rule == RULE_ACCOUNT_SIEGE ? &filling->facts->siege
								       : &filling->facts->spread;

	if (!account_same(account, filling->facts->names[0], filling->realm))
		return;
	add_name(filling->facts, account);
	if (until > filling->now_wall_ns && last_wall_ns > incident->last_wall_ns)
		*incident = (struct account_incident){ last_wall_ns, until };
}

static bool is_known(const struct account_source *source)
{
	return source->last_wall_ns - source->first_wall_ns >= DETECT_KNOWN_AFTER_S * NS_PER_S;
}

static void join_source(struct account_facts *facts, struct account_source *source,
			const struct store_known *known)
{
	if (known->first_wall_ns < source->first_wall_ns)
		source->first_wall_ns = known->first_wall_ns;
	if (known->last_wall_ns > source->last_wall_ns)
		source->last_wall_ns = known->last_wall_ns;
	facts->known_count += !source->known && is_known(source);
	source->known = is_known(source);
}

static void take_known(const struct store_known *known, void *context)
{
	struct account_facts_filling *filling = context;
	struct account_facts *facts = filling->facts;
	struct account_source *sources = facts->sources, *at;

	for (size_t i = 0; i < facts->source_count; i++) /* known by another spelling already */
		if (!memcmp(&sources[i].source, &known->source, sizeof(known->source))) {
			join_source(facts, &sources[i], known);
			return;
		}
	if (facts->source_count == facts->source_room) {
		size_t room = facts->source_room * 2 + 16;

		sources = realloc(sources, room * sizeof(*sources));
		filling->failed |= !sources;
		if (!sources)
			return;
		facts->sources = sources;
		facts->source_room = room;
	}
	at = &facts->sources[facts->source_count++];
	*at = (struct account_source){
		.source = known->source,
		.country = country_find(&filling->countries, &known->source.address),
		.provider = provider_at(filling, &known->source.address),
		.first_wall_ns = known->first_wall_ns,
		.last_wall_ns = known->last_wall_ns,
	};
	at->known = is_known(at);
	facts->known_count += at->known;
}

static int latest_first(const void *a, const void *b)
{
	const struct account_source *x = a, *y = b;

	return (x->last_wall_ns < y->last_wall_ns) - (x->last_wall_ns > y->last_wall_ns);
}

static bool same_network(const struct account_facts_filling *filling, const struct prefix *a,
			 const struct prefix *b)
{
	const struct detect_settings *detect = &filling->instance->config->detect;
	struct prefix x =
		address_network(&a->address, detect->network_length4, detect->network_length6);
	struct prefix y =
		address_network(&b->address, detect->network_length4, detect->network_length6);

	return !memcmp(&x, &y, sizeof(x));
}

/* Compares all pairs: there are 512 sources at most, by the rules' own bound. */
static void count_kinds(const struct account_facts_filling *filling)
{
	struct account_facts *facts = filling->facts;

	for (size_t i = 0; i < facts->source_count; i++) {
		const struct account_source *at = &facts->sources[i];
		bool network = true, provider = true, country = true;

		for (size_t j = 0; j < i; j++) {
			const struct account_source *other = &facts->sources[j];

			network &= !same_network(filling, &at->source, &other->source);
			provider &= at->provider != other->provider;
			country &= at->country != other->country;
		}
		facts->networks += network;
		facts->providers += provider;
		facts->countries += country;
	}
}

/* Whether a line has the name, with no character before or behind it that makes it another name. */
static bool is_named(const char *text, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = text; (at = strcasestr(at, name)); at++) {
		unsigned char before = at == text ? ' ' : (unsigned char)at[-1];
		unsigned char behind = (unsigned char)at[size];

		if (!isalnum(before) && !strchr("@._+-", before) && !isalnum(behind) &&
		    !(behind && strchr("@_+-", behind)))
			return true;
	}
	return false;
}

static bool names_account(const struct account_facts *facts, const char *text)
{
	for (size_t i = 0; i < facts->name_count; i++)
		if (is_named(text, facts->names[i]))
			return true;
	return false;
}

static int take_ban(const struct ban_record *ban, void *context)
{
	struct account_facts_filling *filling = context;
	struct account_facts *facts = filling->facts;

	if (!names_account(facts, ban->reason))
		return 0;
	if (facts->ban_count++ >= ACCOUNT_SHOWN_MAX)
		return 0;
	facts->bans[facts->ban_count - 1] = *ban;
	return 0;
}

static bool take_evidence(const struct prefix *prefix, const struct store_evidence *evidence,
			  void *context)
{
	struct account_facts_filling *filling = context;
	struct account_facts *facts = filling->facts;
	struct account_failed *at = facts->failed;

	if (!names_account(facts, evidence->line))
		return false;
	while (at < facts->failed + facts->failed_count &&
	       memcmp(&at->source, prefix, sizeof(*prefix)))
		at++;
	if (at == facts->failed + ACCOUNT_SHOWN_MAX)
		return true;
	if (at == facts->failed + facts->failed_count) {
		*at = (struct account_failed){
			.source = *prefix,
			.country = country_find(&filling->countries, &prefix->address),
			.provider = provider_at(filling, &prefix->address),
			.last_wall_ns = evidence->wall_ns,
		};
		facts->failed_count++;
	}
	at->lines++;
	return true;
}

/* Looks for the part before the realm: lines have it in every spelling. */
static int find_evidence(struct account_facts_filling *filling, struct fault *fault)
{
	char local[EVENT_ACCOUNT_SIZE];

	snprintf(local, sizeof(local), "%.*s", (int)strcspn(filling->facts->names[0], "@"),
		 filling->facts->names[0]);
	return store_evidence_naming(filling->instance->store, local, ACCOUNT_EVIDENCE_MAX,
				     take_evidence, filling, fault);
}

static int fill(struct account_facts_filling *filling, struct fault *fault)
{
	struct store *store = filling->instance->store;
	struct account_facts *facts = filling->facts;
	struct fault ignored = { 0 };
	struct store_habit habit;
	int error = store_account_each(store, take_name, filling, fault);

	if (!error)
		error = store_incident_each(store, take_incident, filling, fault);
	for (size_t i = 0; i < facts->name_count && !error; i++) {
		error = store_known_each(store, facts->names[i], take_known, filling, fault);
		/* A store from before habits were kept has none. */
		if (!store_habit_get(store, facts->names[i], &habit, &ignored))
			facts->habit = habit;
	}
	if (!error && facts->source_count)
		qsort(facts->sources, facts->source_count, sizeof(*facts->sources), latest_first);
	count_kinds(filling);
	if (!error)
		error = store_ban_each(store, filling->now_wall_ns, take_ban, filling, fault);
	if (!error)
		error = find_evidence(filling, fault);
	if (!error)
		error = account_policy_fill(filling->instance, filling->now_wall_ns, facts, fault);
	if (!error && filling->failed)
		error = fault_set(fault, -ENOMEM, "out of memory");
	return error;
}

int account_facts_fill(const struct instance *instance, const char *name, int64_t now_wall_ns,
		       struct account_facts **facts, struct fault *fault)
{
	_cleanup_(end_filling) struct account_facts_filling filling = {
		.instance = instance, .now_wall_ns = now_wall_ns
	};
	const struct config *config = instance->config;
	struct fault ignored = { 0 };

	*facts = calloc(1, sizeof(**facts));
	if (!*facts)
		return fault_set(fault, -ENOMEM, "out of memory");
	filling.facts = *facts;
	(*facts)->countries_known =
		!store_countries_get(instance->store, NULL, 0, NULL, &filling.countries, &ignored);
	(*facts)->providers_known =
		!providers_load(config->provider_files, config->provider_file_count,
				config->provider_files_default, &filling.providers, &ignored) &&
		filling.providers;
	account_realm(instance, filling.realm);
	add_name(*facts, name);
	return fill(&filling, fault);
}

void account_facts_free(struct account_facts *facts)
{
	if (facts)
		free(facts->sources);
	free(facts);
}
