// SPDX-License-Identifier: GPL-2.0-or-later
/* The earlier bans of a struct why (why.h): read, as text and as JSON. */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "conf/ban_services.h"
#include "detect/detect.h"
#include "show/json.h"
#include "show/visible.h"
#include "show/why_internal.h"

static int take_past(const struct store_past_ban *past, void *pointer)
{
	struct why *why = pointer;
	struct why_ban *entry;

	if (why->past_count == WHY_PAST_MAX)
		return 1;
	entry = &why->past[why->past_count++];
	*entry = (struct why_ban){
		.prefix = past->ban.prefix,
		.services = past->ban.services,
		.since_wall_ns = past->ban.since_wall_ns,
		.until_wall_ns = past->ban.until_wall_ns,
		.rule = past->ban.rule,
		.lifted = past->lifted,
	};
	snprintf(entry->reason, sizeof(entry->reason), "%s", past->ban.reason);
	return 0;
}

int why_fill_past(struct why *why, struct store *store, int64_t now_wall_ns, struct fault *fault)
{
	return store_past_bans_each(store, &why->source, INT64_MIN, now_wall_ns, take_past, why,
				    fault);
}

static void print_time(FILE *out, int64_t wall_ns)
{
	char text[TIME_TEXT_SIZE];

	time_show(wall_ns - wall_ns % NS_PER_S, text);
	fputs(text, out);
}

void why_print_past(FILE *out, const struct why *why)
{
	if (why->past_count)
		fputs("\nearlier bans, the last first\n", out);
	for (size_t i = 0; i < why->past_count; i++) {
		const struct why_ban *ban = &why->past[i];
		char prefix[PREFIX_TEXT_SIZE];

		prefix_format(&ban->prefix, prefix);
		fprintf(out, "  %s", prefix);
		if (ban->services != BAN_ALL)
			fprintf(out, " from %s", ban_services_word(ban->services));
		fputs(", ", out);
		print_time(out, ban->since_wall_ns);
		fputs(" to ", out);
		print_time(out, ban->until_wall_ns);
		fprintf(out, ", %s%s", rule_name(ban->rule), ban->lifted ? ", lifted" : "");
		if (*ban->reason) {
			fputs("\n    ", out);
			visible_print(out, ban->reason);
		}
		fputc('\n', out);
	}
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

json_t *why_ban_to_json(const struct why *why, const struct why_ban *ban)
{
	char prefix[PREFIX_TEXT_SIZE];

	prefix_format(&ban->prefix, prefix);
	return json_pack("{s:s,s:o,s:o,s:o,s:s,s:o,s:b}", "prefix", prefix, "services",
			 why_closed_to_json(why, ban->services), "since",
			 json_time(ban->since_wall_ns), "ended", json_time(ban->until_wall_ns),
			 "rule", rule_name(ban->rule), "reason",
			 json_text(*ban->reason ? ban->reason : NULL), "lifted", ban->lifted);
}

json_t *why_past_to_json(const struct why *why)
{
	_cleanup_(cleanup_json) json_t *bans = json_array();

	for (size_t i = 0; i < why->past_count; i++)
		if (!json_add(bans, why_ban_to_json(why, &why->past[i])))
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
