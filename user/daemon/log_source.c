// SPDX-License-Identifier: GPL-2.0-or-later
/* One log of the daemon: opened, and read in portions. */
#include <errno.h>
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

/* So much of what was read before the start is read again: what the rules counted within their
 * windows, and attempts that take several lines, ended with the process. */
#define RECALL_BYTES (4U << 20)

/* Read of one log before signals, timers and the other logs have their turn. */
#define PORTION_LINES 1024
#define PORTION_NS    (NS_PER_S / 40)	/* writing what they led to may take as long again */
#define SHORT_NS      (NS_PER_S / 2000) /* if a mail server may wait for an answer meanwhile */
#define CLOCK_LINES   32		/* lines without an event: less than a microsecond each */

/* Ends the portion when its time is over, or when too many bans wait. */
static void end_portion(struct log_source *log)
{
	if (!log->daemon->recalling &&
	    (clock_boot_ns() >= log->portion_end_ns || ban_queue_is_crowded(log->daemon)))
		follow_stop(log->follow);
}

static void on_line(const char *line, size_t size, void *context)
{
	struct log_source *log = context;
	struct event event;
	bool found = log_parser_read(log->parser, line, size, &log->line_event), own;

	if (!(found && evidence_join(log->daemon, &log->line_event, line, size, &event)) &&
	    !joining_next(log->daemon->joining, log->line_event.event.wall_ns, &event)) {
		if (log_parser_lines(log->parser) % CLOCK_LINES == 0)
			end_portion(log);
		return;
	}
	own = found && event.line == log->line_event.event.line; /* it did not wait */
	if (own && log->live && !log->daemon->recalling)
		log_zone_note(log, &event);
	log->events += !log->daemon->recalling && event.kind < EVENT_KIND_COUNT;
	rules_event(log->daemon, &event);
	end_portion(log);
}

static void read_more(void *context)
{
	struct log_source *log = context;
	struct fault fault = { 0 };
	int more;

	if (!log->follow)
		return;
	log->held_up = ban_queue_is_crowded(log->daemon) || commit_is_behind(log->daemon);
	if (log->held_up)
		return;
	log_parser_set_live(log->parser, clock_wall_ns());
	if (log->recall_bytes) {
		log->daemon->recalling = true;
		follow_read_before(log->follow, log->recall_bytes, on_line, log);
		log->daemon->recalling = false;
		log->recall_bytes = 0;
	}
	log->live = log->at_end;
	log->portion_end_ns = clock_boot_ns() + (policy_is_on(log->daemon) ? SHORT_NS : PORTION_NS);
	log->daemon->late = !log->live;
	more = follow_read(log->follow, PORTION_LINES, on_line, log, &fault);
	log->daemon->late = false;
	log->more = more > 0;
	log->at_end = !more;
	commit_end(log->daemon);
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

/* How many bytes before the position this instance has read itself: what was written before it
 * first saw the log must not count. The position of that first look is kept beside the current
 * one. */
static uint64_t known_bytes(struct log_source *log, bool known)
{
	struct store *store = log->daemon->instance.store;
	_cleanup_free_ char *name = NULL;
	struct follow_position first, now;

	if (!store || asprintf(&name, "first %s", log->file) < 0)
		return 0;
	follow_get_position(log->follow, &now);
	if (!known) {
		/* This happens before READY: all that is written from then on is read, even if this
		 * start is killed at once. If it cannot be stored now, that is logged when
		 * positions are stored. */
		store_position_put(store, name, &now, NULL);
		store_position_put(store, log->file, &now, NULL);
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
	bool known = daemon->instance.store &&
		     !store_position_get(daemon->instance.store, log->file, &log->saved, NULL);
	int err;

	/* A file that matches a pattern and appears while the daemon runs is new from its first
	 * line on. */
	err = follow_open(log->file, known ? &log->saved : NULL,
			  daemon->log_ticks && expand_is_pattern(log->config.file), &log->follow,
			  &fault);
	if (!err && follow_fd(log->follow) >= 0) /* else the file is looked at every second */
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
	if (!daemon->since_wall_ns) /* at a reload, the rules still know the lines */
		log->recall_bytes = known_bytes(log, known);
	follow_get_state(log->follow, &state);
	log_line(false, "following %s (%s%s%s)%s", log->file, log->config.name,
		 *log->container ? ": " : "", log->container,
		 state.missing ? ": not there yet, waited for" : "");
	loop_again(daemon->loop, read_more, log);
}

int log_source_add(struct daemon *daemon, const struct config_log *config, const char *file,
		   const char *container)
{
	struct log_source *log = calloc(1, sizeof(*log)), **all;

	all = log ? reallocarray(daemon->logs, daemon->log_count + 1, sizeof(*all)) : NULL;
	if (!all) {
		free(log);
		return -ENOMEM;
	}
	daemon->logs = all;
	all[daemon->log_count++] = log;
	log->daemon = daemon;
	log->matched = true;
	snprintf(log->container, sizeof(log->container), "%s", container);
	log->file = strdup(file);
	log->parser = log_parser_new();
	if (!log->parser || !log->file) {
		log_source_remove(daemon, daemon->log_count - 1);
		return -ENOMEM;
	}
	log_parser_share(log->parser, daemon->joining);
	log_parser_set_deliveries(log->parser, true);
	log_source_configure(log, config);
	open_log(log);
	return 0;
}

void log_source_configure(struct log_source *log, const struct config_log *config)
{
	const struct config *all = log->daemon->instance.config;

	log->config = *config;
	log->drift = (struct drift){ 0 };
	log_parser_set_patterns(log->parser, all->compiled_patterns);
	log_parser_set_zone(log->parser, config->zone);
	log_parser_set_bare(log->parser, config->bare);
	log_parser_set_offset(log->parser, 0);
	log_zone_restore(log);
}

void log_source_remove(struct daemon *daemon, size_t index)
{
	struct log_source *log = daemon->logs[index];

	loop_forget(daemon->loop, log);
	if (log->follow && follow_fd(log->follow) >= 0)
		loop_remove(daemon->loop, follow_fd(log->follow));
	follow_close(log->follow);
	log_parser_free(log->parser);
	free(log->file);
	free(log);
	daemon->logs[index] = daemon->logs[--daemon->log_count];
}

/* Takes events that waited for a line that did not come. */
static void take_rest(struct log_source *log)
{
	struct event event;

	while (joining_next(log->daemon->joining, clock_wall_ns(), &event)) {
		log->events++;
		rules_event(log->daemon, &event);
	}
}

void log_source_retry(struct log_source *log)
{
	if (!log->follow)
		open_log(log);
	else if (!log->more) /* else it is read in its turn */
		read_more(log);
	take_rest(log);
}

void log_source_continue(struct log_source *log)
{
	if (log->held_up)
		loop_again(log->daemon->loop, read_more, log);
}
