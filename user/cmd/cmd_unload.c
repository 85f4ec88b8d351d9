// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho unload`: removes the gate from the kernel. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "daemon/lock.h"
#include "enforce/instance.h"

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "force", no_argument, NULL, 'f' }, { 0 } };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct fault fault = { 0 };
	bool force = false;
	pid_t daemon;

	for (int c; (c = getopt_long(argc, argv, "+:f", options, NULL)) != -1;) {
		if (c != 'f')
			return cmd_bad_option(&cmd_unload, options, c, argv);
		force = true;
	}
	if (optind < argc)
		return cmd_usage(&cmd_unload, "unexpected argument '%s'", argv[optind]);
	if (cmd_open(&cmd_unload, globals, INSTANCE_TABLES | INSTANCE_STORE_WRITE, &instance))
		return EXIT_FAILED;
	daemon = daemon_holder(instance.config->paths.runtime);
	if (daemon && !force) {
		fault_set(&fault, -EBUSY,
			  "`sekisho run` (pid %d) is using this gate; stop it first, or --force",
			  (int)daemon);
		return cmd_failed(&cmd_unload, &fault);
	}
	if (gate_unload(instance.config->paths.pins, &fault))
		return cmd_failed(&cmd_unload, &fault);
	printf("unloaded: every port is as if sekisho were not installed; bans stay in the "
	       "store\n");
	return EXIT_DONE;
}

const struct command cmd_unload = {
	.name = "unload",
	.summary = "take the gate off the devices and out of the kernel",
	.usage = "[--force]",
	.help = "Detaches every program of this instance, of any version, and removes its "
		"pins. The counters are lost; bans and lists stay in the store for the next "
		"load. Programs of a sekisho whose pins are gone are detached as well. At "
		"the end the command verifies that nothing is left.\n\n"
		"  -f, --force  unloads although `sekisho run` is using the gate\n\n"
		"Needs root.\n",
	.run = run,
};
