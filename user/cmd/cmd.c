// SPDX-License-Identifier: GPL-2.0-or-later
/* What commands share: how they speak on standard error. */
#include "cmd/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *cmd_visible(const char *text)
{
	char *out = malloc(strlen(text) * 4 + 1), *at = out;

	if (!out)
		return NULL;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c == 0x7f)
			at += sprintf(at, "\\x%02x", c);
		else
			*at++ = (char)c;
	}
	*at = '\0';
	return out;
}

static void say(const struct command *command, const char *kind, const char *text)
{
	char *visible = cmd_visible(text);

	fprintf(stderr, "sekisho %s: %s%s\n", command->name, kind, visible ? visible : "?");
	free(visible);
}

int cmd_failed(const struct command *command, const struct fault *fault)
{
	say(command, "", fault->text);
	return EXIT_FAILED;
}

int cmd_usage(const struct command *command, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	say(command, "", text);
	fprintf(stderr, "usage: sekisho %s%s%s\nTry `sekisho %s --help`.\n", command->name,
		*command->usage ? " " : "", command->usage, command->name);
	return EXIT_USAGE;
}

void cmd_warn(const struct command *command, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	say(command, "warning: ", text);
}
