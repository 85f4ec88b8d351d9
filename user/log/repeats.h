/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of a syslog that tell how often the message right before came again. Not here: "message
 * repeated 3 times: [ ... ]", which has the message itself (envelope.h).
 */
#ifndef SEKISHO_LOG_REPEATS_H
#define SEKISHO_LOG_REPEATS_H

#include "log/line_event.h"

#define REPEATS_QUOTED 20 /* bytes of a message that syslog-ng quotes */

/* What is needed of a message to recognise it, beside its line event; zero: of none. */
struct repeats_message {
	uint32_t pid;
	size_t size;
	char text[REPEATS_QUOTED];
};

/* Notes the message of an event's line. */
void repeats_note(struct repeats_message *last, const struct envelope *envelope);

/*
 * Whether the line, right behind the noted one, whose event is `before`, says that this came again;
 * sets how often (1 to ENVELOPE_MOST_REPEATS). "last message repeated 3 times" of the BSDs' syslogs
 * names no program, FreeBSD 12 puts "syslogd: " before it, macOS "---" around it; "Last message
 * 'warning: unknown[192' repeated 3 times, suppressed by syslog-ng on mx" has the message's program.
 */
bool repeats_read(const struct repeats_message *last, const struct line_event *before,
		  const struct envelope *envelope, uint32_t *times);

#endif
