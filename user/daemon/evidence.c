// SPDX-License-Identifier: GPL-2.0-or-later
/* The last lines that held an event, for the evidence of bans and alerts. */
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "log/joining.h"

uint64_t evidence_keep(struct daemon *daemon, const char *line, size_t size)
{
	/* Never 0: tag 0 stands for what was known before this start, of which no line is kept
	 * here. */
	uint64_t tag = ++daemon->last_tag;
	struct remembered *slot = &daemon->evidence[tag % EVIDENCE_RING];
	char text[LOG_LINE_MAX + 1];

	log_line_clean(line, size, text);
	free(slot->line);
	*slot = (struct remembered){ .line = strndup(text, EVIDENCE_TEXT) };
	return tag;
}

bool evidence_join(struct daemon *daemon, struct line_event *line_event, const char *line,
		   size_t size, struct event *event)
{
	uint64_t tag = daemon->last_tag + 1;
	bool is_event;

	line_event->event.line = tag;
	is_event = joining_take(daemon->joining, line_event, event);
	if (line_event->event.kind < EVENT_KIND_COUNT &&
	    ((is_event && event->line == tag) || joining_waits(daemon->joining)))
		evidence_keep(daemon, line, size);
	return is_event;
}

void evidence_describe(struct daemon *daemon, const struct event *event)
{
	struct remembered *slot = &daemon->evidence[event->line % EVIDENCE_RING];

	if (!evidence_line(daemon, event->line))
		return;
	slot->wall_ns = event->wall_ns;
	slot->has_source = event->has_source;
	if (event->has_source)
		slot->source =
			address_source(&event->source, daemon->instance.config->source_length6);
}

const struct remembered *evidence_line(const struct daemon *daemon, uint64_t tag)
{
	const struct remembered *slot = &daemon->evidence[tag % EVIDENCE_RING];

	return daemon->last_tag - tag >= EVIDENCE_RING || !slot->line ? NULL : slot;
}

size_t evidence_of(const struct daemon *daemon, const struct decision *decision,
		   struct store_evidence *evidence)
{
	size_t count = 0;

	for (unsigned i = 0; i < decision->evidence_count; i++) {
		const struct remembered *event = evidence_line(daemon, decision->evidence[i]);

		if (!event)
			continue;
		evidence[count].wall_ns = event->wall_ns;
		evidence[count++].line = event->line;
	}
	return count;
}

void evidence_free(struct daemon *daemon)
{
	for (size_t i = 0; daemon->evidence && i < EVIDENCE_RING; i++)
		free(daemon->evidence[i].line);
	free(daemon->evidence);
}
