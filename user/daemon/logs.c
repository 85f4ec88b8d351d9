// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's logs: opened, read in portions, their positions kept in the store. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/say.h"

/* Of what was read before the start, so much is read again: what the rules count within their
 * windows, and attempts of several lines, end with the process. */
#define RECALL_BYTES (4U << 20)

/* Lines of one log before the others have their turn. */
#define PORTION 1024

static void on_line(const char *line, size_t size, void *context)
{
	struct log_source *log = context;
	struct event event;

	if (!log_parser_line(log->parser, line, size, &event))
		return;
	log->events += !log->daemon->recalling && event.kind != EVENT_DELIVERED;
	decide_event(log->daemon, &event, line, size);
}

static void read_more(void *context)
{
	struct log_source *log = context;
	struct fault fault = { 0 };
	int more;

	if (!log->follow)
		return;
	log_parser_set_reference(log->parser, clock_wall_ns());
	if (log->recall_bytes) {
		log->daemon->recalling = true;
		follow_read_before(log->follow, log->recall_bytes, on_line, log);
		log->daemon->recalling = false;
		log->recall_bytes = 0;
	}
	more = follow_read(log->follow, PORTION, on_line, log, &fault);
	together_end(log->daemon);
	if (more > 0 || log->daemon->progress.behind)
		progress_tell(log->daemon);
	if (more < 0 && strncmp(fault.text, log->fault, sizeof(log->fault) - 1)) {
		snprintf(log->fault, sizeof(log->fault), "%.255s", fault.text);
		daemon_fault(log->daemon, "log %s: %s", log->config.name, fault.text);
	}
	if (more >= 0)
		log->fault[0] = '\0';
	if (more > 0)
		loop_again(log->daemon->loop, read_more, log);
}

static void on_readable(int fd, void *context)
{
	(void)fd;
	read_more(context);
}

/* How much before the position this instance has read itself: what was written before it first saw
 * the log is none of its business. Where that was is kept beside the position. */
static uint64_t known_bytes(struct log_source *log, bool known)
{
	struct store *store = log->daemon->instance.store;
	_cleanup_free_ char *name = NULL;
	struct follow_position first, now;

	if (!store || asprintf(&name, "first %s", log->config.file) < 0)
		return 0;
	follow_get_position(log->follow, &now);
	if (!known) {
		/* What cannot be kept now is said when positions are. */
		store_position_put(store, name, &now, NULL);
		return 0;
	}
	if (store_position_get(store, name, &first, NULL) || first.device != now.device ||
	    first.inode != now.inode)
		return RECALL_BYTES;
	if (now.offset <= first.offset)
		return 0;
	return now.offset - first.offset < RECALL_BYTES ? now.offset - first.offset : RECALL_BYTES;
}

static void open_log(struct log_source *log)
{
	struct daemon *daemon = log->daemon;
	struct follow_state state;
	struct fault fault = { 0 };
	bool known =
		daemon->instance.store &&
		!store_position_get(daemon->instance.store, log->config.file, &log->saved, NULL);
	int err;

	err = follow_open(log->config.file, known ? &log->saved : NULL, false, &log->follow,
			  &fault);
	if (!err)
		err = loop_add(daemon->loop, follow_fd(log->follow), on_readable, log);
	if (err) {
		if (!*fault.text)
			fault_set(&fault, err, "%s", strerror(-err));
		if (strncmp(fault.text, log->fault, sizeof(log->fault) - 1))
			daemon_fault(daemon, "log %s: %s; it is tried again", log->config.name,
				     fault.text);
		snprintf(log->fault, sizeof(log->fault), "%.255s", fault.text);
		follow_close(log->follow);
		log->follow = NULL;
		return;
	}
	if (!daemon->since_wall_ns) /* at a reload the rules still know */
		log->recall_bytes = known_bytes(log, known);
	follow_get_state(log->follow, &state);
	say(false, "following %s (%s)%s", log->config.file, log->config.name,
	    state.missing ? ": not there yet, waited for" : "");
	loop_again(daemon->loop, read_more, log);
}

int logs_open(struct daemon *daemon, struct fault *fault)
{
	const struct config *config = daemon->instance.config;

	daemon->logs = calloc(config->log_count + 1, sizeof(*daemon->logs));
	if (!daemon->logs)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (size_t i = 0; i < config->log_count; i++) {
		struct log_source *log = &daemon->logs[i];

		log->daemon = daemon;
		log->config = config->logs[i];
		log->config.file = strdup(config->logs[i].file);
		log->parser = log_parser_new();
		daemon->log_count = i + 1;
		if (!log->parser || !log->config.file)
			return fault_set(fault, -ENOMEM, "out of memory");
		log_parser_set_patterns(log->parser, config->compiled_patterns);
		log_parser_set_deliveries(log->parser, true);
		open_log(log);
	}
	together_sync(daemon); /* killed before the first line, it is known where that begins */
	if (!config->log_count)
		say(false, "no [log NAME] in the configuration: connections are counted, no log is "
			   "followed");
	return 0;
}

void logs_close(struct daemon *daemon)
{
	together_sync(daemon);
	for (size_t i = 0; i < daemon->log_count; i++) {
		struct log_source *log = &daemon->logs[i];

		if (log->follow)
			loop_remove(daemon->loop, follow_fd(log->follow));
		follow_close(log->follow);
		log_parser_free(log->parser);
		free(log->config.file);
	}
	free(daemon->logs);
	daemon->logs = NULL;
	daemon->log_count = 0;
}

/* What waited for a line that did not come has no line of its own left to show. */
static void take_rest(struct log_source *log)
{
	struct event event;

	while (log_parser_rest(log->parser, clock_wall_ns(), &event)) {
		log->events++;
		decide_event(log->daemon, &event, "", 0);
	}
}

/* Lines on which a pattern of the configuration took too long; said once for each run of them. */
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
	for (size_t i = 0; i < daemon->log_count; i++) {
		if (!daemon->logs[i].follow)
			open_log(&daemon->logs[i]);
		else
			read_more(&daemon->logs[i]);
		take_rest(&daemon->logs[i]);
	}
	together_end(daemon);
}

bool logs_moved(const struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->log_count; i++) {
		const struct log_source *log = &daemon->logs[i];
		struct follow_position position;

		if (!log->follow)
			continue;
		follow_get_position(log->follow, &position);
		if (memcmp(&position, &log->saved, sizeof(position)) != 0)
			return true;
	}
	return false;
}

int logs_save(struct daemon *daemon, bool all, struct fault *fault)
{
	int error = 0;

	for (size_t i = 0; i < daemon->log_count && !error; i++) {
		struct log_source *log = &daemon->logs[i];

		log->saving = log->saved;
		if (!log->follow)
			continue;
		follow_get_position(log->follow, &log->saving);
		if (all || memcmp(&log->saving, &log->saved, sizeof(log->saving)) != 0)
			error = store_position_put(daemon->instance.store, log->config.file,
						   &log->saving, fault);
	}
	return error;
}

void logs_saved(struct daemon *daemon, bool done)
{
	for (size_t i = 0; i < daemon->log_count && done; i++)
		daemon->logs[i].saved = daemon->logs[i].saving;
}

size_t logs_following(const struct daemon *daemon)
{
	size_t count = 0;

	for (size_t i = 0; i < daemon->log_count; i++)
		count += daemon->logs[i].follow != NULL;
	return count;
}
