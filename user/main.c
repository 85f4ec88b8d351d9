// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands, and the global options. Each command is a file in user/cmd/. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "cmd/help.h"

static const struct command *const commands[] = {
	&cmd_run,     &cmd_load,     &cmd_unload, &cmd_check,  &cmd_status, &cmd_stats,
	&cmd_top,     &cmd_outflow,  &cmd_import, &cmd_export, &cmd_lists,  &cmd_list,
	&cmd_fetch,   &cmd_country,  &cmd_ban,	  &cmd_unban,  &cmd_bans,   &cmd_why,
	&cmd_doctor,  &cmd_alerts,   &cmd_alert,  &cmd_parse,  &cmd_replay, &cmd_report,
	&cmd_account, &cmd_accounts, &cmd_setup,  &cmd_fleet,  &cmd_watch,  &cmd_stand_in,
};

static void print_help(FILE *out)
{
	fputs("usage: sekisho [-c FILE] [-v] [--utc] COMMAND [ARG...]\n\n"
	      "A connection limiter for mail servers, in the kernel.\n\n"
	      "  -c, --config FILE  default: $SEKISHO_CONFIG, else /etc/sekisho/sekisho.conf\n"
	      "  -v, --verbose      say more; the verifier's log when a program does not load\n"
	      "      --utc          times in UTC instead of local time, which JSON always is\n"
	      "  -h, --help         this text; `sekisho help COMMAND` for one command\n"
	      "  -V, --version      also `sekisho version`\n\ncommands:\n",
	      out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
}

static void print_command_help(const struct command *command)
{
	printf("usage: sekisho %s%s%s\n\n%s\n\n", command->name, *command->usage ? " " : "",
	       command->usage, command->summary);
	help_print(stdout, command->help);
}

static int run_command(const struct command *command, const struct globals *globals, int argc,
		       char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (strcmp(argv[i], "--help") && strcmp(argv[i], "-h"))
			continue;
		print_command_help(command);
		return EXIT_DONE;
	}
	optind = 0; /* glibc: start anew, past the global options */
	return command->run(globals, argc, argv);
}

/* NULL: there is none, which is said with the nearest there is. */
static const struct command *find_command(const char *name)
{
	struct nearest nearest = { .word = name };
	char *visible;

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (!strcmp(name, commands[i]->name))
			return commands[i];
		nearest_offer(&nearest, commands[i]->name);
	}
	visible = cmd_visible(name);
	fprintf(stderr, "sekisho: there is no command '%s'", visible ? visible : "?");
	free(visible);
	if (nearest.found)
		fprintf(stderr, "; did you mean '%s'?", nearest.found);
	fputs(nearest.found ? "\n" : "; `sekisho --help` lists them\n", stderr);
	return NULL;
}

/* `sekisho help [COMMAND]` and `sekisho version`, for those who do not know the options. */
static int run_word(int argc, char **argv)
{
	const struct command *command;

	if (argc > (strcmp(argv[0], "help") ? 1 : 2)) {
		fprintf(stderr,
			"sekisho: too many words; `sekisho help COMMAND` explains one command\n");
		return EXIT_USAGE;
	}
	if (!strcmp(argv[0], "version"))
		return puts("sekisho " SEKISHO_VERSION), EXIT_DONE;
	if (argc == 1)
		return print_help(stdout), EXIT_DONE;
	command = find_command(argv[1]);
	if (!command)
		return EXIT_USAGE;
	print_command_help(command);
	return EXIT_DONE;
}

static int refuse_option(int c, char **argv)
{
	char text[CMD_OPTION_SIZE];

	cmd_option_fault(cmd_global_options, c, argv, text);
	fprintf(stderr, "sekisho: %s\nTry `sekisho --help`.\n", text);
	return EXIT_USAGE;
}

static int run_arguments(int argc, char **argv)
{
	struct globals globals = { 0 };
	const struct command *command;

	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, "+:c:vhV", cmd_global_options, NULL)) != -1;) {
		if (c == 'c')
			globals.config_path = optarg;
		else if (c == 'v')
			globals.verbose = true;
		else if (c == 'u')
			time_show_utc();
		else if (c == 'h')
			return print_help(stdout), EXIT_DONE;
		else if (c == 'V')
			return puts("sekisho " SEKISHO_VERSION), EXIT_DONE;
		else
			return refuse_option(c, argv);
	}
	if (optind == argc)
		return print_help(stderr), EXIT_USAGE;
	if (!strcmp(argv[optind], "help") || !strcmp(argv[optind], "version"))
		return run_word(argc - optind, argv + optind);
	command = find_command(argv[optind]);
	return command ? run_command(command, &globals, argc - optind, argv + optind) : EXIT_USAGE;
}

/* Output that standard output did not take (a full disk) is no success. Commands that look
 * themselves have failed by now. */
static int judge_output(int status)
{
	int error = fflush(stdout) ? errno : ferror(stdout) ? EIO : 0;

	if (!error || status != EXIT_DONE)
		return status;
	fprintf(stderr, "sekisho: cannot write to standard output: %s\n", strerror(error));
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	return judge_output(run_arguments(argc, argv));
}
