// SPDX-License-Identifier: GPL-2.0-or-later
/* What commands share: messages on standard error. */
#include "cmd/cmd.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "show/visible.h"

char *cmd_visible(const char *text)
{
	char *visible = NULL;
	size_t size;
	FILE *stream = open_memstream(&visible, &size);

	if (!stream)
		return NULL;
	visible_print(stream, text);
	if (!fclose(stream))
		return visible;
	free(visible);
	return NULL;
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

void cmd_names_offer(struct cmd_names *names, const char *name)
{
	size_t used = strlen(names->all);

	nearest_offer(&names->nearest, name);
	snprintf(names->all + used, sizeof(names->all) - used, "%s%s", used ? ", " : "", name);
}

int cmd_no_such(const struct command *command, const char *what, const struct cmd_names *names)
{
	const struct nearest *nearest = &names->nearest;

	if (nearest->found)
		return cmd_usage(command, "there is no %s '%.99s'; did you mean '%s'?", what,
				 nearest->word, nearest->found);
	return cmd_usage(command, "there is no %s '%.99s'; it is one of %s", what, nearest->word,
			 names->all);
}

int cmd_try_open(const struct command *command, const struct globals *globals, unsigned use,
		 struct instance *instance, struct fault *fault)
{
	int error = instance_open(globals->config_path, use | INSTANCE_FAULTY, instance, fault);

	if (error)
		return error;
	if (instance->config_fault.error)
		cmd_warn(command,
			 "a fault in the configuration, which this command does without: %s",
			 instance->config_fault.text);
	return 0;
}

const struct option cmd_global_options[] = {
	{ "config", required_argument, NULL, 'c' }, { "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },	    { "version", no_argument, NULL, 'V' },
	{ "utc", no_argument, NULL, 'u' },	    { 0 },
};

/* Whether `name` up to its '=' is the beginning of an option with this `value`; 0: of any
 * option. */
static bool is_option(const struct option *known, const char *name, int value)
{
	size_t size = strcspn(name, "=");

	for (; known->name; known++)
		if ((!value || known->val == value) && !strncmp(known->name, name, size))
			return true;
	return false;
}

/* Suggests an option for `name`, an unknown long option without its dashes. */
static void suggest_option(const struct option *known, const char *name, char *text, size_t room)
{
	size_t size = strcspn(name, "="), begun = 0;
	const struct option *first = NULL;
	char word[NEAREST_WORD_MAX + 2];
	struct nearest nearest = { .word = word };

	snprintf(word, sizeof(word), "%.*s", (int)(size > sizeof(word) ? sizeof(word) : size),
		 name);
	for (const struct option *at = known; at->name; at++) {
		nearest_offer(&nearest, at->name);
		if (size && !strncmp(at->name, name, size) && !begun++)
			first = at;
	}
	if (begun > 1) /* the beginning of a single option would be accepted */
		snprintf(text, room, "; --%s or another? Write more of it", first->name);
	else if (nearest.found)
		snprintf(text, room, "; did you mean '--%s'?", nearest.found);
	else if (known != cmd_global_options && size && is_option(cmd_global_options, name, 0))
		snprintf(text, room, "; it stands before the command: `sekisho --%.*s COMMAND`",
			 (int)size, name);
}

void cmd_option_fault(const struct option *known, int c, char **argv, char text[CMD_OPTION_SIZE])
{
	const char *word = argv[optind - 1];
	_cleanup_free_ char *visible = cmd_visible(word);
	char hint[CMD_OPTION_SIZE / 2] = "";

	/* If the bad letter is one of several ("-xj"), `word` may be the word before it. */
	if (!visible)
		snprintf(text, CMD_OPTION_SIZE, "out of memory");
	else if (c == ':')
		snprintf(text, CMD_OPTION_SIZE, "%.99s needs a value", visible);
	else if (optopt && !strncmp(word, "--", 2) && strchr(word, '=') &&
		 is_option(known, word + 2, optopt))
		snprintf(text, CMD_OPTION_SIZE, "%.*s takes no value", (int)strcspn(word, "="),
			 word);
	else if (optopt)
		snprintf(text, CMD_OPTION_SIZE, "there is no option '-%c'",
			 isprint(optopt) ? optopt : '?');
	else {
		suggest_option(known, word + 2, hint, sizeof(hint));
		snprintf(text, CMD_OPTION_SIZE, "there is no option '%.99s'%s", visible, hint);
	}
}

int cmd_bad_option(const struct command *command, const struct option *known, int c, char **argv)
{
	char text[CMD_OPTION_SIZE];

	cmd_option_fault(known, c, argv, text);
	return cmd_usage(command, "%s", text);
}

int cmd_open(const struct command *command, const struct globals *globals, unsigned use,
	     struct instance *instance)
{
	struct fault fault = { 0 };

	if (cmd_try_open(command, globals, use, instance, &fault))
		return cmd_failed(command, &fault);
	return EXIT_DONE;
}
