/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command is: one file in user/cmd/, one prototype here, one row in user/main.c. */
#ifndef SEKISHO_CMD_H
#define SEKISHO_CMD_H

#include <stdbool.h>
#include "base/fault.h"

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
	cmd_top, cmd_doctor, cmd_parse, cmd_outflow, cmd_replay;

/* "sekisho NAME: text" on standard error; return EXIT_FAILED and EXIT_USAGE. The usage error also
 * says how to get help. */
int cmd_failed(const struct command *command, const struct fault *fault);
int cmd_usage(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A remark on standard error that changes no exit status: "sekisho NAME: warning: text". */
void cmd_warn(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* `text` with control characters as \xNN, for a terminal; malloc()ed. */
char *cmd_visible(const char *text);

#endif
