// SPDX-License-Identifier: GPL-2.0-or-later
/* See shown_ban.h. Pure. */
#include "show/shown_ban.h"

#include "base/time.h"
#include "conf/ban_services.h"
#include "detect/detect.h"
#include "net/address.h"
#include "show/json.h"
#include "show/visible.h"

struct shown_ban shown_ban_of(const struct store_ban *row)
{
	struct shown_ban ban = {
		.prefix = row->prefix,
		.services = row->services,
		.since_wall_ns = row->since_wall_ns,
		.until_wall_ns = row->until_wall_ns,
		.rule = row->rule,
	};

	snprintf(ban.reason, sizeof(ban.reason), "%s", row->reason ? row->reason : "");
	return ban;
}

static void print_second(FILE *out, const char *before, int64_t wall_ns)
{
	char text[TIME_TEXT_SIZE];

	time_show(wall_ns - wall_ns % NS_PER_S, text);
	fprintf(out, "%s%s", before, text);
}

void shown_ban_print_past(FILE *out, const char *before, const struct shown_ban *ban)
{
	char prefix[PREFIX_TEXT_SIZE];

	prefix_format(&ban->prefix, prefix);
	fprintf(out, "%s%s", before, prefix);
	if (ban->services != BAN_ALL)
		fprintf(out, " from %s", ban_services_word(ban->services));
	print_second(out, ", ", ban->since_wall_ns);
	print_second(out, " to ", ban->until_wall_ns);
	fprintf(out, ", %s%s", rule_name((enum ban_rule)ban->rule), ban->lifted ? ", lifted" : "");
	if (*ban->reason) {
		fputs("\n    ", out);
		visible_print(out, ban->reason);
	}
	fputc('\n', out);
}

json_t *shown_ban_to_json(const struct shown_ban *ban, json_t *services, const char *end)
{
	char prefix[PREFIX_TEXT_SIZE];

	prefix_format(&ban->prefix, prefix);
	return json_pack("{s:s,s:o,s:o,s:o,s:s,s:o}", "prefix", prefix, "services", services,
			 "since", json_time(ban->since_wall_ns), end, json_time(ban->until_wall_ns),
			 "rule", rule_name((enum ban_rule)ban->rule), "reason",
			 json_text(*ban->reason ? ban->reason : NULL));
}
