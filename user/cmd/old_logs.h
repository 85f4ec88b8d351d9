/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs old logs through parser and rules, in log time, for `replay` and `report`: offline, without
 * privilege. Not here: reading and merging the files (log/past_logs.h), the use of the results. */
#ifndef SEKISHO_OLD_LOGS_H
#define SEKISHO_OLD_LOGS_H

#include "cmd/cmd.h"
#include "cmd/progress_line.h"
#include "conf/config.h"
#include "detect/detect.h"
#include "enforce/bans.h"
#include "lists/providers.h"
#include "log/past_logs.h"

struct old_logs {
	const struct command *command; /* for messages on standard error */
	const struct config *config;   /* the caller's */
	/* `out`: a ban would have kept it out. Called for each event before its decisions. */
	void (*on_event)(const struct event *event, uint64_t tag, bool out, void *context);
	/* Not called for bans that are in force already, or of prefixes that never-ban names. */
	void (*on_decision)(const struct decision *decision, void *context);
	void *context;
	/* From old_logs_open() on: */
	struct detect *detect;
	struct past_logs *past_logs;
	struct ranges countries;
	struct providers *providers;
	struct protected_set protected;
	struct progress_line progress;
	bool opened; /* every file could be opened; set by old_logs_read() */
};

/* Warns of country or provider data that cannot be read. -ENOMEM; old_logs_close() then, too. */
int old_logs_open(struct old_logs *logs, struct fault *fault);
/* Reads all `paths`, up to NULL. EXIT_DONE, or EXIT_FAILED (the fault was printed): a file cannot
 * be opened, which ends the reading, or cannot be read to its end, and the others still count. */
int old_logs_read(struct old_logs *logs, char **paths, struct past_logs_counts *counts);
void old_logs_close(struct old_logs *logs);

/* The index of the country (contract.h) and the provider (detect/provider.h) of a source, from the
 * data that the daemon would take. */
unsigned old_logs_country(const struct old_logs *logs, const struct address *address);
uint64_t old_logs_provider(const struct old_logs *logs,
			   const struct address *address); /* detect/provider.h */

#endif
