/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filters of `sekisho watch`: --source, --service, --reason, --country. Each may be given
 * again, or with several words between commas; a verdict is shown if one of the words matches. */
#ifndef SEKISHO_WATCH_ARGS_H
#define SEKISHO_WATCH_ARGS_H

#include "cmd/cmd.h"
#include "verdict_word.h"

/* A filter that shows everything. */
void watch_args_begin(struct watch_filter *filter);

/* EXIT_DONE, or the command's exit status (the fault was printed). `text` is cut into words. */
int watch_args_source(const struct command *command, const char *text, struct watch_filter *filter);
int watch_args_reason(const struct command *command, char *text, struct watch_filter *filter);
int watch_args_country(const struct command *command, char *text, struct watch_filter *filter);
/* Refuses a country that is the code of a list and that no list of `config` gives. */
int watch_args_codes(const struct command *command, const struct config *config,
		     const struct watch_filter *filter);
/* By the names that the gate's ids have. */
int watch_args_service(const struct command *command, char *text, const struct service_names *names,
		       struct watch_filter *filter);

/* To be called after all options: if no service was named, all are shown; if no reason was named,
 * those in `reasons` are. */
void watch_args_end(struct watch_filter *filter, unsigned reasons);

#endif
