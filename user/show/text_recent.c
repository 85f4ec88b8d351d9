// SPDX-License-Identifier: GPL-2.0-or-later
/* Rates and top talkers as text for people (render.h), for 80 columns. Pure. */
#include "show/text_recent.h"

#include <string.h>
#include "base/time.h"
#include "show/number.h"
#include "show/visible.h"

#define NAME_WIDTH 14

/* ---- rates ---- */

static void print_rate(FILE *out, int width, bool known, uint64_t count, uint64_t ns)
{
	char text[NUMBER_TEXT_SIZE] = "-";

	if (known && ns)
		rate_format((double)count * 60e9 / (double)ns, text);
	fprintf(out, "%*s", width, text);
}

static void print_rates(FILE *out, const char *name, const struct snapshot *snapshot,
			const struct snapshot_sum *sum, const struct snapshot_sum *minute)
{
	uint64_t ns = snapshot_counted_ns(snapshot);
	char text[NUMBER_TEXT_SIZE];

	visible_print_column(out, 0, name, NAME_WIDTH);
	print_rate(out, 9, true, sum->attempts, ns);
	print_rate(out, 8, true, sum->dropped + sum->would_drop, ns);
	print_rate(out, 11, true, sum->handshakes, ns);
	print_rate(out, 10, snapshot->has_minute, minute->attempts, snapshot->minute_ns);
	print_rate(out, 8, snapshot->has_minute, minute->dropped + minute->would_drop,
		   snapshot->minute_ns);
	print_rate(out, 11, snapshot->has_minute, minute->handshakes, snapshot->minute_ns);
	fprintf(out, "%8s\n", number_format(sum->open, text));
}

void text_rates(FILE *out, const struct snapshot *snapshot)
{
	const char *drops = snapshot->mode == GATE_ENFORCE ? "drops" : "would";
	char age[NUMBER_TEXT_SIZE], head[64] = "since load", last[64] = "(last minute: not known)";

	/* A daemon that has just started has less than a minute to show. */
	if (snapshot->has_minute && snapshot->minute_ns < 55 * (uint64_t)NS_PER_S)
		snprintf(last, sizeof(last), "in the last %llu s",
			 (unsigned long long)(snapshot->minute_ns / NS_PER_S));
	else if (snapshot->has_minute)
		snprintf(last, sizeof(last), "in the last minute");

	if (snapshot->since_wall_ns)
		snprintf(head, sizeof(head), "since load, %s ago",
			 age_format(snapshot->since_wall_ns, snapshot->now_wall_ns, age));
	fprintf(out, "\n%-*s%28s%29s%8s\n", NAME_WIDTH, "per minute", head, last, "now");
	fprintf(out, "%*s%9s%8s%11s%10s%8s%11s%8s\n", NAME_WIDTH, "", "attempts", drops,
		"handshakes", "attempts", drops, "handshakes", "open");
	print_rates(out, "all", snapshot, &snapshot->sum, &snapshot->minute_sum);
	for (unsigned id = 1; id <= snapshot->service_count; id++)
		print_rates(out, snapshot->services[id].name, snapshot, &snapshot->services[id].sum,
			    &snapshot->minute[id]);
}

/* ---- who ---- */

static void print_talker(FILE *out, const struct snapshot *snapshot, const struct talker *talker,
			 bool whole)
{
	char name[PREFIX_TEXT_SIZE], country[COUNTRY_TEXT_SIZE], text[NUMBER_TEXT_SIZE];
	int64_t ago = (int64_t)(snapshot->now_boot_ns > talker->last_boot_ns
					? snapshot->now_boot_ns - talker->last_boot_ns
					: 0);

	if (whole && talker->prefix.length == 128)
		address_format(&talker->prefix.address, name);
	else
		prefix_format(&talker->prefix, name);
	country_to_text(talker->country, country);
	fprintf(out, "%-24s %s", name, country);
	if (strlen(name) > 24)
		fprintf(out, "\n%27s", "");
	fprintf(out, "%11s", number_format(talker->attempts, text));
	fprintf(out, "%11s", number_format(talker->dropped, text));
	fprintf(out, "%12s", number_format(talker->handshakes, text));
	fprintf(out, "%8s", number_format(talker->open, text));
	fprintf(out, "%10s", age_format(snapshot->now_wall_ns - ago, snapshot->now_wall_ns, text));
	if (talker->provider)
		fprintf(out, "  AS%u", talker->provider);
	fputc('\n', out);
}

void text_top(FILE *out, const struct snapshot *snapshot)
{
	static const char *const titles[] = { "source", "network" };

	for (size_t table = 0; snapshot->has_top && table < 2; table++) {
		const struct snapshot_top *top = &snapshot->top[table];

		if (!top->count)
			continue;
		fprintf(out, "\n%-24s   %11s%11s%12s%8s%10s\n", titles[table], "attempts",
			snapshot->mode == GATE_ENFORCE ? "drops" : "would drop", "handshakes",
			"open", "last seen");
		for (size_t i = 0; i < top->count; i++)
			print_talker(out, snapshot, &top->talkers[i], !table);
	}
}
