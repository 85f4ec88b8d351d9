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

static struct rule_set *named_set(struct list_reader *reader, const struct list_word *word)
{
	char name[80];

	snprintf(name, sizeof(name), "ipset %.*s", word->size > 64 ? 64 : (int)word->size,
		 word->text);
	return list_rule_set(reader, name);
}

static void add(struct list_reader *reader, const struct list_line *line,
		const struct list_word *words, size_t count)
{
	struct rule_set *set;
	const char *hinder;
	bool nomatch, first;

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
	set = named_set(reader, &words[0]);
	if (!set) {
		list_refuse(reader, line->number,
			    "more than %d sets in a file; import them one "
			    "by one",
			    LIST_RULE_SETS);
		return;
	}
	first = !set->begun;
	if (first)
		set->opposes = list_opposes(reader, line->number, &words[0]);
	set->begun = set->narrowest = true;
	if (set->opposes) {
		reader->end = 0;
		reader->ended = false;
		reader->report->skipped += !first; /* the first was counted with the remark */
		return;
	}
	if (set->masked) {
		list_refuse(reader, line->number,
			    "the set stands for networks (netmask), whose length the entry lacks; "
			    "write it as ADDRESS/LENGTH");
		return;
	}
	list_rule_take(reader, set, line->number, words[1].text, words[1].size, nomatch);
}

/* "create SET TYPE ... netmask 24": its entries are printed without the length. */
static void create(struct list_reader *reader, const struct list_word *words, size_t count)
{
	struct rule_set *set = NULL;

	for (size_t i = 2; i + 1 < count; i++)
		if (list_word_any(&words[i], "netmask bitmask") &&
		    !list_word_any(&words[i + 1], "32 128 255.255.255.255"))
			set = named_set(reader, &words[0]);
	if (set)
		set->masked = true;
	list_skip(reader);
}

static void empty(struct list_reader *reader, struct rule_set *set)
{
	ranges_free(&set->ranges);
	ranges_free(&set->ends);
	set->ranges = set->ends = (struct ranges){ 0 };
	set->excepting = set->timed = false;
	reader->report->lines -= set->taken;
	reader->report->taken -= set->taken;
	set->taken = 0;
}

/* The set has the name now, which may say that it lets through. */
static void rename_to(struct list_reader *reader, struct rule_set *set,
		      const struct list_word *name)
{
	set->opposes = list_name_opposes(reader, name);
	if (set->opposes)
		empty(reader, set);
}

/* "flush SET", "destroy", "swap A B", "rename A B": what came before is gone, or another's. */
static void rearrange(struct list_reader *reader, const struct list_word *words, size_t count)
{
	struct rule_set *first = count > 1 ? named_set(reader, &words[1]) : NULL;
	struct rule_set *second = count > 2 ? named_set(reader, &words[2]) : NULL;
	char name[sizeof(first->name)];

	list_skip(reader);
	if (first && second) { /* swap, rename: the entries stay, under the other name */
		strcpy(name, first->name);
		strcpy(first->name, second->name);
		strcpy(second->name, name);
		rename_to(reader, first, &words[2]);
		rename_to(reader, second, &words[1]);
	} else if (first) {
		empty(reader, first);
	} else if (count == 1) {
		for (size_t i = 0; i < reader->set_count; i++)
			if (reader->sets[i].begun)
				empty(reader, &reader->sets[i]);
	}
}

/* Whether "add SET ENTRY" can be meant: nft, too, has commands that begin so. */
static bool is_ipset(const struct list_word *words, size_t count, size_t begin)
{
	if (begin == count)
		return false;
	if (begin)
		return true;
	if (list_word_any(&words[0], "create -N"))
		return count >= 3 && memchr(words[2].text, ':', words[2].size);
	if (list_word_any(&words[0], "flush destroy swap rename"))
		return count == (list_word_any(&words[0], "swap rename") ? 3 : 2);
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
	    !strchr("acdfirsw/-", *line->text)) /* add create ... ipset sudo /sbin -A */
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
	else if (list_word_any(&words[begin], "create -N --create n"))
		create(reader, words + begin + 1, count - begin - 1);
	else if (list_word_any(&words[begin], "flush destroy swap rename -F -X -W -E x f w e"))
		rearrange(reader, words + begin, count - begin);
	else
		list_skip(reader);
	return true;
}
