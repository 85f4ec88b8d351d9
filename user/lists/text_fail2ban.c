// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What fail2ban-client prints: `status JAIL`, `banned`, `get JAIL banip [--with-time]`. Not here:
 * its database (text_fail2ban_db.c). See list_reader.h.
 */
#include "lists/list_reader.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define WORDS_MOST 40

/* The ban of one address. */
static void banned(struct list_reader *reader, size_t number, const struct list_word *word)
{
	if (reader->options->allow)
		list_refuse(reader, number,
			    "a ban of fail2ban says nothing for an allow list; import it with "
			    "--deny");
	else
		list_take_entry(reader, number, word->text, word->size);
}

/* "ADDRESS  2025-03-03 10:11:12 + 3600 = 2025-03-03 11:11:12" of `banip --with-time`. */
static bool with_time(struct list_reader *reader, const struct list_line *line)
{
	struct list_word words[WORDS_MOST];
	size_t count = list_words(line, words, WORDS_MOST);
	char text[24];
	struct tm end = { .tm_isdst = -1 };

	if (count != 8 || !list_word_is(&words[3], "+") || !list_word_is(&words[5], "=") ||
	    !list_is_entry(&words[0]))
		return false;
	*text = '\0';
	if (words[6].size == 10 && words[7].size == 8)
		snprintf(text, sizeof(text), "%.10s %.8s", words[6].text, words[7].text);
	if (!strptime(text, "%Y-%m-%d %H:%M:%S", &end)) {
		list_refuse(reader, line->number, "its end is no time");
		return true;
	}
	if (*words[4].text != '-')
		list_ends_at(reader, mktime(&end));
	banned(reader, line->number, &words[0]);
	return true;
}

/* The quoted addresses of `fail2ban-client banned`: [{'JAIL': ['ADDRESS', ...]}, ...]. */
static void quoted(struct list_reader *reader, const struct list_line *line)
{
	const char *at = line->text, *end = at + line->size;

	while ((at = memchr(at, '\'', (size_t)(end - at)))) {
		const char *close = memchr(at + 1, '\'', (size_t)(end - at - 1));
		struct list_word word;

		if (!close) {
			list_refuse(reader, line->number, "cut short within quotes");
			return;
		}
		word = (struct list_word){ at + 1, (size_t)(close - at - 1) };
		if (close + 1 < end && close[1] == ':')
			list_skip(reader); /* a jail's name */
		else
			banned(reader, line->number, &word);
		at = close + 1;
	}
}

bool list_fail2ban(struct list_reader *reader, const struct list_line *line)
{
	static const char title[] = "Banned IP list:";
	const char *found, *end = line->text + line->size;
	struct list_line rest = *line;
	struct list_word words[WORDS_MOST];
	size_t count;

	if (line->size > 3 && !memcmp(line->text, "[{'", 3)) {
		quoted(reader, line);
		return true;
	}
	if (line->size > 20 && !memcmp(line->text, "Status for the jail:", 20)) {
		list_skip(reader);
		return true;
	}
	if (!strchr("|`", *line->text))
		return with_time(reader, line);
	found = memmem(line->text, line->size, title, sizeof(title) - 1);
	if (!found) { /* "|- Currently failed: 3" */
		list_skip(reader);
		return true;
	}
	rest.text = found + sizeof(title) - 1;
	rest.size = (size_t)(end - rest.text);
	while ((count = list_words(&rest, words, WORDS_MOST))) {
		for (size_t i = 0; i < count; i++)
			banned(reader, line->number, &words[i]);
		rest.text = words[count - 1].text + words[count - 1].size;
		rest.size = (size_t)(end - rest.text);
	}
	return true;
}
