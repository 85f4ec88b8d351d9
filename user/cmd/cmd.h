/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command is: one file in user/cmd/, one prototype here, one row in user/main.c. */
#ifndef SEKISHO_CMD_H
#define SEKISHO_CMD_H

#include <getopt.h>
#include <stdbool.h>
#include "base/fault.h"
#include "base/nearest.h"
#include "enforce/instance.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct globals {
	const char *config_path; /* -c; NULL: $SEKISHO_CONFIG or the default */
	bool verbose;		 /* -v */
};

struct command {
	const char *name;
	const char *summary; /* one line for `sekisho --help` */
	const char *usage;   /* after "sekisho NAME "; for errors and --help */
	const char *help;    /* paragraphs and options, for --help */
	int (*run)(const struct globals *globals, int argc, char **argv); /* argv[0] is the name */
};

extern const struct command cmd_run, cmd_load, cmd_unload, cmd_check, cmd_status, cmd_stats,
	cmd_import, cmd_export, cmd_lists, cmd_country, cmd_ban, cmd_unban, cmd_bans, cmd_why,
	cmd_top, cmd_alert, cmd_doctor, cmd_parse, cmd_outflow, cmd_replay, cmd_account,
	cmd_accounts, cmd_alerts, cmd_list, cmd_fetch, cmd_report, cmd_setup, cmd_fleet, cmd_watch,
	cmd_stand_in;

/* "sekisho NAME: text" on standard error; return EXIT_FAILED and EXIT_USAGE. The usage error also
 * says how to get help. */
int cmd_failed(const struct command *command, const struct fault *fault);
int cmd_usage(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The usage error for an option that getopt_long() refused, with a similar option if there is one.
 * `c` is the result of getopt_long() ('?', or ':' if a value is missing), argv its argument. The
 * short options begin with ':' for that ("+:" too), and opterr is 0 before any command runs. */
int cmd_bad_option(const struct command *command, const struct option *known, int c, char **argv);
/* The same as text, for the options before the command. */
#define CMD_OPTION_SIZE 256
void cmd_option_fault(const struct option *known, int c, char **argv, char text[CMD_OPTION_SIZE]);
extern const struct option cmd_global_options[];
/* The usage error for a word that none of the names equals: "there is no WHAT 'WORD'", with the
 * nearest name or, if none is near, all of them. Begin with `nearest.word` alone set. */
struct cmd_names {
	struct nearest nearest;
	char all[640];
};
void cmd_names_offer(struct cmd_names *names, const char *name);
int cmd_no_such(const struct command *command, const char *what, const struct cmd_names *names);
/* A remark on standard error that changes no exit status: "sekisho NAME: warning: text". */
void cmd_warn(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* instance_open() for a command that can work with faults in the configuration: the first fault is
 * a warning, unless it is one of [paths]. EXIT_DONE, or the command's exit status (the fault was
 * printed). */
int cmd_open(const struct command *command, const struct globals *globals, unsigned use,
	     struct instance *instance);
/* The same, but the caller prints the fault: 0, or instance_open()'s error. */
int cmd_try_open(const struct command *command, const struct globals *globals, unsigned use,
		 struct instance *instance, struct fault *fault);

/* `text` as visible_print() has it, for a terminal or the journal; malloc()ed. */
char *cmd_visible(const char *text);

#endif
