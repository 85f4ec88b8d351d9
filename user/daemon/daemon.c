// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon as a whole: what it starts, and in which order; what it does each second; how it ends.
 * What each part does is in the part's own file. */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "daemon/alert_test.h"
#include "daemon/ban_queue.h"
#include "daemon/daemon_log.h"
#include "daemon/fleet_link.h"
#include "daemon/list_files_watch.h"
#include "daemon/lock.h"
#include "daemon/notify.h"
#include "daemon/policy_server.h"
#include "daemon/privilege.h"
#include "daemon/refresh.h"
#include "daemon/reload.h"
#include "daemon/sweep.h"
#include "kernel/pins.h"
#include "show/daemon_status.h"

#define SAVE_EVERY_NS	 NS_PER_S
#define OUTFLOW_EVERY_NS NS_PER_S
#define STATUS_EVERY_NS	 (2 * NS_PER_S)

/* The order in which the parts write a transaction, and learn of its end. */
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
	rules_say_held(daemon);
	account_orders_take(daemon);
	past_tick(daemon, false);
	commit_sync(daemon);
	alert_test_tick(daemon);
	/* Whoever has just heard of a ban or an alert looks at once. */
	if (daemon->reported != daemon->bans + daemon->alerts_raised)
		status_write(daemon);
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
	status_write(context);
}

static void on_terminal(void *context)
{
	const struct daemon *daemon = context;

	if (!daemon->progress.behind) /* progress has the terminal's line to itself */
		status_write_terminal(context);
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

int daemon_start(struct daemon *daemon, struct daemon_lock *lock, struct fault *fault)
{
	struct start_options options = { .verbose = daemon->verbose, .log = log_text };
	const struct config *config;
	int err;

	err = instance_open(daemon->config_path, INSTANCE_TABLES | INSTANCE_STORE_WRITE,
			    &daemon->instance, fault);
	if (err)
		return err;
	config = daemon->instance.config;
	daemon->commit_parts = commit_parts;
	daemon->report = on_report;
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
	err = rules_open(daemon, fault);
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
	/* Capabilities belong to a thread: threads that begin from here on have no more than this
	 * one. */
	if (!err)
		commit_open(daemon);
	return err;
}

void daemon_stop(struct daemon *daemon)
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
	rules_close(daemon);
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

int daemon_follow(struct daemon *daemon, struct fault *fault)
{
	int err;

	daemon->since_wall_ns = clock_wall_ns();
	status_write(daemon);
	status_write_terminal(daemon);
	notify("READY=1");
	err = loop_run(daemon->loop);
	notify("STOPPING=1");
	if (daemon->on_terminal)
		putchar('\n');
	return err ? fault_set(fault, err, "waiting failed: %s", strerror(-err)) : 0;
}
