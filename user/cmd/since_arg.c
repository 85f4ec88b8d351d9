// SPDX-License-Identifier: GPL-2.0-or-later
/* See since_arg.h. */
#include "cmd/since_arg.h"

#include "base/time.h"

int since_arg(const struct command *command, const char *text, int64_t now_wall_ns,
	      int64_t *from_wall_ns)
{
	return time_arg(command, "--since", text, now_wall_ns, from_wall_ns);
}

int time_arg(const struct command *command, const char *option, const char *text,
	     int64_t now_wall_ns, int64_t *from_wall_ns)
{
	uint64_t seconds;

	if (!time_read(text, from_wall_ns))
		return EXIT_DONE;
	if (duration_parse(text, &seconds))
		return cmd_usage(command, "%s %s: not " SINCE_HELP, option, text);
	*from_wall_ns = time_less(now_wall_ns, seconds * NS_PER_S);
	return EXIT_DONE;
}
