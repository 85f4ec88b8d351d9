// SPDX-License-Identifier: GPL-2.0-or-later
/* The outflow breaker as text for people (outflow_view.h), for 80 columns. Pure. */
#include "show/outflow_view.h"

#include <inttypes.h>
#include <string.h>

#include "base/time.h"
#include "conf/config.h"
#include "net/address.h"
#include "show/number.h"
#include "show/visible.h"

#define RECENT_MOST    20
#define SHORT_SUSPECTS 3 /* `sekisho outflow` shows the rest */

static void print_time(FILE *out, const struct outflow_view *view, uint64_t boot_ns)
{
	char text[TIME_TEXT_SIZE];

	time_show(outflow_wall_ns(view, boot_ns) / NS_PER_S * NS_PER_S, text);
	fputs(text, out);
}

static void print_left(FILE *out, const struct outflow_view *view)
{
	char text[TIME_TEXT_SIZE];
	uint64_t left = view->state->control.released_until_ns - view->state->now_boot_ns;

	duration_format((left + NS_PER_S - 1) / NS_PER_S, text);
	fprintf(out, "%s", text);
}

static void print_limit(FILE *out, const char *whose, uint64_t interval_ns, uint32_t burst)
{
	double minute = 60.0 * NS_PER_S / (double)interval_ns;

	if (!interval_ns)
		fprintf(out, "%s: no limit", whose);
	else
		fprintf(out, "%s: %.4g a minute, %u at once", whose, minute, burst);
}

static void print_state(FILE *out, const struct outflow_view *view)
{
	const struct outflow_rules *rules = &view->state->rules;
	enum outflow_state state = outflow_state(view);

	fputs(outflow_state_name(state), out);
	if (state == OUTFLOW_IS_OFF) {
		fputs(": no ports; nothing is counted\n", out);
		return;
	}
	if (state == OUTFLOW_IS_RELEASED) {
		fputs(": nothing is held back for another ", out);
		print_left(out, view);
	} else if (!rules->interval_ns && !rules->guest_interval_ns && !rules->users_only) {
		fputs(": counts; no rate and no users are set", out);
	}
	fprintf(out, " (%s mode)\n", gate_mode_name(rules->mode));
}

static void print_trip(FILE *out, const struct outflow_view *view, size_t index)
{
	const struct gate_breaker *breaker = &view->state->breakers[index];
	char whose[OUTFLOW_NAME_SIZE * 2], number[NUMBER_TEXT_SIZE];

	outflow_whose_breaker(&breaker->key, view->breaker_names[index], whose);
	visible_print(out, whose);
	fprintf(out, ": tripped since ");
	print_time(out, view, breaker->state.since_ns);
	fprintf(out, ", %s %s back\n", number_format(breaker->state.trip_held, number),
		view->state->rules.mode == GATE_ENFORCE ? "held" : "would be held");
}

static void print_short_suspect(FILE *out, const struct outflow_suspect *suspect)
{
	char who[OUTFLOW_NAME_SIZE * 2];

	outflow_who_sends(&suspect->who, suspect->name, who);
	fprintf(out, "%-12s  by ", "");
	visible_print(out, who);
	fprintf(out, ": %" PRIu64 " of %" PRIu64 " attempts\n", suspect->held, suspect->attempts);
}

void text_outflow_short(FILE *out, const struct outflow_view *view)
{
	print_state(out, view);
	for (size_t i = 0; i < view->state->breaker_count; i++) {
		if (!view->state->breakers[i].tripped)
			continue;
		fprintf(out, "%-12s", "");
		print_trip(out, view, i);
		for (size_t j = 0; j < view->suspects[i].count && j < SHORT_SUSPECTS; j++)
			print_short_suspect(out, &view->suspects[i].list[j]);
	}
}

static void print_suspect(FILE *out, const struct outflow_suspect *suspect)
{
	char who[OUTFLOW_NAME_SIZE * 2], address[ADDRESS_TEXT_SIZE];

	outflow_who_sends(&suspect->who, suspect->name, who);
	fputs("  ", out);
	visible_print(out, who);
	fprintf(out, ": %" PRIu64 " of %" PRIu64 " attempts held back", suspect->held,
		suspect->attempts);
	if (*suspect->cgroup_path) {
		fputs(", cgroup ", out);
		visible_print(out, suspect->cgroup_path);
	}
	fputs("\n    to", out);
	for (size_t i = 0; i < suspect->destination_count; i++) {
		address_format(&suspect->destinations[i], address);
		fprintf(out, " %s", address);
	}
	fprintf(out, "%s\n", suspect->more ? " ..." : "");
}

static void print_trips(FILE *out, const struct outflow_view *view)
{
	for (size_t i = 0; i < view->state->breaker_count; i++) {
		if (!view->state->breakers[i].tripped)
			continue;
		fputc('\n', out);
		print_trip(out, view, i);
		for (size_t j = 0; j < view->suspects[i].count; j++)
			print_suspect(out, &view->suspects[i].list[j]);
	}
}

