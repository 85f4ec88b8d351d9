// SPDX-License-Identifier: GPL-2.0-or-later
/* Shared by the rules: the parts of a decision, and windows made from their settings. */
#include "detect/rule.h"

#include <string.h>

#include "base/time.h"

void *rule_state_new(const struct rule_type *type, const struct detect_settings *settings)
{
	static char stateless;

	if (type->sliding) {
		struct window_settings windows = type->sliding(settings);

		return sliding_window_new(&windows);
	}
	if (type->distinct) {
		struct distinct_window_settings windows = type->distinct(settings);

		return distinct_window_new(&windows);
	}
	return type->create ? type->create(settings) : &stateless;
}

void rule_state_free(const struct rule_type *type, void *state)
{
	if (type->sliding)
		sliding_window_free(state);
	else if (type->distinct)
		distinct_window_free(state);
	else if (type->destroy)
		type->destroy(state);
}

void rule_state_configure(const struct rule_type *type, void *state,
			  const struct detect_settings *settings)
{
	if (type->sliding) {
		struct window_settings windows = type->sliding(settings);

		sliding_window_configure(state, &windows);
	} else if (type->distinct) {
		struct distinct_window_settings windows = type->distinct(settings);

		distinct_window_configure(state, &windows);
	} else if (type->configure) {
		type->configure(state, settings);
	}
}

void rule_state_add_usage(const struct rule_type *type, const void *state,
			  struct detect_usage *usage)
{
	struct window_usage windows = { 0 };

	if (type->sliding)
		sliding_window_get_usage(state, &windows);
	else if (type->distinct)
		distinct_window_get_usage(state, &windows);
	else if (type->add_usage)
		type->add_usage(state, usage);
	usage->forgotten += windows.forgotten;
}

void rule_begin(const struct rule_input *input, enum ban_rule rule, struct decision *decision)
{
	memset(decision, 0, sizeof(*decision));
	decision->rule = rule;
	decision->wall_ns = input->event->wall_ns;
	decision->services = detect_services(input->event->service);
}

void rule_set_account(const struct rule_input *input, struct decision *decision)
{
	decision->has_account = true;
	memcpy(decision->account, input->event->account, sizeof(decision->account));
}

void rule_add_evidence(struct decision *decision, uint64_t tag)
{
	if (decision->evidence_count && decision->evidence[decision->evidence_count - 1] == tag)
		return;
	if (decision->evidence_count == DECISION_EVIDENCE_MAX) {
		decision->evidence_count--;
		memmove(decision->evidence, decision->evidence + 1,
			decision->evidence_count * sizeof(*decision->evidence));
	}
	decision->evidence[decision->evidence_count++] = tag;
}

void rule_add_source(const struct rule_input *input, struct decision *decision,
		     const struct prefix *prefix)
{
	const struct detect_settings *settings = input->settings;
	unsigned at = decision->source_count++, country = COUNTRY_ZZ;

	if (at >= DECISION_SOURCES_MAX)
		return;
	if (settings->country)
		country = settings->country(&prefix->address, settings->country_context);
	decision->sources[at].prefix = *prefix;
	decision->sources[at].country = (uint16_t)(country < COUNTRY_COUNT ? country : COUNTRY_ZZ);
	if (settings->provider)
		decision->sources[at].provider =
			settings->provider(&prefix->address, settings->provider_context);
}

static uint32_t limit(uint64_t value, uint32_t most)
{
	return value < 1 ? 1 : value > most ? most : (uint32_t)value;
}

uint64_t rule_ns(uint64_t seconds)
{
	uint64_t longest_s = (1ULL << 62) / NS_PER_S;

	return (seconds < longest_s ? seconds : longest_s) * NS_PER_S;
}

void rule_tell(const struct rule_input *input, enum detect_sight sight)
{
	const struct detect_store *store = &input->settings->store;

	if (store->sight && (sight == SIGHT_KNOWN || !input->lan))
		store->sight(input->event->account, &input->event->source, sight,
			     input->event->wall_ns, store->context);
}

size_t rule_remote(const struct rule_input *input, enum ban_rule rule, enum detect_sight sight,
		   const struct detect_remote **seen)
{
	if (!input->remote || !input->remote[sight])
		return 0;
	return remote_logins_of(input->remote[sight], &input->account, input->event->wall_ns,
				rule_ns(input->settings->rules[rule].window_s), seen);
}

bool rule_may_be_of(const struct rule_input *input, const struct account *account, bool provider)
{
	const struct detect_settings *settings = input->settings;
	unsigned country = COUNTRY_ZZ;
	uint8_t own[COUNTRY_MAP];

	if (!account || provider || !settings->country)
		return account && provider;
	country = settings->country(&input->event->source, settings->country_context);
	if (country >= COUNTRY_COUNT || country == COUNTRY_ZZ)
		return false;
	account_own_countries(account, own);
	return own[country / 8] & 1U << country % 8 || detect_is_home(settings, country);
}

bool rule_may_be_owner(const struct rule_input *input)
{
	return rule_may_be_of(input, input->standing.account, input->standing.provider);
}

/* While the installation is young, nobody has logged in for a week. */
#define YOUNG_LINE_NS (86400 * NS_PER_S)

bool rule_at_line(const struct rule_input *input, const struct account *account)
{
	const struct detect_settings *settings = input->settings;
	const struct address *source = &input->event->source;
	uint64_t provider = provider_of(settings, source);
	unsigned country = COUNTRY_ZZ;

	if (settings->country)
		country = settings->country(source, settings->country_context);
	if (provider_is_guess(provider) && country != COUNTRY_ZZ)
		provider = 0;
	return account &&
	       account_has_line(account, provider, country,
				time_less(input->event->wall_ns,
					  input->young ? YOUNG_LINE_NS : ACCOUNT_LINE_NS));
}

bool rule_may_own(const struct rule_input *input, const char *account)
{
	const struct account *own = accounts_look(input->accounts, account);
	uint64_t provider = provider_of(input->settings, &input->source.address);

	return rule_may_be_of(input, own, own && account_knows_provider(own, provider));
}

void rule_spare_mail(const struct rule_input *input, struct decision *decision)
{
	if (!(decision->services & BAN_SMTP) || !rule_delivers(input))
		return;
	decision->services = BAN_LOGIN;
}

struct window_settings rule_windows(const struct rule_settings *rule, uint32_t most,
				    uint32_t factor)
{
	return (struct window_settings){ .count = limit((uint64_t)rule->count * factor, 1U << 30),
					 .most = most,
					 .window_ns = rule_ns(rule->window_s) };
}

struct distinct_window_settings rule_distinct(const struct rule_settings *rule, uint32_t most,
					      uint32_t factor)
{
	return (struct distinct_window_settings){ .items = limit((uint64_t)rule->count * factor,
								 10000),
						  .most = most,
						  .window_ns = rule_ns(rule->window_s) };
}
