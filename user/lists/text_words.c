// SPDX-License-Identifier: GPL-2.0-or-later
/* Words of a command line and fields of a table's line, for the formats that consist of them. See
 * list_reader.h. */
#include "lists/list_reader.h"

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

/* Reads one word: *at moves behind it, its text is written to *out. */
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

size_t list_words(const struct list_line *line, struct list_word *words, size_t most)
{
	const char *at = line->text, *end = at + line->size;
	size_t count = 0;

	while (at < end && count < most) {
		const char *begin = at;

		while (at < end && *at != ' ' && *at != '\t')
			at++;
		if (at > begin)
			words[count++] = (struct list_word){ begin, (size_t)(at - begin) };
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
	}
	return count;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The field from `at` on; *next is the position behind its separator, or NULL at the end of the
 * line. */
static struct list_word next_field(const char *at, const char *end, char separator, bool quotes,
				   const char **next)
{
	const char *stop;
	struct list_word field;

	while (at < end && is_blank(*at) && *at != separator)
		at++;
	stop = at;
	if (quotes && at < end && *at == '"') {
		for (stop = ++at; stop < end; stop++) {
			if (*stop == '"' && (stop + 1 == end || stop[1] != '"'))
				break;
			stop += *stop == '"';
		}
		field = (struct list_word){ at, (size_t)((stop < end ? stop : end) - at) };
		while (stop < end && *stop != separator)
			stop++;
	} else {
		while (stop < end && *stop != separator)
			stop++;
		field = (struct list_word){ at, (size_t)(stop - at) };
		while (field.size && is_blank(field.text[field.size - 1]))
			field.size--;
	}
	*next = stop < end ? stop + 1 : NULL;
	return field;
}

size_t list_fields(const struct list_line *line, char separator, bool quotes,
		   struct list_word *fields, size_t most)
{
	const char *at = line->text, *end = at + line->size;
	size_t count = 0;

	while (at) {
		struct list_word field = next_field(at, end, separator, quotes, &at);

		if (count < most)
			fields[count] = field;
		count++;
	}
	return count;
}

bool list_is_entry(const struct list_word *word)
{
	const char *dash = word->size ? memchr(word->text, '-', word->size) : NULL;
	size_t size = dash ? (size_t)(dash - word->text) : word->size;
	struct address address;
	struct prefix prefix;

	if (!dash)
		return prefix_parse(word->text, size, &prefix) != -EINVAL;
	return !address_parse(word->text, size, &address) &&
	       !address_parse(dash + 1, word->size - size - 1, &address);
}

bool list_is_number(const struct list_word *word, size_t least_digits, size_t most_digits)
{
	if (word->size < least_digits || word->size > most_digits)
		return false;
	for (size_t i = 0; i < word->size; i++)
		if (word->text[i] < '0' || word->text[i] > '9')
			return false;
	return true;
}

static bool mail_port(unsigned first, unsigned last)
{
	static const unsigned ports[] = { 25, 465, 587, 110, 995, 143, 993, 4190 };

	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++)
		if (first <= ports[i] && ports[i] <= last)
			return true;
	return false;
}

bool list_mail_ports(const struct list_word *word)
{
	const char *at = word->text, *end = at + word->size;

	while (at < end) {
		unsigned ends[2] = { 0, 0 };
		size_t side = 0;

		for (; at < end && *at != ','; at++) {
			if (*at && strchr(":-_", *at) && !side) {
				side = 1;
				ends[1] = at + 1 == end || at[1] == ',' ? 65535 : 0; /* "1024:" */
			} else if (*at >= '0' && *at <= '9' && ends[side] < 65536) {
				ends[side] = ends[side] * 10 + (unsigned)(*at - '0');
			} else {
				return false;
			}
		}
		if (mail_port(ends[0], side ? ends[1] : ends[0]))
			return true;
		at += at < end;
	}
	return false;
}