static void print_row(FILE *out, const char *name, const char *port,
		      const struct outflow_count *count)
{
	uint64_t numbers[] = {
		count->attempts,
		count->verdicts[OUTFLOW_PASS],
		count->verdicts[OUTFLOW_EXCEPT],
		count->verdicts[OUTFLOW_RELEASED],
		count->verdicts[OUTFLOW_HELD],
		count->verdicts[OUTFLOW_USER] + count->verdicts[OUTFLOW_UNREADABLE],
	};

	visible_print(out, name);
	if (strlen(name) < 22)
		fprintf(out, "%*s", 22 - (int)strlen(name), "");
	fprintf(out, " %5s", port);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		char text[NUMBER_TEXT_SIZE];

		fprintf(out, "%10s", number_format(numbers[i], text));
	}
	fputc('\n', out);
}

static void print_counts(FILE *out, const struct outflow_view *view)
{
	struct outflow_count sum = outflow_sum(view, -1);

	fprintf(out, "\n%-22s %5s%10s%10s%10s%10s%10s%10s\n", "sender", "port", "attempts",
		"passed", "excepted", "released", "held", "refused");
	print_row(out, "all", "", &sum);
	for (size_t i = 0; i < view->state->count_count; i++) {
		const struct gate_outflow_count *found = &view->state->counts[i];
		char who[OUTFLOW_NAME_SIZE * 2], port[8];

		if (!found->count.attempts)
			continue;
		outflow_who_sends(&found->key, view->count_names[i], who);
		snprintf(port, sizeof(port), "%u", found->key.port);
		print_row(out, who, port, &found->count);
	}
}

static bool same_attempt(const struct outflow_recent *a, const struct outflow_recent *b)
{
	return a->verdict == b->verdict && !memcmp(&a->who, &b->who, sizeof(a->who)) &&
	       !memcmp(&a->destination, &b->destination, sizeof(a->destination));
}

/* The number of attempts like number `i`, including itself; 0: it was counted with a later one. */
static size_t alike(const struct outflow_view *view, size_t i)
{
	const struct outflow_recent *recent = view->state->recent;
	size_t count = 1;

	for (size_t later = i + 1; later < view->state->recent_count; later++)
		if (same_attempt(&recent[i], &recent[later]))
			return 0;
	for (size_t other = 0; other < i; other++)
		count += same_attempt(&recent[i], &recent[other]);
	return count;
}

/* Equal attempts share a row: otherwise one sender could fill the page. */
static void print_recent(FILE *out, const struct outflow_view *view)
{
	size_t rows = 0;

	if (view->state->recent_count)
		fprintf(out, "\n%-21s%-10s %-26s %5s  %s\n", "last attempts", "", "to", "times",
			"by");
	for (size_t i = view->state->recent_count; i-- && rows < RECENT_MOST;) {
		const struct outflow_recent *recent = &view->state->recent[i];
		char who[OUTFLOW_NAME_SIZE * 2], address[ADDRESS_TEXT_SIZE],
			to[ADDRESS_TEXT_SIZE + 8];
		size_t times = alike(view, i);

		if (!times)
			continue;
		rows++;
		address_format(&recent->destination, address);
		snprintf(to, sizeof(to), "%s %u", address, recent->who.port);
		outflow_who_sends(&recent->who, view->recent_names[i], who);
		print_time(out, view, recent->time_ns);
		fprintf(out, "  %-10s %-26s %5zu  ", outflow_verdict_name(recent->verdict), to,
			times);
		visible_print(out, who);
		fputc('\n', out);
	}
}

static void print_overflows(FILE *out, const struct outflow_control *control)
{
	if (control->breaker_overflows || control->count_overflows)
		fprintf(out,
			"\nno room: %" PRIu64 " attempts were held to the limit of all others, "
			"%" PRIu64 " counted among all others\n",
			(uint64_t)control->breaker_overflows, (uint64_t)control->count_overflows);
}

void text_outflow(FILE *out, const struct outflow_view *view)
{
	const struct outflow_rules *rules = &view->state->rules;

	print_state(out, view);
	if (outflow_state(view) == OUTFLOW_IS_OFF)
		return;
	print_limit(out, "this machine", rules->interval_ns, rules->burst);
	fputs("; ", out);
	print_limit(out, "guests", rules->guest_interval_ns, rules->guest_burst);
	fputs("\nports", out);
	for (unsigned i = 0; i < rules->port_count && i < OUTFLOW_PORTS; i++)
		fprintf(out, " %u", rules->ports[i]);
	fputs(rules->users_only ? "; only uids" : "; any user", out);
	for (unsigned i = 0; rules->users_only && i < rules->user_count && i < OUTFLOW_USERS; i++)
		fprintf(out, " %u", rules->users[i]);
	fputc('\n', out);
	print_trips(out, view);
	print_counts(out, view);
	print_recent(out, view);
	print_overflows(out, &view->state->control);
}
