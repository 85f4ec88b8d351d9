// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho doctor`: what is wrong or risky here. The checks are user/doctor/'s. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "doctor/doctor.h"
#include "show/style.h"

static int print(const struct doctor_report *report, int64_t now_wall_ns, bool as_json)
{
	_cleanup_free_ char *json = NULL;
	struct fault fault;

	if (as_json) {
		json = doctor_json(report, now_wall_ns);
		if (!json) {
			fault_set(&fault, -ENOMEM, "out of memory");
			return cmd_failed(&cmd_doctor, &fault);
		}
		fputs(json, stdout);
	} else {
		doctor_text(stdout, report, style_columns(stdout), style_wanted(stdout));
	}
	if (fflush(stdout) || ferror(stdout)) {
		fault_set(&fault, -errno, "cannot write to standard output: %m");
		return cmd_failed(&cmd_doctor, &fault);
	}
	return doctor_status(report) ? EXIT_FAILED : EXIT_DONE;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	_cleanup_(cleanup_doctor_facts) struct doctor_facts *facts = NULL;
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_free_ struct doctor_report *report = calloc(1, sizeof(*report));
	int64_t now_wall_ns = clock_wall_ns();
	struct fault fault = { 0 };
	bool as_json = false;

	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == '?')
			return cmd_usage(&cmd_doctor, "there is no option '%s'", argv[optind - 1]);
		as_json = true;
	}
	if (optind < argc)
		return cmd_usage(&cmd_doctor, "takes no argument: '%s'", argv[optind]);
	if (!report) {
		fault_set(&fault, -ENOMEM, "out of memory");
		return cmd_failed(&cmd_doctor, &fault);
	}
	if (instance_open(globals->config_path, INSTANCE_STORE_READ | INSTANCE_GATE, &instance,
			  &fault) ||
	    doctor_gather(&instance, now_wall_ns, clock_boot_ns(), &facts, &fault))
		return cmd_failed(&cmd_doctor, &fault);
	doctor_check(facts, report);
	return print(report, now_wall_ns, as_json);
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "what is wrong or risky here, what it means, and what to do",
	.usage = "[--json]",
	.help = "Looks at the kernel, the gate, devices and offloads, tables, ports that mail "
		"daemons\n"
		"listen on, country data, and the last 4 MiB of each log: is everything from one "
		"local\n"
		"address, are accounts and successes named, is the format known? Changes nothing.\n"
		"Without root only half can be looked at, and it says so.\n\n"
		"  --json  one object; its schema is in sekisho(8)\n\n"
		"Exit status: 0 when nothing but notes was found, 1 otherwise, 2 wrong usage.\n",
	.run = run,
};
