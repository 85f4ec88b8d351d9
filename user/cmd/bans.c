// SPDX-License-Identifier: GPL-2.0-or-later
/* sekisho bans: the bans in force. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "enforce/bans.h"

struct printing {
	bool json;
	int64_t now_wall_ns;
	size_t count;
	bool failed;
};

static void format_second(int64_t wall_ns, char text[TIME_TEXT_SIZE])
{
	time_format(wall_ns - wall_ns % NS_PER_S, text);
}

static json_t *json_time(int64_t wall_ns)
{
	char text[TIME_TEXT_SIZE];

	if (!wall_ns)
		return json_null();
	format_second(wall_ns, text);
	return json_string(text);
}

/* Text from logs and command lines need not be UTF-8; JSON must be. */
static json_t *json_text(const char *text)
{
	json_t *string;
	char *copy;

	if (!text || !*text)
		return json_null();
	string = json_string(text);
	if (string)
		return string;
	copy = strdup(text);
	for (char *at = copy; at && *at; at++)
		if (*at & 0x80)
			*at = '?';
	string = copy ? json_string_nocheck(copy) : NULL;
	free(copy);
	return string;
}

static int print_json(const struct ban_state *state, struct printing *printing)
{
	char prefix[PREFIX_TEXT_SIZE];
	json_t *object;

	prefix_format(&state->prefix, prefix);
	object = json_pack(
		"{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "prefix", prefix, "since",
		json_time(state->since_wall_ns), "until", json_time(state->until_wall_ns), "rule",
		state->rule < RULE_COUNT ? json_string(rule_name((enum ban_rule)state->rule))
					 : json_null(),
		"reason", json_text(state->reason), "packets",
		state->in_kernel ? json_integer((json_int_t)state->packets) : json_null(),
		"attempts",
		state->in_kernel ? json_integer((json_int_t)state->attempts) : json_null(), "last",
		json_time(state->last_wall_ns));
	if (!object || json_dumpf(object, stdout, JSON_COMPACT) || putchar('\n') < 0)
		printing->failed = true;
	json_decref(object);
	return printing->failed;
}

static int print_text(const struct ban_state *state, struct printing *printing)
{
	_cleanup_free_ char *reason =
		cmd_visible(state->reason && *state->reason ? state->reason : "-");
	char prefix[PREFIX_TEXT_SIZE], since[TIME_TEXT_SIZE], left[TIME_TEXT_SIZE], packets[24];

	if (!printing->count)
		printf("%-24s %-20s %-14s %-16s %10s %s\n", "PREFIX", "SINCE", "REMAINING", "RULE",
		       "PACKETS", "REASON");
	prefix_format(&state->prefix, prefix);
	format_second(state->since_wall_ns, since);
	duration_format(state->until_wall_ns > printing->now_wall_ns
				? (uint64_t)(state->until_wall_ns - printing->now_wall_ns) /
					  NS_PER_S
				: 0,
			left);
	snprintf(packets, sizeof(packets), state->in_kernel ? "%" PRIu64 : "-", state->packets);
	printing->failed = printf("%-24s %-20s %-14s %-16s %10s %s\n", prefix, since, left,
				  rule_name((enum ban_rule)state->rule), packets,
				  reason ? reason : "?") < 0;
	return printing->failed;
}

static int print_ban(const struct ban_state *state, void *context)
{
	struct printing *printing = context;
	int result = printing->json ? print_json(state, printing) : print_text(state, printing);

	printing->count++;
	return result;
}

static int print_all(struct instance *instance, struct printing *printing)
{
	struct fault fault = { 0 };
	int result = bans_each(instance, print_ban, printing, &fault);

	if (result)
		return cmd_failed(&cmd_bans, &fault);
	if (fflush(stdout) || printing->failed) {
		fault_set(&fault, -EIO, "cannot write to standard output: %s", strerror(errno));
		return cmd_failed(&cmd_bans, &fault);
	}
	if (fault.error)
		cmd_warn(&cmd_bans, "the reasons are not known: %s", fault.text);
	if (!instance->gate)
		cmd_warn(&cmd_bans, "none of these is in force: %s", instance->gate_fault.text);
	return EXIT_DONE;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option known[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct printing printing = { .now_wall_ns = clock_wall_ns() };
	struct fault fault = { 0 };

	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (c != 'j')
			return cmd_usage(&cmd_bans, "there is no option %s", argv[optind - 1]);
		printing.json = true;
	}
	if (optind < argc)
		return cmd_usage(&cmd_bans, "'%s' is too much; `sekisho why %s` tells about one",
				 argv[optind], argv[optind]);
	if (instance_open(globals->config_path, INSTANCE_STORE_READ | INSTANCE_GATE, &instance,
			  &fault))
		return cmd_failed(&cmd_bans, &fault);
	/* Another failure than that there is no gate says nothing of what is in force. */
	if (!instance.gate && instance.gate_fault.error != -ENOENT)
		return cmd_failed(&cmd_bans, &instance.gate_fault);
	/* Neither gate nor store: a fresh installation, without bans. */
	if (!instance.gate && !instance.store && instance.store_fault.error == -ENOENT)
		return EXIT_DONE;
	return print_all(&instance, &printing);
}

const struct command cmd_bans = {
	.name = "bans",
	.summary = "the bans in force",
	.usage = "[--json]",
	.help = "Needs root. Shows the kernel's bans with what the store knows of them; where no "
		"gate is\n"
		"loaded, those that `sekisho load` would put in force. PACKETS are those dropped, "
		"or in\n"
		"monitor mode those that would have been.\n\n"
		"  --json  one object a line: prefix, since, until, rule, reason, packets, "
		"attempts,\n"
		"          last; null where something is not known\n",
	.run = run,
};
