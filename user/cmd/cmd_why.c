// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho why ADDR`: how each service would treat this source now, and the evidence. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "cmd/since_arg.h"
#include "enforce/instance.h"
#include "show/why.h"
#include "show/why_then.h"

static int print(const struct why *why, const struct why_then *then, bool as_json)
{
	_cleanup_free_ char *json = NULL;
	struct fault fault;

	if (as_json) {
		json = json_why(why, then);
		if (!json) {
			fault_set(&fault, -ENOMEM, "out of memory");
			return cmd_failed(&cmd_why, &fault);
		}
		fputs(json, stdout);
	} else {
		if (then)
			text_why_then(stdout, then);
		text_why(stdout, why);
	}
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_DONE;
	fault_set(&fault, -errno, "cannot write to standard output: %m");
	return cmd_failed(&cmd_why, &fault);
}

/* Whether the gate or the store may not be read: then "pass" would be a guess. If there is no gate,
 * or no store yet, nothing is in force, which is an answer. */
static bool may_not_ask(const struct instance *instance, struct fault *fault)
{
	if (!instance->gate && instance->gate_fault.error != -ENOENT)
		*fault = instance->gate_fault;
	else if (!instance->gate && !instance->store && instance->store_fault.error != -ENOENT)
		*fault = instance->store_fault;
	else
		return false;
	if (fault->error == -EPERM || fault->error == -EACCES)
		fault_set(fault, fault->error,
			  "gate and store cannot be asked: Permission denied; run it as root");
	return true;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "at", required_argument, NULL, 'a' },
						 { 0 } };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_(cleanup_why) struct why *why = NULL;
	_cleanup_(cleanup_why_then) struct why_then *then = NULL;
	int64_t now = clock_wall_ns(), at = 0;
	struct fault fault = { 0 };
	struct address address;
	bool as_json = false;

	for (int c; (c = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
		if (c == '?' || c == ':')
			return cmd_bad_option(&cmd_why, options, c, argv);
		if (c == 'a' && time_arg(&cmd_why, "--at", optarg, now, &at))
			return EXIT_USAGE;
		as_json |= c == 'j';
	}
	if (argc - optind != 1)
		return cmd_usage(&cmd_why, "needs one address");
	if (address_parse(argv[optind], strlen(argv[optind]), &address))
		return cmd_usage(&cmd_why,
				 "'%s' is not an IPv4 or IPv6 address (a host name is not looked "
				 "up, a prefix has no one answer; `sekisho account NAME` tells of "
				 "an account)",
				 argv[optind]);
	if (at > now)
		return cmd_usage(&cmd_why, "--at: that is still to come");
	if (cmd_open(&cmd_why, globals, INSTANCE_STORE_READ | INSTANCE_GATE, &instance))
		return EXIT_FAILED;
	if (may_not_ask(&instance, &fault))
		return cmd_failed(&cmd_why, &fault);
	if (why_fill(&instance, &address, now, clock_boot_ns(), &why, &fault))
		return cmd_failed(&cmd_why, &fault);
	if (at && why_then_fill(&instance, why, at, now, &then, &fault))
		return cmd_failed(&cmd_why, &fault);
	return print(why, then, as_json);
}

const struct command cmd_why = {
	.name = "why",
	.summary = "what each service would say to an address now, and the evidence",
	.usage = "[--json] [--at TIME] ADDR",
	.help = "Names the source and its country, what each service answers and why, the "
		"bans and lists that cover the address, the log lines behind them, and how "
		"to undo them. Limits are not predicted: they depend on what is open at the "
		"moment. Needs root.\n\n"
		"  --at TIME  also what happened to the address then: bans, refusals around "
		"that time, and its log lines; " SINCE_HELP "\n"
		"  --json     one object; its schema is in sekisho(8)\n\n"
		"Exit status: 0 whatever the answer; 1 when it cannot be found; 2 wrong "
		"usage.\n",
	.run = run,
};
