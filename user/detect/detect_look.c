// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers questions about an account or a source; nothing is counted. */
#include "base/time.h"
#include "detect/detect_internal.h"
#include "detect/provider.h"

void detect_look(struct detect *detect, const char *account, const struct address *source,
		 int64_t now_ns, struct detect_look *look)
{
	const struct detect_settings *settings = &detect->settings;
	struct standing standing;

	accounts_begin(detect->accounts, now_ns);
	*look = (struct detect_look){
		.account = accounts_key(detect->accounts, account),
		.source = address_source(source, settings->source_length6),
		.provider = provider_of(settings, source),
		.country = COUNTRY_ZZ,
		.lan = address_is_lan(source),
		.young = accounts_young(detect->accounts, now_ns),
		.ill = now_ns < detect->server.ill_until_ns,
	};
	if (settings->country)
		look->country = settings->country(source, settings->country_context);
	if (look->country >= COUNTRY_COUNT)
		look->country = COUNTRY_ZZ;
	look->home = detect_is_home(settings, look->country);
	accounts_judge(detect->accounts, account, &look->account, &look->source, now_ns, &standing);
	look->exists = standing.exists;
	look->known = standing.trust == TRUST_OWN;
	look->fresh = look->known &&
		      standing.first_ns > time_less(now_ns, DETECT_LEARN_S * (uint64_t)NS_PER_S);
	look->near = !look->known && standing.provider;
	look->shared = standing.shared;
	look->usual = standing.account ? standing.account->habit.messages : 0;
	look->leaked = standing.account &&
		       account_leaked(detect->accounts, standing.account, now_ns);
}

enum detect_vouch detect_vouches(struct detect *detect, const struct prefix *prefix, int64_t now_ns)
{
	const struct detect_settings *settings = &detect->settings;
	struct prefix network = address_network(&prefix->address, settings->network_length4,
						settings->network_length6);

	if (accounts_known_to_any(detect->accounts, prefix, now_ns))
		return VOUCH_KNOWN;
	return senders_know(detect->senders, &network, now_ns) ? VOUCH_SENDER : VOUCH_NONE;
}

enum ban_services detect_services(enum event_service service)
{
	return service == EVENT_SERVICE_SMTP ? BAN_SMTP : BAN_LOGIN;
}

bool detect_bans(const struct detect *detect, const struct address *address,
		 enum ban_services services, int64_t wall_ns)
{
	const struct detect_settings *settings = &detect->settings;
	struct prefix source = address_source(address, settings->source_length6);
	struct prefix network =
		address_network(address, settings->network_length4, settings->network_length6);

	return ban_history_running(detect->ban_history, &source, services, wall_ns) ||
	       ban_history_running(detect->ban_history, &network, services, wall_ns);
}
