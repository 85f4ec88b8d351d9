// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho doctor`: what is wrong or risky here. The checks are in user/doctor/. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "doctor/doctor.h"
#include "show/style.h"

static int written(void)
{
	struct fault fault;

	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_DONE;
	fault_set(&fault, -errno, "cannot write to standard output: %m");
	return cmd_failed(&cmd_doctor, &fault);
}

/* Prints the text and frees it; NULL: out of memory. */
static int print_json(char *text)
{
	_cleanup_free_ char *json = text;
	struct fault fault;

	if (!json) {
		fault_set(&fault, -ENOMEM, "out of memory");
		return cmd_failed(&cmd_doctor, &fault);
	}
	fputs(json, stdout);
	return written();
}

static int list_kinds(bool as_json)
{
	if (as_json)
		return print_json(doctor_json_kinds());
	doctor_text_kinds(stdout, style_columns(stdout), style_wanted(stdout));
	return written();
}

enum form { FORM_TEXT = 0, FORM_JSON, FORM_NAGIOS };

/* Reports that nothing could be examined. Monitoring systems only read standard output. */
static int not_examined(enum form form, const struct fault *fault)
{
	_cleanup_free_ char *visible = NULL;

	if (form != FORM_NAGIOS)
		return cmd_failed(&cmd_doctor, fault);
	visible = cmd_visible(fault->text);
	printf("SEKISHO UNKNOWN - %s\n", visible ? visible : "out of memory");
	return NAGIOS_UNKNOWN;
}

static int examine(const struct globals *globals, enum form form)
{
	_cleanup_(cleanup_doctor_facts) struct doctor_facts *facts = NULL;
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	_cleanup_free_ struct doctor_report *report = calloc(1, sizeof(*report));
	int64_t now_wall_ns = clock_wall_ns();
	struct fault fault = { 0 };
	int status;

	if (!report) {
		fault_set(&fault, -ENOMEM, "out of memory");
		return not_examined(form, &fault);
	}
	if (cmd_try_open(&cmd_doctor, globals, INSTANCE_STORE_READ | INSTANCE_GATE, &instance,
			 &fault) ||
	    doctor_gather(&instance, now_wall_ns, clock_boot_ns(), &facts, &fault))
		return not_examined(form, &fault);
	doctor_check(facts, report);
	if (form == FORM_NAGIOS) {
		status = doctor_nagios(stdout, report);
		return written() ? NAGIOS_UNKNOWN : status;
	}
	if (form == FORM_JSON) {
		status = print_json(doctor_json(report, now_wall_ns));
	} else {
		doctor_text(stdout, report, style_columns(stdout), style_wanted(stdout));
		status = written();
	}
	if (status)
		return status;
	return doctor_status(report) ? EXIT_FAILED : EXIT_DONE;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "list", no_argument, NULL, 'l' },
						 { "nagios", no_argument, NULL, 'n' },
						 { 0 } };
	bool as_json = false, list = false, nagios = false;

	for (int c; (c = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
		if (c == '?')
			return cmd_bad_option(&cmd_doctor, options, c, argv);
		as_json |= c == 'j';
		list |= c == 'l';
		nagios |= c == 'n';
	}
	if (nagios && (as_json || list))
		return cmd_usage(&cmd_doctor, "--nagios stands by itself");
	if (optind < argc)
		return cmd_usage(&cmd_doctor, "takes no argument: '%s'", argv[optind]);
	if (list)
		return list_kinds(as_json);
	return examine(globals, nagios ? FORM_NAGIOS : as_json ? FORM_JSON : FORM_TEXT);
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "what is wrong or risky here, what it means, and what to do",
	.usage = "[--json] [--list] | --nagios",
	.help = "Looks at the kernel, the gate, devices and offloads, tables, ports that mail "
		"daemons\n"
		"listen on, country data, the outflow breaker, alerts and metrics, and the end of "
		"each\n"
		"log: is everything from one local address, are accounts and successes named, is "
		"the\n"
		"format known? Changes nothing. Without root only half can be looked at, and it "
		"says so.\n\n"
		"  --json    one object; its schema is in sekisho(8)\n"
		"  --list    looks at nothing: every finding that there is, what it means, what to "
		"do\n"
		"  --nagios  a plugin's line for Nagios, Icinga and the like, with its exit "
		"status:\n"
		"            0 OK, 1 WARNING, 2 CRITICAL (something does not work), 3 UNKNOWN\n\n"
		"Exit status: 0 when nothing but notes was found, 1 otherwise, 2 wrong usage.\n",
	.run = run,
};
