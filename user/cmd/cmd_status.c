// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho status`: mode, devices, tables, daemon. user/show/ formats them. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "enforce/instance.h"
#include "show/render.h"

static int print(const struct snapshot *snapshot, bool as_json, bool verbose)
{
	_cleanup_free_ char *json = NULL;
	struct fault fault;

	if (as_json) {
		json = json_status(snapshot);
		if (!json) {
			fault_set(&fault, -ENOMEM, "out of memory");
			return cmd_failed(&cmd_status, &fault);
		}
		fputs(json, stdout);
	} else {
		text_status(stdout, snapshot, verbose);
	}
	if (fflush(stdout) || ferror(stdout)) {
		fault_set(&fault, -errno, "cannot write to standard output: %m");
		return cmd_failed(&cmd_status, &fault);
	}
	return snapshot->loaded && !snapshot_is_open(snapshot) ? EXIT_DONE : EXIT_FAILED;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "verbose", no_argument, NULL, 'v' },
						 { 0 } };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;
	struct fault fault = { 0 };
	bool as_json = false, verbose = globals->verbose;

	for (int c; (c = getopt_long(argc, argv, ":v", options, NULL)) != -1;) {
		if (c == '?')
			return cmd_bad_option(&cmd_status, options, c, argv);
		as_json |= c == 'j';
		verbose |= c == 'v';
	}
	if (optind < argc)
		return cmd_usage(&cmd_status, "takes no argument: '%s'", argv[optind]);
	if (cmd_open(&cmd_status, globals, INSTANCE_STORE_READ | INSTANCE_GATE, &instance))
		return EXIT_FAILED;
	/* It is not known whether a gate is loaded: no answer is better than "none". */
	if (!instance.gate &&
	    (instance.gate_fault.error == -EPERM || instance.gate_fault.error == -EACCES)) {
		fault_set(&fault, instance.gate_fault.error,
			  "the gate cannot be asked: Operation not permitted; run it as root");
		return cmd_failed(&cmd_status, &fault);
	}
	if (snapshot_fill(&instance, SNAPSHOT_STATUS, clock_wall_ns(), clock_boot_ns(), &snapshot,
			  &fault))
		return cmd_failed(&cmd_status, &fault);
	return print(snapshot, as_json, verbose);
}

const struct command cmd_status = {
	.name = "status",
	.summary = "mode, devices and how attached, tables, log sources, last fault",
	.usage = "[--json | --verbose]",
	.help = "Says in one line whether mail is guarded here, and then which devices the "
		"gate is on and how, how old the country data is, and what the daemon "
		"follows. Tables are shown if they are 80 % full. Needs root.\n\n"
		"  --json         one object; its schema is in sekisho(8)\n"
		"  -v, --verbose  also the contract's version, what is remembered, the "
		"maps' memory, and all tables\n\n"
		"Exit status: 0 when a gate is loaded and sees what comes in by every "
		"device that the configuration means; 1 when no gate is loaded, or mail "
		"gets past it on one of these devices (OPEN, NOT GUARDED); 2 wrong usage.\n",
	.run = run,
};
