// SPDX-License-Identifier: GPL-2.0-or-later
/* See service_args.h. */
#include "cmd/service_args.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/nearest.h"
#include "conf/ban_services.h"

bool service_args_add(struct service_args *args, char *word)
{
	if (args->count == SERVICE_ARGS_MOST)
		return false;
	args->words[args->count++] = word;
	return true;
}

static int refuse(const struct command *command, const char *word, const struct config *config)
{
	_cleanup_free_ char *visible = cmd_visible(word);
	struct nearest nearest = { .word = word };

	for (size_t i = 0; i < config->service_count; i++)
		if (!config->services[i].removed)
			nearest_offer(&nearest, config->services[i].name);
	if (nearest.found)
		return cmd_usage(command, "there is no service '%s'; did you mean '%s'?",
				 visible ? visible : "?", nearest.found);
	return cmd_usage(command,
			 "there is no service '%s'; smtp, login, all, or one of the "
			 "configuration",
			 visible ? visible : "?");
}

int service_args_read(const struct command *command, const struct service_args *args,
		      const struct config *config, enum ban_services *services)
{
	unsigned found = 0;

	for (size_t i = 0; i < args->count; i++) {
		_cleanup_free_ char *copy = strdup(args->words[i]);
		char *rest = copy;

		for (char *word; (word = strsep(&rest, ", "));) {
			int one = *word ? ban_services_read(config, word) : 0;

			if (one < 0)
				return refuse(command, word, config);
			found |= (unsigned)one;
		}
	}
	if (args->count && !found)
		return cmd_usage(command, "--service needs the name of a service");
	*services = args->count ? found : BAN_ALL;
	return EXIT_DONE;
}
