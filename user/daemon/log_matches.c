// SPDX-License-Identifier: GPL-2.0-or-later
/* [log]s that name several files: follows the files that match the patterns, as they come and
 * go. */
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"

struct looking {
	struct daemon *daemon;
	const struct config_log *config;
	bool failed;
};

static void on_found(const char *path, const char *label, void *context)
{
	struct looking *looking = context;
	struct daemon *daemon = looking->daemon;

	for (size_t i = 0; i < daemon->log_count; i++)
		if (!strcmp(daemon->logs[i]->file, path)) {
			daemon->logs[i]->matched = true;
			return;
		}
	if (log_source_add(daemon, looking->config, path, label))
		looking->failed = true;
}

/* Whether the file is gone, and was read to its end. */
static bool is_over(const struct log_source *log)
{
	struct follow_state state;

	if (log->matched || !expand_is_pattern(log->config.file))
		return false;
	if (!log->follow)
		return true;
	follow_get_state(log->follow, &state);
	return !log->more && !log->held_up && state.missing;
}

void log_matches_look(struct daemon *daemon)
{
	const struct config *config = daemon->instance.config;
	struct fault fault = { 0 };
	bool failed = false;

	for (size_t i = 0; i < daemon->log_count; i++)
		daemon->logs[i]->matched = false;
	for (size_t i = 0; i < config->log_count; i++) {
		struct looking looking = { daemon, &config->logs[i], false };

		if (!expand_is_pattern(config->logs[i].file))
			continue;
		expand(config->logs[i].file, config->logs[i].containers, on_found, &looking,
		       &fault);
		failed |= looking.failed;
	}
	if (failed)
		daemon_fault(daemon, "a log is not followed: out of memory");
	else if (*fault.text)
		daemon_fault(daemon, "%s", fault.text);
	for (size_t i = daemon->log_count; i-- > 0;)
		if (is_over(daemon->logs[i]))
			log_source_remove(daemon, i);
}
