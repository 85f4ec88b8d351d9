// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices at the source of a struct why (why.h) that try an old password: reading them, and showing
 * them as text and as JSON. Such attempts do not count (policy/judge.h), so nothing else shows
 * them. */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "show/json.h"
#include "show/visible.h"
#include "show/why_internal.h"
#include "store/policy_rows.h"

#define STALE_NS (30 * 86400 * NS_PER_S)

static void take(const char *account, const struct prefix *source, int64_t stale_wall_ns,
		 void *context)
{
	struct why *why = context;
	struct why_stale *stale = &why->stale[why->stale_count];

	(void)source;
	if (why->stale_count == WHY_STALE_MAX)
		return;
	snprintf(stale->account, sizeof(stale->account), "%s", account);
	stale->last_wall_ns = stale_wall_ns;
	why->stale_count++;
}

int why_fill_stale(struct why *why, struct store *store, int64_t now_wall_ns, struct fault *fault)
{
	return store_stale_each(store, &why->source, time_less(now_wall_ns, STALE_NS),
				WHY_STALE_MAX, take, why, fault);
}

void why_print_stale(FILE *out, const struct why *why)
{
	if (why->stale_count)
		fputs("\ndevices that try an old password, which does not count\n", out);
	for (size_t i = 0; i < why->stale_count; i++) {
		char text[TIME_TEXT_SIZE];

		time_show(why->stale[i].last_wall_ns / NS_PER_S * NS_PER_S, text);
		fputs("  of ", out);
		visible_print(out, why->stale[i].account);
		fprintf(out, ", on the day of %s: give them the new one\n", text);
	}
}

json_t *why_stale_to_json(const struct why *why)
{
	_cleanup_(cleanup_json) json_t *array = json_array();

	for (size_t i = 0; i < why->stale_count; i++)
		if (!json_add(array,
			      json_pack("{s:o,s:o}", "account", json_text(why->stale[i].account),
					"last", json_time(why->stale[i].last_wall_ns))))
			return NULL;
	return TAKE_PTR(array);
}
