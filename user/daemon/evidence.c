// SPDX-License-Identifier: GPL-2.0-or-later
/* The last lines that held an event, for the evidence of bans and alerts. */
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"

uint64_t evidence_keep(struct daemon *daemon, const struct event *event, const char *line,
		       size_t size)
{
	/* Never 0: tag 0 stands for what was known before this start, of which no line is kept
	 * here. */
	uint64_t tag = ++daemon->last_tag;
	struct remembered *slot = &daemon->evidence[tag % EVIDENCE_RING];
	char text[LOG_LINE_MAX + 1];

	log_line_clean(line, size, text);
	free(slot->line);
	*slot = (struct remembered){ .line = strndup(text, EVIDENCE_TEXT),
				     .wall_ns = event->wall_ns,
				     .has_source = event->has_source };
	if (event->has_source)
		slot->source =
			address_source(&event->source, daemon->instance.config->source_length6);
	return tag;
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
