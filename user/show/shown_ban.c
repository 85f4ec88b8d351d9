// SPDX-License-Identifier: GPL-2.0-or-later
/* See shown_ban.h. Pure. */
#include "show/shown_ban.h"

#include "base/time.h"
#include "conf/ban_services.h"
#include "detect/detect.h"
#include "net/address.h"
#include "show/json.h"
#include "show/visible.h"

static void print_second(FILE *out, const char *before, int64_t wall_ns)
{
	char text[TIME_TEXT_SIZE];

	time_show(wall_ns - wall_ns % NS_PER_S, text);
	fprintf(out, "%s%s", before, text);
}

void shown_ban_print_past(FILE *out, const char *before, const struct ban_record *ban)
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

json_t *shown_ban_to_json(const struct ban_record *ban, json_t *services, bool is_over)
{
	char prefix[PREFIX_TEXT_SIZE];

	prefix_format(&ban->prefix, prefix);
	return json_pack("{s:s,s:o,s:o,s:o,s:s,s:o,s:o*}", "prefix", prefix, "services", services,
			 "since", json_time(ban->since_wall_ns), is_over ? "ended" : "until",
			 json_time(ban->until_wall_ns), "rule", rule_name((enum ban_rule)ban->rule),
			 "reason", json_text(*ban->reason ? ban->reason : NULL), "lifted",
			 is_over ? json_boolean(ban->lifted) : NULL);
}
