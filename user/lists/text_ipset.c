// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Output of `ipset save`, and files of ipset commands: the entries of sets of addresses. An entry
 * with "nomatch" is an exception; in an ipset the narrowest entry counts. Not here: what the set is
 * used for, which only the firewall's rules say.
 */
#include "lists/list_reader.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MOST 48

/* Index of the word behind "sudo /usr/sbin/ipset -exist", each of which may be missing. */
static size_t command_begin(const struct list_word *words, size_t count)
{
	size_t at = count && list_word_is(&words[0], "sudo");

	if (at < count && list_word_any(&words[at], "ipset /sbin/ipset /usr/sbin/ipset")) {
		at++;
		while (at < count && list_word_any(&words[at], "-exist -! -q -quiet"))
			at++;
		return at;
	}
	return 0;
}

/* Reads the options behind an entry. NULL, or what a list cannot hold. */
static const char *read_options(struct list_reader *reader, const struct list_word *words,
				size_t count, bool *nomatch)
{
	*nomatch = false;
	for (size_t i = 0; i < count; i++) {
		if (list_word_is(&words[i], "timeout") && i + 1 < count)
			list_ends_in(reader, words[i + 1].text, words[i + 1].size);
		if (list_word_is(&words[i], "nomatch"))
			*nomatch = true;
		else if (list_word_any(&words[i], "timeout comment packets bytes skbmark skbprio "
						  "skbqueue"))
			i++;
		else if (!list_word_any(&words[i], "-exist -!"))
			return "an option that is not known";
	}
	return NULL;
}

static void add(struct list_reader *reader, const struct list_line *line,
		const struct list_word *words, size_t count)
{
	char name[80];
	struct rule_set *set;
	const char *hinder;
	bool nomatch;

	if (count < 2) {
		list_refuse(reader, line->number, "a set and an entry are missing behind 'add'");
		return;
	}
	if (memchr(words[1].text, ',', words[1].size)) {
		list_refuse(reader, line->number,
			    "the entry is more than an address (a port, a device); a list holds "
			    "addresses alone");
		return;
	}
	hinder = read_options(reader, words + 2, count - 2, &nomatch);
	if (hinder) {
		list_refuse(reader, line->number, "the entry has %s", hinder);
		return;
	}
	snprintf(name, sizeof(name), "ipset %.*s", words[0].size > 64 ? 64 : (int)words[0].size,
		 words[0].text);
	set = list_rule_set(reader, name);
	if (!set) {
		list_refuse(reader, line->number,
			    "more than %d sets in a file; import them one "
			    "by one",
			    LIST_RULE_SETS);
		return;
	}
	set->narrowest = true;
	list_rule_take(reader, set, line->number, words[1].text, words[1].size, nomatch);
}

/* Whether "add SET ENTRY" may be meant: commands of nft begin with the same words. */
static bool is_ipset(const struct list_word *words, size_t count, size_t begin)
{
	if (begin == count)
		return false;
	if (begin)
		return true;
	if (list_word_is(&words[0], "create"))
		return count >= 3 && memchr(words[2].text, ':', words[2].size);
	return count >= 3 && list_word_any(&words[0], "add del -A -D") && words[2].size &&
	       *words[2].text != '-' &&
	       (memchr(words[2].text, '.', words[2].size) ||
		memchr(words[2].text, ':', words[2].size) ||
		(*words[2].text >= '0' && *words[2].text <= '9'));
}

bool list_ipset(struct list_reader *reader, const struct list_line *line)
{
	struct list_word words[WORDS_MOST];
	size_t count, begin;
	bool shell;

	if (reader->mikrotik ||
	    !strchr("acdis/-", *line->text)) /* add create del ipset sudo /sbin -A */
		return false;
	count = list_split(reader, line, words, WORDS_MOST, &shell);
	if (!count)
		return reader->error != 0;
	begin = command_begin(words, count > WORDS_MOST ? WORDS_MOST : count);
	if (!is_ipset(words, count, begin))
		return false;
	if (count > WORDS_MOST || (begin && shell))
		list_refuse(reader, line->number,
			    "variables and shell syntax are not run (%d words "
			    "at most); import what `ipset save` prints",
			    WORDS_MOST);
	else if (list_word_any(&words[begin], "add -A --add"))
		add(reader, line, words + begin + 1, count - begin - 1);
	else if (list_word_any(&words[begin], "del -D --del"))
		list_refuse(reader, line->number,
			    "an entry is taken away here; import what `ipset "
			    "save` prints");
	else
		list_skip(reader);
	return true;
}
