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
			      const struct leaf *leaf, bool banned)
{
	struct verdict verdict = { .drop = false, .reason = REASON_NONE };
	unsigned country = leaf->country < COUNTRY_COUNT ? leaf->country : COUNTRY_ZZ;

	if (!service || service > policy->service_count || service >= SERVICE_MAX)
		return verdict;
	if (leaf->list && leaf->flags & LEAF_ALLOW)
		verdict.list = leaf->list;
	else if (banned)
		verdict.reason = REASON_BANNED;
	else if (leaf->flags & LEAF_DENY)
		verdict.reason = REASON_LISTED, verdict.list = leaf->list;
	else if (policy->country_class[service][country] == CLASS_DENY)
		verdict.reason = REASON_COUNTRY;
	verdict.drop = verdict.reason != REASON_NONE;
	return verdict;
}
