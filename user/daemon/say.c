// SPDX-License-Identifier: GPL-2.0-or-later
/* See say.h. */
#include "daemon/say.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"

void say_line(bool fault, const char *text, void *context)
{
	_cleanup_free_ char *visible = cmd_visible(text);

	(void)context;
	fprintf(fault ? stderr : stdout, "sekisho: %s\n", visible ? visible : "out of memory");
	fflush(fault ? stderr : stdout);
}

void say(bool fault, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	say_line(fault, text, NULL);
}

void say_attachment(const struct attachment *attachment)
{
	static const char *const hooks[] = {
		[HOOK_AUTO] = "?",
		[HOOK_XDP] = "native XDP",
		[HOOK_TC] = "tc ingress",
		[HOOK_GENERIC] = "generic XDP",
	};

	if (!attachment->attached)
		say(true, "%s: not guarded: %s", attachment->device, attachment->why);
	else if (*attachment->why)
		say(false, "%s: guarded by %s (%s)", attachment->device, hooks[attachment->hook],
		    attachment->why);
	else
		say(false, "%s: guarded by %s", attachment->device, hooks[attachment->hook]);
	if (attachment->attached && *attachment->open)
		say(true, "%s: mail gets past the gate: %s", attachment->device, attachment->open);
	if (*attachment->outflow_why)
		say(true, "%s: no outflow breaker: %s", attachment->device,
		    attachment->outflow_why);
}
