// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho stats`: the counters. user/show/ formats them. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "enforce/instance.h"
#include "show/fleet_status.h"
#include "show/render.h"

enum form { FORM_TEXT, FORM_JSON, FORM_PROMETHEUS };

static int refuse_without_gate(const struct instance *instance)
{
	struct fault fault = instance->gate_fault;

	if (fault.error == -ENOENT)
		fault_set(&fault, -ENOENT,
			  "no gate is loaded, so nothing is counted; load one with `sekisho load` "
			  "or `sekisho run`");
	else if (fault.error == -EPERM || fault.error == -EACCES)
		fault_set(&fault, fault.error,
			  "the gate's counters cannot be read: Operation not permitted; run it "
			  "as root");
	return cmd_failed(&cmd_stats, &fault);
}

static int print(const struct config *config, const struct snapshot *snapshot, enum form form)
{
	_cleanup_free_ char *json = NULL;
	struct fault fault;

	if (form == FORM_TEXT)
		text_stats(stdout, snapshot);
	if (form == FORM_PROMETHEUS) {
		prometheus_stats(stdout, snapshot);
		fleet_status_metrics(stdout, config, clock_wall_ns());
	}
	if (form == FORM_JSON) {
		json = json_stats(snapshot);
		if (!json) {
			fault_set(&fault, -ENOMEM, "out of memory");
			return cmd_failed(&cmd_stats, &fault);
		}
		fputs(json, stdout);
	}
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_DONE;
	fault_set(&fault, -errno, "cannot write to standard output: %m");
	return cmd_failed(&cmd_stats, &fault);
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "prometheus", no_argument, NULL, 'p' },
						 { 0 } };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;
	enum form form = FORM_TEXT;
	unsigned parts = SNAPSHOT_COUNTS;
	struct fault fault = { 0 };

	for (int c; (c = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
		enum form asked = c == 'j' ? FORM_JSON : FORM_PROMETHEUS;

		if (c == '?')
			return cmd_bad_option(&cmd_stats, options, c, argv);
		if (form != FORM_TEXT && form != asked)
			return cmd_usage(&cmd_stats, "--json or --prometheus, not both");
		form = asked;
	}
	if (optind < argc)
		return cmd_usage(&cmd_stats, "takes no argument: '%s'", argv[optind]);
	/* Metrics have no series per source, so sources are not read for them. */
	parts |= form == FORM_PROMETHEUS ? SNAPSHOT_STATUS : SNAPSHOT_TOP_TALKERS;
	parts |= form == FORM_TEXT ? SNAPSHOT_STATUS : 0; /* for the events of the logs */
	if (cmd_open(&cmd_stats, globals, INSTANCE_STORE_READ | INSTANCE_GATE, &instance))
		return EXIT_FAILED;
	if (!instance.gate)
		return refuse_without_gate(&instance);
	if (snapshot_fill(&instance, parts, clock_wall_ns(), clock_boot_ns(), &snapshot, &fault))
		return cmd_failed(&cmd_stats, &fault);
	return print(instance.config, snapshot, form);
}

const struct command cmd_stats = {
	.name = "stats",
	.summary = "the counters: by service, country, reason, list",
	.usage = "[--json | --prometheus]",
	.help = "Attempts are connection attempts (SYNs). In monitor mode nothing is dropped:\n"
		"would-drop counts what enforce mode would have dropped. Needs root.\n\n"
		"  --json        one object; its schema is in sekisho(8)\n"
		"  --prometheus  text exposition format, as [metrics] serves it\n\n"
		"Exit status: 0; 1 when no gate is loaded or it cannot be read; 2 wrong usage.\n",
	.run = run,
};
