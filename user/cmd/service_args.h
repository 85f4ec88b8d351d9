/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option --service of the commands about bans: given once or more, or with several words. */
#ifndef SEKISHO_SERVICE_ARGS_H
#define SEKISHO_SERVICE_ARGS_H

#include "cmd/cmd.h"
#include "conf/config.h"

#define SERVICE_ARGS_MOST 32

struct service_args { /* zero-initialised: none was given */
	char *words[SERVICE_ARGS_MOST];
	size_t count;
};

/* Adds a word, which must live on. False: too many. */
bool service_args_add(struct service_args *args, char *word);

/* The groups that all words together stand for; BAN_ALL without words. EXIT_DONE, or the command's
 * exit status (the fault is on standard error). */
int service_args_read(const struct command *command, const struct service_args *args,
		      const struct config *config, enum ban_services *services);

#endif
