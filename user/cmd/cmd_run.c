// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho run`: the daemon, in the foreground. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "daemon/alert_test.h"
#include "daemon/daemon.h"
#include "daemon/ban_queue.h"
#include "daemon/fleet_link.h"
#include "daemon/lock.h"
#include "daemon/notify.h"
#include "daemon/policy_server.h"
#include "daemon/privilege.h"
#include "daemon/refresh.h"
#include "daemon/reload.h"
#include "daemon/daemon_log.h"
#include "daemon/list_files_watch.h"
#include "daemon/sweep.h"
#include "kernel/pins.h"
#include "show/daemon_status.h"

#define SAVE_EVERY_NS	 NS_PER_S
#define OUTFLOW_EVERY_NS NS_PER_S
#define STATUS_EVERY_NS	 (2 * NS_PER_S)

/* In the order in which a transaction is written and ends. */
static const struct commit_part *const commit_parts[] = {
	&ban_queue_part, &logs_part, &detect_store_part, &past_part, NULL,
};

static void on_save(void *context)
{
	struct daemon *daemon = context;

	ban_queue_tick(daemon);
	if (daemon->reload_again)
		reload(daemon);
	logs_retry(daemon);
	decide_held(daemon);
	account_orders_take(daemon);
	past_tick(daemon, false);
	commit_sync(daemon);
	alert_test_tick(daemon);
	notify_alive();
}

static void on_outflow(void *context)
{
	struct daemon *daemon = context;
	struct fault fault = { 0 };

	if (outflow_watch_check(&daemon->outflow, daemon->instance.gate, &fault) &&
	    strcmp(fault.text, daemon->last_fault.text))
		daemon_fault(daemon, "%s", fault.text);
}

static void on_report(void *context)
{
	report_write(context);
}

static void on_terminal(void *context)
{
	const struct daemon *daemon = context;

	if (!daemon->progress.behind) /* which has the line to itself */
		report_terminal(context);
}

static void on_signal(int signal, void *context)
{
	struct daemon *daemon = context;

	if (signal == SIGHUP)
		reload(daemon);
	else
		loop_stop(daemon->loop);
}

static int prepare_signals(struct daemon *daemon, struct fault *fault)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	err = loop_signals(daemon->loop, &set, on_signal, daemon);
	return err ? fault_set(fault, err, "cannot take signals: %s", strerror(-err)) : 0;
}

static int prepare_timers(struct daemon *daemon, struct fault *fault)
{
	int err = sweep_begin(daemon);

	if (!err)
		err = loop_every(daemon->loop, SAVE_EVERY_NS, on_save, daemon);
	if (!err)
		err = loop_every(daemon->loop, DAEMON_STATUS_EVERY_S * NS_PER_S, on_report, daemon);
	if (!err)
		err = list_files_watch(daemon);
	if (!err)
		err = loop_every(daemon->loop, OUTFLOW_EVERY_NS, on_outflow, daemon);
	if (!err && daemon->on_terminal)
		err = loop_every(daemon->loop, STATUS_EVERY_NS, on_terminal, daemon);
	return err ? fault_set(fault, err, "cannot set a timer: %s", strerror(-err)) : 0;
}

