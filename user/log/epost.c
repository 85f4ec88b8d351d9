// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * E-Post Mail Server's acceptlog: each connection, and its result. That a mail was accepted proves
 * nothing and names nobody, so only a refused transaction is an event. Pure.
 */
#include "log/format.h"

/* "(mx.example.jp), [192.0.2.5]:25, Client accept now." and
 * "(mx.example.jp), h.example [192.0.2.5], a@b.example,<B0000097586>,ok" or ",abort" */
enum format_answer epost_line(const struct envelope *envelope, struct parsed_line *parsed)
{
	struct span text = envelope->whole;
	size_t end = span_find_char(text, ')');

	if (envelope->stamp_kind != STAMP_CLF || !span_starts(text, "(") || end == SPAN_NONE)
		return FORMAT_OTHER;
	text = span_from(text, end + 1);
	*parsed = (struct parsed_line){ .kind = EVENT_ABUSE,
					.daemon = EVENT_DAEMON_EPOST,
					.service = EVENT_SERVICE_SMTP,
					.count = 1,
					.has_source = true };
	if (!span_skip(&text, ", ") || !format_client(&text, &parsed->source) ||
	    !span_starts(text, ",") || !span_ends(text, ",abort"))
		return FORMAT_NOTHING;
	return FORMAT_FOUND;
}
