// SPDX-License-Identifier: GPL-2.0-or-later
/* Text for the way a log is written; see envelope.h. */
#include "log/envelope.h"

#include <stdio.h>

void envelope_get_form(const struct envelope *envelope, struct envelope_form *form)
{
	*form = (struct envelope_form){ .wrapping = envelope->wrapping,
					.layering = envelope->layering,
					.stamp_kind = envelope->stamp_kind,
					.known = true,
					.layered = envelope->layers > 1 };
}

void envelope_form_text(const struct envelope_form *form, char text[ENVELOPE_FORM_SIZE])
{
	static const char *const wrappings[WRAP_COUNT] = {
		[WRAP_NONE] = "",
		[WRAP_DOCKER_JSON] = "Docker json-file, ",
		[WRAP_JOURNAL_JSON] = "journalctl json, ",
		[WRAP_EXPORT] = "journalctl export, ",
		[WRAP_VERBOSE] = "journalctl verbose, ",
		[WRAP_CRI] = "CRI, ",
		[WRAP_COMPOSE] = "compose, ",
		[WRAP_JSON] = "JSON of a collector, ",
		[WRAP_JSON_CONTAINER] = "JSON of a collector, ",
	};
	static const char *const layerings[] = {
		[LAYER_BARE] = "bare lines",
		[LAYER_PROGRAM] = "program without a time",
		[LAYER_SYSLOG] = "syslog",
		[LAYER_5424] = "syslog (RFC 5424)",
		[LAYER_OWN] = "the daemon's own file",
	};
	static const char *const stamps[] = {
		[STAMP_NONE] = "",
		[STAMP_YEARLESS] = "",
		[STAMP_DATE] = " (ISO date)",
		[STAMP_TAI64N] = " (TAI64N)",
		[STAMP_CLF] = " (day/month)",
		[STAMP_UNIX] = " (seconds)",
	};

	*text = '\0';
	if (!form->known)
		return;
	snprintf(text, ENVELOPE_FORM_SIZE, "%s%s%s%s", wrappings[form->wrapping],
		 form->layered ? "syslog in which is " : "", layerings[form->layering],
		 form->layering == LAYER_5424 ? "" : stamps[form->stamp_kind]);
}
