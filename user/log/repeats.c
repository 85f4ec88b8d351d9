// SPDX-License-Identifier: GPL-2.0-or-later
/* See repeats.h. Pure. */
#include "log/repeats.h"

void repeats_note(struct repeats_message *last, const struct envelope *envelope)
{
	last->pid = envelope->pid;
	last->size = envelope->text.size < REPEATS_QUOTED ? envelope->text.size : REPEATS_QUOTED;
	if (last->size == REPEATS_QUOTED) /* nearly always; without a call */
		memcpy(last->text, envelope->text.at, REPEATS_QUOTED);
	else
		memcpy(last->text, envelope->text.at, last->size);
}

/* "last message repeated 3 times" */
static bool read_bsd(const struct envelope *envelope, uint32_t *times)
{
	struct span text = envelope->text;

	return (!envelope->program.size || span_is(envelope->program, "syslogd")) &&
	       span_skip(&text, "last message repeated ") && span_number(&text, times) &&
	       (span_is(text, " times") || span_is(text, " time") || span_is(text, " times ---"));
}

/* "Last message 'warning: unknown[192' repeated 3 times, suppressed by syslog-ng on mx" */
static bool read_syslog_ng(const struct repeats_message *last, const struct line_event *before,
			   const struct envelope *envelope, uint32_t *times)
{
	struct span text = envelope->text;

	if (!span_skip(&text, "Last message '") || !last->size || text.size <= last->size ||
	    memcmp(text.at, last->text, last->size) != 0)
		return false;
	text = span_from(text, last->size);
	return span_skip(&text, "' repeated ") && span_number(&text, times) &&
	       span_starts(text, " times, suppressed by syslog-ng on ") &&
	       line_event_process(envelope->program, last->pid) == before->process;
}

bool repeats_read(const struct repeats_message *last, const struct line_event *before,
		  const struct envelope *envelope, uint32_t *times)
{
	return (read_bsd(envelope, times) || read_syslog_ng(last, before, envelope, times)) &&
	       *times && *times <= ENVELOPE_MOST_REPEATS;
}
