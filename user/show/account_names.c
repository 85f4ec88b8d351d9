// SPDX-License-Identifier: GPL-2.0-or-later
/* Which names are one account, as the rules see it (detect/realms.c), read from the store; and how
 * long an account's incident lasts. */
#include <string.h>
#include <strings.h>

#include "base/time.h"
#include "show/account_facts.h"

void account_realm(const struct instance *instance, char realm[DETECT_REALM_SIZE])
{
	struct fault ignored = { 0 };

	snprintf(realm, DETECT_REALM_SIZE, "%s", instance->config->detect.realm);
	if (!*realm && instance->store &&
	    store_account_realm(instance->store, realm, DETECT_REALM_SIZE, &ignored))
		*realm = '\0';
}

bool account_same(const char *a, const char *b, const char *realm)
{
	const char *shorter = strchr(a, '@') ? b : a, *longer = shorter == a ? b : a;
	size_t size = strlen(shorter);

	if (!strcasecmp(a, b))
		return true;
	return *realm && !strchr(shorter, '@') && !strncasecmp(longer, shorter, size) &&
	       longer[size] == '@' && !strcasecmp(longer + size + 1, realm);
}

int64_t account_incident_until(const struct config *config, enum ban_rule rule,
			       int64_t last_wall_ns)
{
	uint64_t window_s, most_s = INT64_MAX / NS_PER_S / 4;

	if (rule != RULE_ACCOUNT_SIEGE && rule != RULE_ACCOUNT_SPREAD)
		return 0;
	window_s = config->detect.rules[rule].window_s;
	return last_wall_ns + 2 * (int64_t)(window_s < most_s ? window_s : most_s) * NS_PER_S;
}
