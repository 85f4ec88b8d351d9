// SPDX-License-Identifier: GPL-2.0-or-later
/* See progress_line.h. */
#include "cmd/progress_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"

#define PROGRESS_AFTER (NS_PER_S)
#define PROGRESS_EVERY (NS_PER_S / 10)

static void show(struct progress_line *line, const char *format, va_list arguments)
{
	if (!isatty(STDERR_FILENO))
		return;
	line->shown = true;
	fputc('\r', stderr);
	vfprintf(stderr, format, arguments);
	fputs("\033[K", stderr);
}

void progress_line_tell(struct progress_line *line, const char *format, ...)
{
	int64_t now = clock_wall_ns();
	va_list arguments;

	if (!line->began_ns)
		line->began_ns = now;
	if (now - line->began_ns < PROGRESS_AFTER || now - line->shown_ns < PROGRESS_EVERY)
		return;
	line->shown_ns = now;
	va_start(arguments, format);
	show(line, format, arguments);
	va_end(arguments);
}

void progress_line_say(struct progress_line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	show(line, format, arguments);
	va_end(arguments);
}

void progress_line_logs(uint64_t lines, void *context)
{
	progress_line_tell(context, "reading logs: %" PRIu64 " lines", lines);
}

void progress_line_clear(struct progress_line *line)
{
	if (line->shown)
		fputs("\r\033[K", stderr);
	line->shown = false;
}
