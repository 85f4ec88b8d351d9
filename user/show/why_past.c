// SPDX-License-Identifier: GPL-2.0-or-later
/* The earlier bans of a struct why (why.h): reading them, and showing them as text and as JSON. */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "conf/ban_services.h"
#include "detect/detect.h"
#include "show/json.h"
#include "show/visible.h"
#include "show/why_internal.h"

static int take_past(const struct ban_record *past, void *pointer)
{
	struct why *why = pointer;

	if (why->past_count == WHY_PAST_MAX)
		return 1;
	why->past[why->past_count++] = *past;
	return 0;
}

int why_fill_past(struct why *why, struct store *store, int64_t now_wall_ns, struct fault *fault)
{
	return store_past_bans_each(store, &why->source, INT64_MIN, now_wall_ns, take_past, why,
				    fault);
}

void why_print_past(FILE *out, const struct why *why)
{
	if (why->past_count)
		fputs("\nearlier bans, the last first\n", out);
	for (size_t i = 0; i < why->past_count; i++)
		shown_ban_print_past(out, "  ", &why->past[i]);
}

json_t *why_closed_to_json(const struct why *why, enum ban_services services)
{
	json_t *names = json_array();

	for (size_t i = 0; names && i < why->service_count; i++)
		if (why->services[i].group & services &&
		    !json_add(names, json_text(why->services[i].name)))
			break;
	return names;
}

json_t *why_past_ban_to_json(const struct why *why, const struct ban_record *ban)
{
	return shown_ban_to_json(ban, why_closed_to_json(why, ban->services), true);
}

json_t *why_past_to_json(const struct why *why)
{
	_cleanup_(cleanup_json) json_t *bans = json_array();

	for (size_t i = 0; i < why->past_count; i++)
		if (!json_add(bans, why_past_ban_to_json(why, &why->past[i])))
			return NULL;
	return TAKE_PTR(bans);
}

json_t *why_evidence_to_json(const struct why_evidence *evidence, size_t count)
{
	_cleanup_(cleanup_json) json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		if (!json_add(array, json_pack("{s:o,s:o}", "time", json_time(evidence[i].wall_ns),
					       "line", json_text(evidence[i].line))))
			return NULL;
	return TAKE_PTR(array);
}
