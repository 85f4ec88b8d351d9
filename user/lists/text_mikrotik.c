// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RouterOS scripts (.rsc) with address lists, as `/ip firewall address-list export` prints them. If
 * a file has several lists, those whose names say the opposite of this list's action are skipped.
 * Not here: filters, and every other command. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <string.h>

#define WORDS_MOST 32

/* The value of "NAME=VALUE" among the words; .size 0: none. */
static struct list_word value_of(const struct list_word *words, size_t count, const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < count; i++)
		if (words[i].size > size && !memcmp(words[i].text, name, size) &&
		    words[i].text[size] == '=')
			return (struct list_word){ words[i].text + size + 1,
						   words[i].size - size - 1 };
	return (struct list_word){ "", 0 };
}

static void add(struct list_reader *reader, const struct list_line *line,
		const struct list_word *words, size_t count)
{
	struct list_word address = value_of(words, count, "address");
	struct list_word list = value_of(words, count, "list");
	struct list_word disabled = value_of(words, count, "disabled"), timeout;

	if (list_word_is(&disabled, "yes") || list_name_opposes(reader, &list)) {
		list_skip(reader);
		return;
	}
	if (!address.size) {
		list_refuse(reader, line->number, "an entry without 'address='");
		return;
	}
	timeout = value_of(words, count, "timeout");
	list_ends_in(reader, timeout.text, timeout.size);
	list_take_entry(reader, line->number, address.text, address.size);
}

/* The command within ":do {add ...} on-error={}". */
static struct list_line unwrapped(const struct list_line *line)
{
	struct list_line inner = *line;
	const char *open = memchr(line->text, '{', line->size), *close;

	if (line->size < 4 || memcmp(line->text, ":do ", 4) || !open)
		return inner;
	close = memchr(open, '}', line->size - (size_t)(open - line->text));
	inner.text = open + 1;
	while (close && inner.text < close && *inner.text == ' ')
		inner.text++;
	inner.size = close ? (size_t)(close - inner.text) : 0;
	return inner;
}

bool list_mikrotik(struct list_reader *reader, const struct list_line *line)
{
	struct list_line inner = unwrapped(line);
	struct list_word words[WORDS_MOST];
	bool path = *line->text == '/', shell;
	size_t count, at = 0;

	if (!path && !reader->mikrotik)
		return false;
	count = list_split(reader, &inner, words, WORDS_MOST, &shell);
	if (!count || count > WORDS_MOST)
		return reader->error != 0;
	if (path && count < 3 && !reader->mikrotik)
		return false;
	if (path) {
		bool lists = count >= 3 && list_word_any(&words[0], "/ip /ipv6") &&
			     list_word_is(&words[1], "firewall") &&
			     list_word_is(&words[2], "address-list");

		if (!lists && !reader->mikrotik)
			return false;
		reader->mikrotik = lists ? MIKROTIK_LISTS : MIKROTIK_ELSEWHERE;
		at = lists ? 3 : count;
	}
	if (at == count || reader->mikrotik == MIKROTIK_ELSEWHERE)
		list_skip(reader);
	else if (list_word_is(&words[at], "add"))
		add(reader, line, words + at + 1, count - at - 1);
	else
		list_refuse(reader, line->number,
			    "'%.40s' is not followed; import what `/ip firewall address-list "
			    "export` prints",
			    words[at].text);
	return true;
}
