// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho stand-in`: answers Dovecot while the daemon does not. */
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "daemon/policy_stand_in.h"

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { 0 } };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct fault fault = { 0 };
	int c = getopt_long(argc, argv, "+:", options, NULL);

	if (c != -1)
		return cmd_bad_option(&cmd_stand_in, options, c, argv);
	if (optind < argc)
		return cmd_usage(&cmd_stand_in, "unexpected argument '%s'", argv[optind]);
	if (cmd_open(&cmd_stand_in, globals, INSTANCE_FAULTY, &instance))
		return EXIT_FAILED;
	if (instance.config->policy.dovecot.kind == LISTEN_OFF) {
		puts("sekisho: nobody to stand in for: [policy] dovecot is off");
		return EXIT_DONE;
	}
	if (policy_stand_in_run(&instance.config->policy.dovecot, &fault))
		return cmd_failed(&cmd_stand_in, &fault);
	return EXIT_DONE;
}

const struct command cmd_stand_in = {
	.name = "stand-in",
	.summary = "let every login go on that Dovecot asks about, without the daemon",
	.usage = "",
	.help = "While the daemon is stopped Dovecot would ask again and again until its\n"
		"time-out is over. This listens where [policy] dovecot says and answers at once\n"
		"that each login may go on, until it gets SIGTERM. It needs no rights.\n"
		"sekisho-stand-in.service runs it beside sekisho.service, for what that leaves;\n"
		"see sekisho-policy(7).\n",
	.run = run,
};
