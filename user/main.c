// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands, and the global options. Each command is a file in user/cmd/. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/help.h"

static const struct command *const commands[] = {
	&cmd_run,     &cmd_load,   &cmd_unload, &cmd_check, &cmd_status,  &cmd_stats, &cmd_top,
	&cmd_outflow, &cmd_import, &cmd_export, &cmd_lists, &cmd_country, &cmd_ban,   &cmd_unban,
	&cmd_bans,    &cmd_why,	   &cmd_doctor, &cmd_parse, &cmd_replay,
};

static void print_help(FILE *out)
{
	fputs("usage: sekisho [-c FILE] [-v] COMMAND [ARG...]\n\n"
	      "A connection limiter for mail servers, in the kernel.\n\n"
	      "  -c, --config FILE  default: $SEKISHO_CONFIG, else /etc/sekisho/sekisho.conf\n"
	      "  -v, --verbose      say more; the verifier's log when a program does not load\n"
	      "  -h, --help         this text; `sekisho COMMAND --help` for one command\n"
	      "  -V, --version\n\ncommands:\n",
	      out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
}

static int run_command(const struct command *command, const struct globals *globals, int argc,
		       char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (strcmp(argv[i], "--help") && strcmp(argv[i], "-h"))
			continue;
		printf("usage: sekisho %s%s%s\n\n%s\n\n", command->name, *command->usage ? " " : "",
		       command->usage, command->summary);
		help_print(stdout, command->help);
		return EXIT_DONE;
	}
	optind = 0; /* glibc: start anew, past the global options */
	return command->run(globals, argc, argv);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
						 { "verbose", no_argument, NULL, 'v' },
						 { "help", no_argument, NULL, 'h' },
						 { "version", no_argument, NULL, 'V' },
						 { 0 } };
	struct globals globals = { 0 };

	for (int c; (c = getopt_long(argc, argv, "+c:vhV", options, NULL)) != -1;) {
		if (c == 'c')
			globals.config_path = optarg;
		else if (c == 'v')
			globals.verbose = true;
		else if (c == 'h')
			return print_help(stdout), EXIT_DONE;
		else if (c == 'V')
			return puts("sekisho " SEKISHO_VERSION), EXIT_DONE;
		else
			return fputs("Try `sekisho --help`.\n", stderr), EXIT_USAGE;
	}
	if (optind == argc)
		return print_help(stderr), EXIT_USAGE;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[optind], commands[i]->name))
			return run_command(commands[i], &globals, argc - optind, argv + optind);
	fprintf(stderr, "sekisho: there is no command '%s'; `sekisho --help` lists them\n",
		argv[optind]);
	return EXIT_USAGE;
}
