// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho load`: loads the gate without the daemon. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "daemon/lock.h"
#include "daemon/daemon_log.h"
#include "enforce/start.h"
#include "kernel/attach_ports.h"

static int attach_all(struct instance *instance, const struct command *command)
{
	_cleanup_free_ struct attachment *attachments = calloc(START_DEVICES, sizeof(*attachments));
	struct fault fault = { 0 };
	int count, missing = 0;

	if (!attachments) {
		fault_set(&fault, -ENOMEM, "out of memory");
		return cmd_failed(command, &fault);
	}
	count = start_attach(instance, attachments, &fault);
	if (count < 0)
		return cmd_failed(command, &fault);
	for (int i = 0; i < count; i++) {
		log_attachment(&attachments[i]);
		missing += !attachments[i].attached;
	}
	if (*attach_ports_why(instance->gate))
		log_line(true, "%s", attach_ports_why(instance->gate));
	if (!count) {
		fault_set(&fault, -ENODEV,
			  "no device has a default route, so nothing is guarded; name devices in "
			  "[gate] interface");
		return cmd_failed(command, &fault);
	}
	return missing ? EXIT_FAILED : EXIT_DONE;
}

/* Refuses to load beside a daemon of an older version: it would go on with maps that no program
 * uses any more. */
static int refuse_beside_older(const struct config *config, struct fault *fault)
{
	pid_t daemon = daemon_holder(config->paths.runtime);

	if (!daemon || !gate_is_of_older_contract(config->paths.pins))
		return 0;
	return fault_set(
		fault, -EBUSY,
		"the daemon (process %d) is of an older sekisho, whose gate this one would "
		"take over; restart it with this one instead, or stop it first",
		(int)daemon);
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { 0 } };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct start_options start = { .verbose = globals->verbose, .log = log_text };
	struct fault fault = { 0 };
	int c;

	c = getopt_long(argc, argv, "+:", options, NULL);
	if (c != -1)
		return cmd_bad_option(&cmd_load, options, c, argv);
	if (optind < argc)
		return cmd_usage(&cmd_load, "unexpected argument '%s'", argv[optind]);
	if (instance_open(globals->config_path, INSTANCE_TABLES | INSTANCE_STORE_WRITE, &instance,
			  &fault))
		return cmd_failed(&cmd_load, &fault);
	if (refuse_beside_older(instance.config, &fault) || start_gate(&instance, &start, &fault))
		return cmd_failed(&cmd_load, &fault);
	return attach_all(&instance, &cmd_load);
}

const struct command cmd_load = {
	.name = "load",
	.summary = "put the gate into the kernel and on the devices; no logs",
	.usage = "",
	.help = "Loads the programs, publishes policy, lists and countries, restores the "
		"bans of the store, and attaches to the devices of [gate] interface. A gate "
		"that is loaded already is replaced without a gap, and keeps its bans and "
		"counters.\n\n"
		"Exit status 1 if a device that the configuration means could not be "
		"guarded. Needs root.\n",
	.run = run,
};
