// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho bans`: the bans in force. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/bans_ended.h"
#include "cmd/cmd.h"
#include "cmd/since_arg.h"
#include "enforce/bans.h"
#include "show/json.h"
#include "show/number.h"
#include "show/origins.h"
#include "show/style.h"

/* A second and its text; INT64_MIN: none yet. */
struct second {
	int64_t second;
	char json[TIME_TEXT_SIZE + 2];
};

struct bans_printing {
	bool json;
	bool would;	  /* monitor mode */
	unsigned columns; /* of the text */
	int64_t now_wall_ns;
	size_t count;
	bool failed;
	struct origins origins;
	struct second since, until, last;
	char *reason, *reason_json; /* of the ban before this one */
	char *services_json[BAN_ALL + 1];
};

static void free_printing(struct bans_printing *printing)
{
	origins_free(&printing->origins);
	free(printing->reason);
	free(printing->reason_json);
	for (unsigned i = 0; i <= BAN_ALL; i++)
		free(printing->services_json[i]);
}

/* Joins the names of the services of each group, and of both. */
static int name_services(struct bans_printing *printing, const struct config *config)
{
	for (unsigned services = 0; services <= BAN_ALL; services++) {
		json_t *names = json_services(config, services);

		printing->services_json[services] = names ? json_dumps(names, JSON_COMPACT) : NULL;
		json_decref(names);
		if (!printing->services_json[services])
			return -ENOMEM;
	}
	return 0;
}

static void format_second(int64_t wall_ns, char text[TIME_TEXT_SIZE])
{
	time_format(wall_ns - wall_ns % NS_PER_S, text);
}

/* A time as JSON; null if `wall_ns` is 0. The text of one second is kept, since bans often share
 * it. */
static const char *quoted_time(int64_t wall_ns, struct second *kept)
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

/* The reason as JSON; it is often the same as the reason of the ban before. */
static const char *json_reason(const char *reason, struct bans_printing *printing)
{
	if (!printing->reason || strcmp(reason, printing->reason)) {
		free(printing->reason);
		free(printing->reason_json);
		printing->reason = strdup(reason);
		printing->reason_json = json_line(json_text(*reason ? reason : NULL));
		if (printing->reason_json)
			printing->reason_json[strcspn(printing->reason_json, "\n")] = '\0';
	}
	return printing->reason_json;
}

/* A word without anything to escape; "-" is null. */
static void quote_word(const char *word, char *json, size_t size)
{
	bool none = !strcmp(word, "-");

	snprintf(json, size, "%s%s%s", none ? "" : "\"", none ? "null" : word, none ? "" : "\"");
}

/* A million lines are printed in a second: no JSON object is built for text that needs no
 * escaping. */
static int print_json(const struct ban_record *ban, struct bans_printing *printing)
{
	const char *reason = json_reason(ban->reason, printing);
	char prefix[PREFIX_TEXT_SIZE], packets[24] = "null", attempts[24] = "null",
				       rule[64] = "null", word[PROVIDER_TEXT_SIZE], country[16],
				       provider[24];

	if (!reason) {
		printing->failed = true;
		return printing->failed;
	}
	prefix_format(&ban->prefix, prefix);
	if (ban->in_kernel) {
		snprintf(packets, sizeof(packets), "%" PRIu64, ban->packets);
		snprintf(attempts, sizeof(attempts), "%" PRIu64, ban->attempts);
	}
	if (ban->rule < RULE_COUNT)
		quote_word(rule_name((enum ban_rule)ban->rule), rule, sizeof(rule));
	quote_word(origins_country(&printing->origins, &ban->prefix.address, word), country,
		   sizeof(country));
	quote_word(origins_provider(&printing->origins, &ban->prefix.address, word), provider,
		   sizeof(provider));
	printing->failed = printf("{\"prefix\":\"%s\",\"services\":%s,\"since\":%s,\"until\":%s,"
				  "\"rule\":%s,\"reason\":%s,"
				  "\"packets\":%s,\"attempts\":%s,\"last\":%s,"
				  "\"country\":%s,\"provider\":%s}\n",
				  prefix, printing->services_json[ban->services & BAN_ALL],
				  quoted_time(ban->since_wall_ns, &printing->since),
				  quoted_time(ban->until_wall_ns, &printing->until), rule, reason,
				  packets, attempts,
				  quoted_time(ban->last_wall_ns, &printing->last), country,
				  provider) < 0;
	return printing->failed;
}

