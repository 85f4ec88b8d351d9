// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho alerts`: the alerts of the last 90 days. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "cmd/since_arg.h"
#include "show/json.h"
#include "show/visible.h"

struct alerts_printing {
	bool json;
	size_t count;
};

struct options {
	bool json;
	const char *account;
	int64_t from_wall_ns;
};

static void print_about(const struct store_past_alert *alert, const json_t *facts)
{
	size_t accounts = json_array_size(json_object_get(facts, "accounts"));
	char prefix[PREFIX_TEXT_SIZE] = "the server";

	if (alert->account) {
		visible_print(stdout, alert->account);
		return;
	}
	if (alert->prefix)
		prefix_format(alert->prefix, prefix);
	else if (accounts)
		snprintf(prefix, sizeof(prefix), "%zu accounts", accounts);
	fputs(prefix, stdout);
}

static void print_text(const struct store_past_alert *alert)
{
	_cleanup_(cleanup_json) json_t *facts = json_loads(alert->facts, 0, NULL);
	const char *reason = json_string_value(json_object_get(facts, "reason"));
	char time[TIME_TEXT_SIZE];

	time_show(alert->wall_ns - alert->wall_ns % NS_PER_S, time);
	printf("%s  %s: ", time, alert->rule);
	print_about(alert, facts);
	fputs(": ", stdout);
	visible_print(stdout, reason ? reason : "?");
	putchar('\n');
}

static int print_alert(const struct store_past_alert *alert, void *context)
{
	struct alerts_printing *printing = context;

	printing->count++;
	if (printing->json)
		puts(alert->facts);
	else
		print_text(alert);
	return ferror(stdout);
}

static int print_all(struct store *store, const struct options *options)
{
	struct alerts_printing printing = { .json = options->json };
	struct fault fault = { 0 };

	if (store_past_alerts_each(store, options->account, options->from_wall_ns, print_alert,
				   &printing, &fault))
		return cmd_failed(&cmd_alerts, &fault);
	if (!printing.count && !options->json)
		puts("there was no alert");
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_DONE;
	fault_set(&fault, -EIO, "cannot write to standard output: %m");
	return cmd_failed(&cmd_alerts, &fault);
}

static int read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = { { "json", no_argument, NULL, 'j' },
					       { "account", required_argument, NULL, 'a' },
					       { "since", required_argument, NULL, 's' },
					       { 0 } };
	int status = EXIT_DONE;

	for (int c; !status && (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
		if (c == ':' || c == '?')
			return cmd_bad_option(&cmd_alerts, known, c, argv);
		options->json |= c == 'j';
		if (c == 'a')
			options->account = optarg;
		if (c == 's')
			status = since_arg(&cmd_alerts, optarg, clock_wall_ns(),
					   &options->from_wall_ns);
	}
	if (!status && optind < argc)
		return cmd_usage(
			&cmd_alerts,
			"unexpected argument '%s'; --account NAME shows the alerts of one account",
			argv[optind]);
	return status;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct options options = { .from_wall_ns = INT64_MIN };
	int status = read_options(argc, argv, &options);

	if (status)
		return status;
	if (cmd_open(&cmd_alerts, globals, INSTANCE_STORE_READ, &instance))
		return EXIT_FAILED;
	if (!instance.store && instance.store_fault.error == -ENOENT)
		return EXIT_DONE; /* a fresh installation */
	if (!instance.store)
		return cmd_failed(&cmd_alerts, &instance.store_fault);
	return print_all(instance.store, &options);
}

const struct command cmd_alerts = {
	.name = "alerts",
	.summary = "the alerts of the last 90 days",
	.usage = "[--json] [--account NAME] [--since TIME]",
	.help = "Needs root. Lists the alerts of the rules and of the outflow breaker, the last "
		"first,\n"
		"whether an alert program was run for them or not: when, the rule, whom it is "
		"about,\n"
		"and why. Kept for 90 days; of each rule the newest 2,000.\n\n"
		"  --account NAME  those of one account\n"
		"  --since TIME    " SINCE_HELP "\n"
		"  --json          one object a line, as the alert program got it, without the "
		"evidence\n",
	.run = run,
};
