// SPDX-License-Identifier: GPL-2.0-or-later
/* Words of a command line, for formats that are commands. See reader.h. */
#include "lists/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool list_word_is(const struct list_word *word, const char *text)
{
	return word->size == strlen(text) && !memcmp(word->text, text, word->size);
}

bool list_word_any(const struct list_word *word, const char *names)
{
	for (const char *at = names; *at;) {
		size_t size = strcspn(at, " ");

		if (size == word->size && !memcmp(at, word->text, size))
			return true;
		at += size + (at[size] == ' ');
	}
	return false;
}

static int make_scratch(struct list_reader *reader, size_t size)
{
	if (reader->scratch_room >= size)
		return 0;
	free(reader->scratch);
	reader->scratch_room = 0;
	reader->scratch = malloc(size * 2);
	if (!reader->scratch)
		return -ENOMEM;
	reader->scratch_room = size * 2;
	return 0;
}

/* One word: *at moves behind it, its text goes to *out. */
static void split_word(const char **at, const char *end, char **out, bool *shell)
{
	char quote = 0;

	for (; *at < end && (quote || (**at != ' ' && **at != '\t')); (*at)++) {
		if (quote ? **at == quote : (**at == '"' || **at == '\'')) {
			quote = quote ? 0 : **at;
			continue;
		}
		if (**at == '\\' && quote != '\'' && *at + 1 < end)
			(*at)++;
		else if (**at && quote != '\'' && strchr(quote ? "$`" : "$`;|&<>()", **at))
			*shell = true;
		*(*out)++ = **at;
	}
}

size_t list_split(struct list_reader *reader, const struct list_line *line, struct list_word *words,
		  size_t most, bool *shell)
{
	const char *at = line->text, *end = at + line->size;
	size_t count = 0;
	char *out;

	*shell = false;
	reader->error = make_scratch(reader, line->size);
	if (reader->error)
		return 0;
	for (out = reader->scratch;;) {
		char *begin = out;

		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		if (at == end || *at == '#')
			return count;
		if (count == most)
			return count + 1;
		split_word(&at, end, &out, shell);
		words[count++] = (struct list_word){ begin, (size_t)(out - begin) };
	}
}
