// SPDX-License-Identifier: GPL-2.0-or-later
/* See prefix_args.h. */
#include "cmd/prefix_args.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

static int refuse(const struct command *command, const char *text, int error,
		  const struct prefix *corrected)
{
	char right[PREFIX_TEXT_SIZE];

	if (error != -EDOM)
		return cmd_usage(command,
				 "'%s' is not an address or prefix like 192.0.2.5, 192.0.2.0/24 or "
				 "2001:db8::/64",
				 text);
	prefix_format(corrected, right);
	return cmd_usage(command, "'%s' has bits set beyond its length; the prefix around it is %s",
			 text, right);
}

int prefix_args(const struct command *command, char **arguments, int count,
		struct prefix **prefixes)
{
	_cleanup_free_ struct prefix *parsed = NULL;
	struct fault fault;

	if (count < 1)
		return cmd_usage(command, "which PREFIX?");
	parsed = calloc((size_t)count, sizeof(*parsed));
	if (!parsed) {
		fault_set(&fault, -ENOMEM, "out of memory");
		return cmd_failed(command, &fault);
	}
	for (int i = 0; i < count; i++) {
		int error = prefix_parse(arguments[i], strlen(arguments[i]), &parsed[i]);

		if (error)
			return refuse(command, arguments[i], error, &parsed[i]);
	}
	*prefixes = TAKE_PTR(parsed);
	return EXIT_DONE;
}
