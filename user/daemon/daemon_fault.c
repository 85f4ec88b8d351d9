// SPDX-License-Identifier: GPL-2.0-or-later
/* How a fault of the daemon is logged. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/daemon_log.h"

#define SAY_AGAIN_NS (60 * NS_PER_S)

/* A fault that lasts is logged once a minute. */
void daemon_fault(struct daemon *daemon, const char *format, ...)
{
	char text[sizeof(daemon->last_fault.text)];
	int64_t now = clock_wall_ns();
	bool again;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	again = !strcmp(text, daemon->last_fault.text) &&
		llabs(now - daemon->last_fault_said_wall_ns) < SAY_AGAIN_NS;
	memcpy(daemon->last_fault.text, text, sizeof(text));
	daemon->last_fault.error = -EIO;
	daemon->last_fault_wall_ns = now;
	if (again)
		return;
	daemon->last_fault_said_wall_ns = now;
	log_text(true, daemon->last_fault.text, NULL);
}
