// SPDX-License-Identifier: GPL-2.0-or-later
/* All logs of the daemon, and their positions in the store. A single log: log_source.c. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/ban_queue.h"
#include "daemon/policy_server.h"
#include "daemon/daemon_log.h"
#include "log/joining.h"

static bool is_same_log(const struct config_log *a, const struct config_log *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->file, b->file) &&
	       !strcmp(a->containers ? a->containers : "", b->containers ? b->containers : "");
}

static bool is_followed(const struct daemon *daemon, const struct config_log *config)
{
	for (size_t i = 0; i < daemon->log_count; i++)
		if (is_same_log(&daemon->logs[i]->config, config))
			return true;
	return false;
}

static int open_others(struct daemon *daemon, struct fault *fault)
{
	const struct config *config = daemon->instance.config;

	daemon->log_ticks = 0;
	for (size_t i = 0; i < config->log_count; i++)
		if (!expand_is_pattern(config->logs[i].file) &&
		    !is_followed(daemon, &config->logs[i]) &&
		    log_source_add(daemon, &config->logs[i], config->logs[i].file, ""))
			return fault_set(fault, -ENOMEM, "out of memory");
	log_matches_look(daemon);
	commit_sync(daemon); /* killed before the first line, the start's position is known */
	if (!config->log_count)
		log_line(false,
			 "no [log NAME] in the configuration: connections are counted, no log is "
			 "followed");
	return 0;
}

int logs_open(struct daemon *daemon, struct fault *fault)
{
	daemon->joining = joining_new();
	if (!daemon->joining)
		return fault_set(fault, -ENOMEM, "out of memory");
	return open_others(daemon, fault);
}

static const struct config_log *find_section(const struct config *config,
					     const struct config_log *log)
{
	for (size_t i = 0; i < config->log_count; i++)
		if (is_same_log(&config->logs[i], log))
			return &config->logs[i];
	return NULL;
}

int logs_reload(struct daemon *daemon, struct fault *fault)
{
	commit_sync(daemon);
	for (size_t i = daemon->log_count; i-- > 0;) {
		struct log_source *log = daemon->logs[i];
		const struct config_log *now = find_section(daemon->instance.config, &log->config);

		if (now)
			log_source_configure(log, now);
		else
			log_source_remove(daemon, i);
	}
	return open_others(daemon, fault);
}

void logs_close(struct daemon *daemon)
{
	commit_sync(daemon);
	while (daemon->log_count)
		log_source_remove(daemon, daemon->log_count - 1);
	free(daemon->logs);
	joining_free(daemon->joining);
	daemon->logs = NULL;
	daemon->joining = NULL;
}

/* Logs that lines cost a pattern of the configuration too many steps. */
static void tell_given_up(struct daemon *daemon)
{
	uint64_t now = patterns_given_up(daemon->instance.config->compiled_patterns);

	if (now > daemon->given_up)
		daemon_fault(daemon,
			     "%" PRIu64 " lines cost a [pattern] too many steps and were not "
			     "matched; begin it with '^' and avoid nested repeats",
			     now - daemon->given_up);
	daemon->given_up = now;
}

void logs_retry(struct daemon *daemon)
{
	tell_given_up(daemon);
	daemon->log_ticks++;
	log_matches_look(daemon);
	for (size_t i = 0; i < daemon->log_count; i++)
		log_source_retry(daemon->logs[i]);
	commit_end(daemon);
}

static void continue_all(struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->log_count; i++)
		log_source_continue(daemon->logs[i]);
}

static bool have_moved(const struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->log_count; i++) {
		const struct log_source *log = daemon->logs[i];
		struct follow_position position;

		if (!log->follow)
			continue;
		follow_get_position(log->follow, &position);
		if (memcmp(&position, &log->saved, sizeof(position)) != 0)
			return true;
	}
	return false;
}

/* Stores the positions, but not while bans wait for the kernel: if the daemon is killed now, their
 * lines are read again. */
static int save(struct daemon *daemon, bool all, struct fault *fault)
{
	bool owes = ban_queue_owes_bans(daemon);
	int error = 0;

	for (size_t i = 0; i < daemon->log_count && !error; i++) {
		struct log_source *log = daemon->logs[i];

		log->saving = log->saved;
		if (!log->follow || owes)
			continue;
		follow_get_position(log->follow, &log->saving);
		if (all || memcmp(&log->saving, &log->saved, sizeof(log->saving)) != 0)
			error = store_position_put(daemon->instance.store, log->file, &log->saving,
						   fault);
	}
	return error;
}

/* Positions count as saved once the transaction is committed. */
static void saved(struct daemon *daemon, int error)
{
	for (size_t i = 0; i < daemon->log_count && !error; i++)
		daemon->logs[i]->saved = daemon->logs[i]->saving;
}

const struct commit_part logs_part = {
	.due = have_moved,
	.write = save,
	.committed = saved,
	.resumed = continue_all,
};

size_t logs_following(const struct daemon *daemon)
{
	size_t count = 0;

	for (size_t i = 0; i < daemon->log_count; i++)
		count += daemon->logs[i]->follow != NULL;
	return count;
}
