// SPDX-License-Identifier: GPL-2.0-or-later
/* Logs whose stamps are of another time zone than assumed (log/drift.h): that is noticed by lines
 * that are written while they are followed, kept in the store, and logged. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/daemon_log.h"

/* The offset is stored as a position (store.h) under a name of its own. */
static char *name_of(const struct log_source *log)
{
	char *name;

	return asprintf(&name, "zone %s", log->file) < 0 ? NULL : name;
}

void log_zone_restore(struct log_source *log)
{
	struct store *store = log->daemon->instance.store;
	_cleanup_free_ char *name = name_of(log);
	struct follow_position kept;

	if (!store || !name || log->config.zone || store_position_get(store, name, &kept, NULL))
		return;
	log->drift.offset_ns = (int64_t)kept.offset;
	log_parser_set_offset(log->parser, log->drift.offset_ns);
}

static void say_offset(const struct log_source *log)
{
	int64_t offset_s = log->drift.offset_ns / NS_PER_S;
	long long minutes = llabs(offset_s) / 60;

	if (!offset_s)
		log_line(false, "log %s: the stamps of %s are right again", log->config.name,
			 log->file);
	else
		daemon_fault(log->daemon,
			     "log %s: the stamps of %s are %lld:%02lld h %s this machine's clock, "
			     "which is corrected; set the log's zone with `zone =`",
			     log->config.name, log->file, minutes / 60, minutes % 60,
			     offset_s < 0 ? "ahead of" : "behind");
}

void log_zone_note(struct log_source *log, struct event *event)
{
	struct store *store = log->daemon->instance.store;
	int64_t own_ns = log_parser_line_time(log->parser), now = clock_wall_ns();
	struct follow_position kept = { 0 };
	_cleanup_free_ char *name = NULL;
	bool changed;

	if (!event->wall_ns || !own_ns) {
		if (event->daemon == EVENT_DAEMON_USER && !log->timeless++)
			daemon_fault(log->daemon,
				     "log %s: lines that a [pattern] matches have no time that is "
				     "understood; they count as of when they are read",
				     log->config.name);
		return;
	}
	/* The event may come from an earlier line: it is moved, not set. */
	event->wall_ns +=
		drift_line(&log->drift, own_ns - log->drift.offset_ns, now, &changed) - own_ns;
	if (!changed)
		return;
	log_parser_set_offset(log->parser, log->drift.offset_ns);
	say_offset(log);
	name = name_of(log);
	kept.offset = (uint64_t)log->drift.offset_ns;
	if (store && name)
		store_position_put(store, name, &kept, NULL);
}
