// SPDX-License-Identifier: GPL-2.0-or-later
/* See alerted_accounts.h. */
#include "cmd/alerted_accounts.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "show/json.h"

struct taking {
	alerted_account *each;
	void *context;
};

static int take_alert(const struct store_past_alert *alert, void *context)
{
	_cleanup_(cleanup_json) json_t *facts = NULL;
	const struct taking *taking = context;
	const json_t *account;
	size_t i;

	if (alert->account)
		return taking->each(alert->account, taking->context);
	facts = json_loads(alert->facts, 0, NULL);
	json_array_foreach (json_object_get(facts, "accounts"), i, account)
		if (json_is_string(account) &&
		    taking->each(json_string_value(account), taking->context))
			return 1;
	return 0;
}

int alerted_accounts_each(struct store *store, int64_t from_wall_ns, alerted_account *each,
			  void *context, struct fault *fault)
{
	struct taking taking = { each, context };

	return store_past_alerts_each(store, NULL, from_wall_ns, take_alert, &taking, fault);
}
