// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho run`: the daemon, in the foreground. */
#include <getopt.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "daemon/daemon.h"
#include "daemon/daemon_log.h"
#include "daemon/lock.h"

static int run_daemon(const struct globals *globals, bool unload)
{
	struct daemon daemon = {
		.config_path = globals->config_path,
		.verbose = globals->verbose,
		.instance = { .lock_fd = -1 },
		.started_wall_ns = clock_wall_ns(),
		.on_terminal = isatty(STDOUT_FILENO),
	};
	_cleanup_(daemon_unlock) struct daemon_lock lock = { -1, -1 };
	struct fault fault = { 0 };
	int status = EXIT_DONE;

	passed_sockets_take(&daemon.passed);
	if (daemon_start(&daemon, &lock, &fault) || daemon_follow(&daemon, &fault))
		status = cmd_failed(&cmd_run, &fault);
	daemon_stop(&daemon);
	if (daemon.instance.gate && lock.pins_fd >= 0) {
		if (daemon.instance.gate_lost)
			log_line(true, "stopped; the gate had been unloaded under it");
		else if (!unload)
			log_line(false, "stopped; the gate stays (`sekisho unload` takes it away)");
		else if (gate_unload(daemon.instance.config->paths.pins, &fault))
			status = cmd_failed(&cmd_run, &fault);
		else
			log_line(false, "detached and unloaded");
	}
	instance_close(&daemon.instance);
	return status;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "unload", no_argument, NULL, 'u' }, { 0 } };
	bool unload = false;

	for (int c; (c = getopt_long(argc, argv, "+:u", options, NULL)) != -1;) {
		if (c != 'u')
			return cmd_bad_option(&cmd_run, options, c, argv);
		unload = true;
	}
	if (optind < argc)
		return cmd_usage(&cmd_run, "unexpected argument '%s'", argv[optind]);
	return run_daemon(globals, unload);
}

const struct command cmd_run = {
	.name = "run",
	.summary = "load the gate, follow the logs, ban whom the rules name",
	.usage = "[--unload]",
	.help = "What the service does: loads the gate (see `load`), attaches it to the "
		"devices as they come and go, follows the logs of the configuration, and "
		"bans.\n\n"
		"  -u, --unload  takes the gate away at the end; without it the gate goes "
		"on without the daemon: bans end by themselves, lists and policy hold\n\n"
		"SIGTERM and SIGINT end it. SIGHUP reads the configuration again, as a "
		"whole or not at all. Speaks sd_notify(3). Needs root.\n",
	.run = run,
};
