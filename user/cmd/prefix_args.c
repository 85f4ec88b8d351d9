// SPDX-License-Identifier: GPL-2.0-or-later
/* See prefix_args.h. */
#include "cmd/prefix_args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Explains why a word is no prefix. */
static void explain(const char *text, int error, const struct prefix *corrected, char *why,
		    size_t size)
{
	char right[PREFIX_TEXT_SIZE];

	if (error != -EDOM) {
		snprintf(why, size,
			 "'%.200s' is not an address or prefix like 192.0.2.5, 192.0.2.0/24 or "
			 "2001:db8::/64",
			 text);
		return;
	}
	prefix_format(corrected, right);
	snprintf(why, size, "'%.200s' has bits set beyond its length; the prefix around it is %s",
		 text, right);
}

/* The prefixes that were read, and the last word that was refused. */
struct words {
	const struct command *command;
	struct prefix_args *prefixes;
	char why[512];
	int error; /* -ENOMEM, or -errno of standard input */
};

static void take(struct words *words, const char *text)
{
	struct prefix_args *prefixes = words->prefixes;
	struct prefix prefix, *grown;
	bool *alone;
	int error = prefix_parse(text, strlen(text), &prefix);
	struct fault fault;

	if (error) {
		/* Reports the refused word before this one. The last is left to the caller, who may
		 * show the usage with it. */
		fault_set(&fault, -EINVAL, "%s", words->why);
		if (*words->why)
			cmd_failed(words->command, &fault);
		explain(text, error, &prefix, words->why, sizeof(words->why));
		return;
	}
	/* The room doubles at each power of two. */
	if (!(prefixes->count & (prefixes->count - 1))) {
		size_t room = prefixes->count ? 2 * prefixes->count : 1;

		grown = reallocarray(prefixes->items, room, sizeof(*grown));
		if (grown)
			prefixes->items = grown;
		alone = reallocarray(prefixes->alone, room, sizeof(*alone));
		if (alone)
			prefixes->alone = alone;
		if (!grown || !alone) {
			words->error = -ENOMEM;
			return;
		}
	}
	prefixes->alone[prefixes->count] = !prefix_is4(&prefix) && !strchr(text, '/');
	prefixes->items[prefixes->count++] = prefix;
}

static void take_input(struct words *words)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	while (!words->error && getline(&line, &size, stdin) >= 0) {
		char *rest = line, *word;

		line[strcspn(line, "#")] = '\0';
		while (!words->error && (word = strsep(&rest, " \t\r\n,")))
			if (*word)
				take(words, word);
	}
	if (ferror(stdin))
		words->error = -errno;
}

int prefix_args(const struct command *command, char **arguments, int count,
		struct prefix_args *prefixes)
{
	struct words words = { .command = command, .prefixes = prefixes };
	struct fault fault;

	if (count < 1)
		return cmd_usage(command, "which PREFIX?");
	for (int i = 0; i < count && !words.error; i++) {
		if (strcmp(arguments[i], "-"))
			take(&words, arguments[i]);
		else
			take_input(&words);
	}
	if (words.error) {
		fault_set(&fault, words.error, "cannot read the prefixes: %s",
			  strerror(-words.error));
		return cmd_failed(command, &fault);
	}
	if (!prefixes->count && !*words.why)
		return cmd_usage(command, "standard input has no PREFIX");
	if (!prefixes->count)
		return cmd_usage(command, "%s", words.why);
	prefixes->refused = *words.why;
	fault_set(&fault, -EINVAL, "%s", words.why);
	if (prefixes->refused)
		cmd_failed(command, &fault);
	return EXIT_DONE;
}

struct prefix prefix_args_source(const struct prefix_args *prefixes, size_t index, unsigned length6)
{
	struct prefix prefix = prefixes->items[index];

	if (!prefixes->alone[index])
		return prefix;
	prefix.length = length6;
	prefix.address = address_mask(&prefix.address, length6);
	return prefix;
}

void prefix_args_free(struct prefix_args *prefixes)
{
	free(prefixes->items);
	free(prefixes->alone);
	*prefixes = (struct prefix_args){ 0 };
}
