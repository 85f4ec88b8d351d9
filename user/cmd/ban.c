// SPDX-License-Identifier: GPL-2.0-or-later
/* sekisho ban: shut prefixes out by hand. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "cmd/prefix_args.h"
#include "enforce/bans.h"

struct ban_options {
	uint64_t seconds;
	const char *reason;
};

static int read_options(int argc, char **argv, struct ban_options *options)
{
	static const struct option known[] = { { "for", required_argument, NULL, 'f' },
					       { "reason", required_argument, NULL, 'r' },
					       { 0 } };

	*options = (struct ban_options){ .seconds = 3600, .reason = "" };
	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
		int error;

		if (c == ':')
			return cmd_usage(&cmd_ban, "%s needs a value", argv[optind - 1]);
		if (c == '?')
			return cmd_usage(&cmd_ban, "there is no option %s", argv[optind - 1]);
		if (c == 'r') {
			options->reason = optarg;
			continue;
		}
		error = duration_parse(optarg, &options->seconds);
		if (error == -ERANGE)
			return cmd_usage(&cmd_ban, "--for %s: from 1s to 100 years can be had",
					 optarg);
		if (error)
			return cmd_usage(&cmd_ban,
					 "--for %s: not a duration like 90s, 5m, 1h30m, 7d or 2w",
					 optarg);
	}
	return EXIT_DONE;
}

static void report(const struct ban_request *request, uint64_t seconds, size_t closed)
{
	char prefix[PREFIX_TEXT_SIZE], until[TIME_TEXT_SIZE], length[TIME_TEXT_SIZE];

	prefix_format(&request->prefix, prefix);
	time_format(request->until_wall_ns - request->until_wall_ns % NS_PER_S, until);
	duration_format(seconds, length);
	printf("banned %s until %s (%s), %zu open connection%s closed\n", prefix, until, length,
	       closed, closed == 1 ? "" : "s");
}

/* The lock is had for one ban at a time: others, and the daemon, are not to wait for all of them. */
static int ban_one(struct instance *instance, const struct protected_set *set,
		   const struct ban_request *request, size_t *closed, struct fault *fault)
{
	int error = instance_lock(instance, fault);

	if (error)
		return error;
	error = bans_add(instance, set, request, closed, fault);
	instance_unlock(instance);
	return error;
}

/* One that is refused does not keep the others from being banned. */
static int ban_all(struct instance *instance, const struct protected_set *set,
		   const struct prefix *prefixes, int count, const struct ban_options *options)
{
	int status = EXIT_DONE;

	for (int i = 0; i < count; i++) {
		int64_t now = clock_wall_ns();
		struct ban_request request = {
			.prefix = prefixes[i],
			.now_wall_ns = now,
			.until_wall_ns = now + (int64_t)options->seconds * NS_PER_S,
			.rule = RULE_MANUAL,
			.reason = options->reason,
		};
		struct fault fault;
		size_t closed;

		if (i)
			instance_let_others();
		if (ban_one(instance, set, &request, &closed, &fault)) {
			status = cmd_failed(&cmd_ban, &fault);
			continue;
		}
		report(&request, options->seconds, closed);
		if (fault.error)
			cmd_warn(&cmd_ban, "%s", fault.text);
	}
	return status;
}

static void cleanup_protected(struct protected_set *set)
{
	protected_free(set);
}

static int run(const struct globals *globals, int argc, char **argv)
{
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_(cleanup_protected) struct protected_set set = { 0 };
	_cleanup_free_ struct prefix *prefixes = NULL;
	struct ban_options options;
	struct fault fault = { 0 };
	int status = read_options(argc, argv, &options);

	if (!status)
		status = prefix_args(&cmd_ban, argv + optind, argc - optind, &prefixes);
	if (status)
		return status;
	if (instance_open(globals->config_path, INSTANCE_STORE_WRITE | INSTANCE_GATE, &instance,
			  &fault))
		return cmd_failed(&cmd_ban, &fault);
	instance_unlock(&instance);
	if (protected_load(instance.config, &set, &fault))
		return cmd_failed(&cmd_ban, &fault);
	status = ban_all(&instance, &set, prefixes, argc - optind, &options);
	if (instance.gate && !bans_enforced(&instance))
		cmd_warn(&cmd_ban, "the gate is in monitor mode: it counts what it would drop, and "
				   "drops nothing");
	return status;
}

const struct command cmd_ban = {
	.name = "ban",
	.summary = "shut prefixes out until a time",
	.usage = "[--for DURATION] [--reason TEXT] PREFIX...",
	.help = "Needs root and a loaded gate. The ban holds at once, ends by itself, and outlasts "
		"a\n"
		"reboot; open connections of the prefix are closed. A ban that is there already "
		"gets\n"
		"the new end and reason. Own, gateway and loopback addresses, those that login\n"
		"sessions come from, and [gate] never-ban are refused, as is what is wider than "
		"/8\n"
		"(IPv6: /16).\n\n"
		"  --for DURATION  90s, 5m, 1h30m, 7d; default 1h\n"
		"  --reason TEXT   shown by `sekisho bans` and `sekisho why`\n",
	.run = run,
};