/* The two largest units: "6d23h". */
static void format_left(const struct ban_record *ban, int64_t now_wall_ns,
			char text[TIME_TEXT_SIZE])
{
	uint64_t left_s = 0;

	if (ban->until_wall_ns > now_wall_ns)
		left_s = (uint64_t)(ban->until_wall_ns - now_wall_ns) / NS_PER_S;
	if (left_s >= 86400)
		left_s -= left_s % 3600;
	else if (left_s >= 3600)
		left_s -= left_s % 60;
	if (left_s > BAN_EVER_S)
		strcpy(text, "ever");
	else
		duration_format(left_s, text);
}

/* Prints a line of 80 columns, and another one for the beginning and the reason. A prefix that is
 * too long for its column gets a line of its own. */
static int print_text(const struct ban_record *ban, struct bans_printing *printing)
{
	static const char *const form = "%-23s %-3s %-10s %-8s %8s %8s %s\n";
	char prefix[PREFIX_TEXT_SIZE], since[TIME_TEXT_SIZE], left[TIME_TEXT_SIZE],
		packets[NUMBER_TEXT_SIZE] = "-", country[COUNTRY_TEXT_SIZE],
		provider[PROVIDER_TEXT_SIZE];
	const struct address *address = &ban->prefix.address;

	if (!printing->count)
		printf(form, "PREFIX", "CC", "PROVIDER", "SERVICES", "LEFT",
		       printing->would ? "WOULD" : "PACKETS", "RULE");
	prefix_format(&ban->prefix, prefix);
	if (strlen(prefix) > 23)
		puts(prefix);
	format_left(ban, printing->now_wall_ns, left);
	if (ban->in_kernel)
		ban->packets < 1000000 ? number_format(ban->packets, packets)
				       : rate_format((double)ban->packets, packets);
	printf(form, strlen(prefix) > 23 ? "" : prefix,
	       origins_country(&printing->origins, address, country),
	       origins_provider(&printing->origins, address, provider),
	       ban_services_word(ban->services), left, packets,
	       rule_name((enum ban_rule)ban->rule));
	time_show(ban->since_wall_ns - ban->since_wall_ns % NS_PER_S, since);
	printf("  %s ", since);
	style_wrap(stdout, printing->columns, (unsigned)strlen(since) + 3,
		   *ban->reason ? ban->reason : "-");
	printing->failed = putchar('\n') == EOF;
	return printing->failed;
}

static int print_ban(const struct ban_record *ban, void *context)
{
	struct bans_printing *printing = context;
	int result = printing->json ? print_json(ban, printing) : print_text(ban, printing);

	printing->count++;
	return result;
}

static int print_all(struct instance *instance, struct bans_printing *printing)
{
	struct fault fault = { 0 };
	int result = bans_each(instance, print_ban, printing, &fault);

	if (result)
		return cmd_failed(&cmd_bans, &fault);
	if (!printing->json && !printing->count && instance->gate)
		puts("no ban is in force");
	if (fflush(stdout) || printing->failed) {
		fault_set(&fault, -EIO, "cannot write to standard output: %s", strerror(errno));
		return cmd_failed(&cmd_bans, &fault);
	}
	if (fault.error)
		cmd_warn(&cmd_bans, "the reasons are not known: %s", fault.text);
	if (printing->would && !printing->json && printing->count)
		cmd_warn(&cmd_bans, "monitor mode: nobody is shut out; these would be");
	if (!instance->gate)
		cmd_warn(&cmd_bans, "none of these is in force: %s", instance->gate_fault.text);
	return EXIT_DONE;
}

