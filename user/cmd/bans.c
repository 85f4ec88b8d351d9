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

/* A second and its text; INT64_MIN: none yet. */
struct second {
	int64_t second;
	char json[TIME_TEXT_SIZE + 2];
};

struct printing {
	bool json;
	int64_t now_wall_ns;
	size_t count;
	bool failed;
	struct second since, until, last;
	char *reason, *reason_json; /* of the ban before */
};

static void free_printing(struct printing *printing)
{
	free(printing->reason);
	free(printing->reason_json);
}

static void format_second(int64_t wall_ns, char text[TIME_TEXT_SIZE])
{
	time_format(wall_ns - wall_ns % NS_PER_S, text);
}

/* A time as JSON, `wall_ns` 0 as null. One second's text is kept: bans often share theirs. */
static const char *json_time(int64_t wall_ns, struct second *kept)
{
	char text[TIME_TEXT_SIZE];

	if (!wall_ns)
		return "null";
	if (wall_ns / NS_PER_S != kept->second) {
		kept->second = wall_ns / NS_PER_S;
		format_second(wall_ns, text);
		snprintf(kept->json, sizeof(kept->json), "\"%s\"", text);
	}
	return kept->json;
}

/* Text from logs and command lines need not be UTF-8; JSON must be. To be free()d, or NULL. */
static char *json_text(const char *text)
{
	json_t *string;
	char *copy, *json;

	if (!text || !*text)
		return strdup("null");
	string = json_string(text);
	copy = string ? NULL : strdup(text);
	for (char *at = copy; at && *at; at++)
		if (*at & 0x80)
			*at = '?';
	if (copy)
		string = json_string_nocheck(copy);
	free(copy);
	json = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
	json_decref(string);
	return json;
}

/* Many bans have the reason of the one before. */
static const char *json_reason(const char *reason, struct printing *printing)
{
	if (!reason)
		reason = "";
	if (!printing->reason || strcmp(reason, printing->reason)) {
		free(printing->reason);
		free(printing->reason_json);
		printing->reason = strdup(reason);
		printing->reason_json = json_text(reason);
	}
	return printing->reason_json;
}

/* A million lines are printed in a second: what needs no escaping is not made a JSON object of. */
static int print_json(const struct ban_state *state, struct printing *printing)
{
	const char *reason = json_reason(state->reason, printing);
	char prefix[PREFIX_TEXT_SIZE], packets[24] = "null", attempts[24] = "null",
				       rule[64] = "null";

	if (!reason) {
		printing->failed = true;
		return printing->failed;
	}
	prefix_format(&state->prefix, prefix);
	if (state->in_kernel) {
		snprintf(packets, sizeof(packets), "%" PRIu64, state->packets);
		snprintf(attempts, sizeof(attempts), "%" PRIu64, state->attempts);
	}
	if (state->rule < RULE_COUNT)
		snprintf(rule, sizeof(rule), "\"%s\"", rule_name((enum ban_rule)state->rule));
	printing->failed =
		printf("{\"prefix\":\"%s\",\"since\":%s,\"until\":%s,\"rule\":%s,\"reason\":%s,"
		       "\"packets\":%s,\"attempts\":%s,\"last\":%s}\n",
		       prefix, json_time(state->since_wall_ns, &printing->since),
		       json_time(state->until_wall_ns, &printing->until), rule, reason, packets,
		       attempts, json_time(state->last_wall_ns, &printing->last)) < 0;
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
	_cleanup_(free_printing) struct printing printing = {
		.now_wall_ns = clock_wall_ns(),
		.since = { .second = INT64_MIN },
		.until = { .second = INT64_MIN },
		.last = { .second = INT64_MIN },
	};
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
