// SPDX-License-Identifier: GPL-2.0-or-later
/* See daemon_log.h. */
#include "daemon/daemon_log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"

void log_text(bool fault, const char *text, void *context)
{
	_cleanup_free_ char *visible = cmd_visible(text);

	(void)context;
	fprintf(fault ? stderr : stdout, "sekisho: %s\n", visible ? visible : "out of memory");
	fflush(fault ? stderr : stdout);
}

void log_line(bool fault, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_text(fault, text, NULL);
}

void log_attachment(const struct attachment *attachment)
{
	static const char *const hooks[] = {
		[HOOK_AUTO] = "?",
		[HOOK_XDP] = "native XDP",
		[HOOK_TC] = "tc ingress",
		[HOOK_GENERIC] = "generic XDP",
	};

	if (!attachment->attached)
		log_line(true, "%s: not guarded: %s", attachment->device, attachment->why);
	else if (*attachment->why)
		log_line(false, "%s: guarded by %s (%s)", attachment->device,
			 hooks[attachment->hook], attachment->why);
	else
		log_line(false, "%s: guarded by %s", attachment->device, hooks[attachment->hook]);
	if (attachment->attached && *attachment->open)
		log_line(true, "%s: mail gets past the gate: %s", attachment->device,
			 attachment->open);
	if (*attachment->outflow_why)
		log_line(true, "%s: no outflow breaker: %s", attachment->device,
			 attachment->outflow_why);
}