struct bans_options {
	bool json, ended, has_since;
	int64_t since_wall_ns;
};

static int read_options(int argc, char **argv, struct bans_options *options)
{
	static const struct option known[] = { { "json", no_argument, NULL, 'j' },
					       { "ended", no_argument, NULL, 'e' },
					       { "since", required_argument, NULL, 's' },
					       { 0 } };

	for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
		if (c == ':' || c == '?')
			return cmd_bad_option(&cmd_bans, known, c, argv);
		options->json |= c == 'j';
		options->ended |= c == 'e';
		if (c != 's')
			continue;
		options->has_since = true;
		if (since_arg(&cmd_bans, optarg, clock_wall_ns(), &options->since_wall_ns))
			return EXIT_USAGE;
	}
	if (optind < argc)
		return cmd_usage(
			&cmd_bans,
			"unexpected argument '%s'; `sekisho why %s` tells about one address",
			argv[optind], argv[optind]);
	if (options->has_since && !options->ended)
		return cmd_usage(&cmd_bans, "--since needs --ended");
	return EXIT_DONE;
}

static int in_force(struct instance *instance, bool json)
{
	_cleanup_(free_printing) struct bans_printing printing = {
		.json = json,
		.columns = style_columns(stdout),
		.now_wall_ns = clock_wall_ns(),
		.since = { .second = INT64_MIN },
		.until = { .second = INT64_MIN },
		.last = { .second = INT64_MIN },
	};

	if (name_services(&printing, instance->config)) {
		struct fault fault = { 0 };

		fault_set(&fault, -ENOMEM, "out of memory");
		return cmd_failed(&cmd_bans, &fault);
	}
	/* If there may be a gate that cannot be asked, the bans in force are not known. */
	if (!instance->gate && instance->gate_fault.error != -ENOENT)
		return cmd_failed(&cmd_bans, &instance->gate_fault);
	/* Neither gate nor store: a fresh installation without bans. */
	if (!instance->gate && !instance->store && instance->store_fault.error == -ENOENT)
		return EXIT_DONE;
	printing.would = instance->gate && !bans_enforced(instance);
	origins_load(instance, &printing.origins);
	return print_all(instance, &printing);
}

static int run(const struct globals *globals, int argc, char **argv)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct bans_options options = { .since_wall_ns = INT64_MIN };
	int status = read_options(argc, argv, &options);

	if (status)
		return status;
	if (cmd_open(&cmd_bans, globals,
		     options.ended ? INSTANCE_STORE_READ : INSTANCE_STORE_READ | INSTANCE_GATE,
		     &instance))
		return EXIT_FAILED;
	return options.ended ? bans_ended(&cmd_bans, &instance, options.since_wall_ns, options.json)
			     : in_force(&instance, options.json);
}

const struct command cmd_bans = {
	.name = "bans",
	.summary = "the bans in force, or those that ended",
	.usage = "[--json] [--ended [--since TIME]]",
	.help = "Needs root. Shows the bans in the kernel, with what the store knows of "
		"them. Where no gate is loaded, shows the bans that `sekisho load` would "
		"put in force. CC and PROVIDER are those of the prefix's first address, if "
		"there is data. SERVICES is what a ban closes: smtp (port 25), login (all "
		"others), or all. PACKETS is how many packets all bans of the prefix have "
		"dropped, or in monitor mode would have dropped. The line below says since "
		"when, and why.\n\n"
		"  --ended       the bans that ended in the last 90 days, the last first; "
		"\"lifted\": it ended before its time, by hand or to make room\n"
		"  --since TIME  with --ended: only bans that ended since then; " SINCE_HELP "\n"
		"  --json        one object a line: prefix, services, since, until, rule, "
		"reason, packets, attempts, last, country, provider; null where something "
		"is not known; with --ended: prefix, services, since, ended, lifted, "
		"rule, reason\n",
	.run = run,
};