static int start(struct daemon *daemon, struct daemon_lock *lock, struct fault *fault)
{
	struct start_options options = { .verbose = daemon->verbose, .log = log_text };
	const struct config *config;
	int err;

	err = instance_open(daemon->config_path, INSTANCE_TABLES | INSTANCE_STORE_WRITE,
			    &daemon->instance, fault);
	if (err)
		return err;
	config = daemon->instance.config;
	err = daemon_lock_runtime(config->paths.runtime, lock, fault);
	if (!err)
		err = pins_make(config->paths.pins, fault);
	if (!err)
		err = daemon_lock_pins(config->paths.pins, lock, fault);
	if (!err)
		err = privilege_begin(config, fault);
	if (!err)
		err = start_gate(&daemon->instance, &options, fault);
	if (err)
		return err;
	instance_unlock(&daemon->instance);
	instance_unlock_tables(&daemon->instance);
	daemon->evidence = calloc(EVIDENCE_RING, sizeof(*daemon->evidence));
	if (!daemon->evidence)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = detect_store_open(daemon, fault);
	if (!err)
		err = loop_new(&daemon->loop, fault);
	if (!err)
		err = ban_queue_open(daemon, fault);
	if (!err)
		err = alerting_open(daemon, fault);
	if (!err)
		err = prepare_signals(daemon, fault);
	if (!err)
		err = guard_open(daemon, fault);
	if (!err)
		err = limits_open(daemon, fault);
	if (!err)
		err = logs_open(daemon, fault);
	if (!err)
		err = prepare_timers(daemon, fault);
	if (!err)
		err = rate_sampler_begin(daemon, fault);
	if (!err)
		err = past_begin(daemon, fault);
	if (!err)
		metrics_open(daemon);
	if (!err)
		policy_open(daemon);
	if (!err)
		fleet_link_open(daemon);
	if (!err && passed_sockets_settle(&daemon->passed, daemon->loop))
		log_line(true, "the configuration does not name a socket that the service manager "
			       "passed; its connections are closed");
	if (!err)
		err = privilege_settle(config, fault);
	/* Capabilities are a thread's own: those that begin from here on have no more than we. */
	if (!err)
		commit_open(daemon);
	return err;
}

static void stop(struct daemon *daemon)
{
	policy_finish(daemon);
	past_tick(daemon, true);
	if (daemon->loop)
		logs_close(daemon);
	refresh_close(daemon);
	if (daemon->reloading)
		config_free(daemon->reloading);
	ban_queue_close(daemon);
	commit_close(daemon);
	metrics_close(daemon);
	policy_close(daemon);
	fleet_link_close(daemon);
	passed_sockets_close(&daemon->passed);
	guard_close(daemon);
	gate_over_close(daemon->over);
	detect_store_close(daemon);
	alerts_free(daemon->alerts);
	protected_free(&daemon->protected);
	outflow_watch_free(&daemon->outflow);
	evidence_free(daemon);
	free(daemon->attachments);
	free(daemon->rate_sampler);
	free(daemon->past);
	refusals_end(daemon);
	loop_free(daemon->loop);
}

static int follow_until_stopped(struct daemon *daemon, struct fault *fault)
{
	int err;

	daemon->since_wall_ns = clock_wall_ns();
	report_write(daemon);
	report_terminal(daemon);
	notify("READY=1");
	err = loop_run(daemon->loop);
	notify("STOPPING=1");
	if (daemon->on_terminal)
		putchar('\n');
	return err ? fault_set(fault, err, "waiting failed: %s", strerror(-err)) : 0;
}

static int run_daemon(const struct globals *globals, bool unload)
{
	struct daemon daemon = {
		.config_path = globals->config_path,
		.verbose = globals->verbose,
		.instance = { .lock_fd = -1 },
		.commit_parts = commit_parts,
		.report = on_report,
		.started_wall_ns = clock_wall_ns(),
		.on_terminal = isatty(STDOUT_FILENO),
	};
	_cleanup_(daemon_unlock) struct daemon_lock lock = { -1, -1 };
	struct fault fault = { 0 };
	int status = EXIT_DONE;

	passed_sockets_take(&daemon.passed);
	if (start(&daemon, &lock, &fault) || follow_until_stopped(&daemon, &fault))
		status = cmd_failed(&cmd_run, &fault);
	stop(&daemon);
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
	.help = "What the service does: loads the gate (see `load`), attaches it to the devices "
		"as\n"
		"they come and go, follows the logs of the configuration, and bans.\n\n"
		"  -u, --unload  at the end, take the gate away; otherwise it goes on without the\n"
		"                daemon: bans end by themselves, lists and policy hold\n\n"
		"SIGTERM and SIGINT end it, SIGHUP reads the configuration anew, as a whole or "
		"not\n"
		"at all. Speaks sd_notify(3). Needs root.\n",
	.run = run,
};
