// SPDX-License-Identifier: GPL-2.0-or-later
/* See gate_verdict.h. Pure. */
#include "show/gate_verdict.h"

enum ban_services verdict_group(const struct policy *policy, unsigned service)
{
	for (unsigned port = 0; service && port < PORT_COUNT; port++)
		if (policy->port_service[port] % SERVICE_MAX == service)
			return policy->port_service[port] & PORT_LOGIN ? BAN_LOGIN : BAN_SMTP;
	return 0;
}

struct verdict verdict_decide(const struct policy *policy, unsigned service,
			      const struct lookup *lookup, bool banned)
{
	struct verdict verdict = { .drop = false, .reason = REASON_NONE };

	if (!service || service > policy->service_count || service >= SERVICE_MAX)
		return verdict;
	if (lookup->list && lookup->flags & LOOKUP_ALLOW)
		verdict.list = lookup->list;
	else if (banned)
		verdict.reason = REASON_BANNED;
	else if (lookup->flags & LOOKUP_DENY)
		verdict.reason = REASON_LISTED, verdict.list = lookup->list;
	else if (policy->country_class[service][lookup_country(policy, service, lookup->country)] ==
		 CLASS_DENY)
		verdict.reason = REASON_COUNTRY;
	verdict.drop = verdict.reason != REASON_NONE;
	return verdict;
}
