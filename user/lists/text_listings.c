// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listings that programs print for people: `iptables -L -n` (-v, --line-numbers), `ipset list`,
 * `ufw status`, and fail2ban-client (status, banip, banned). In a chain the first match counts;
 * rules with conditions that a list cannot hold are refused. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORDS_MOST 40

struct listing {
	enum { LISTING_CHAIN, LISTING_IPSET, LISTING_MEMBERS, LISTING_UFW } kind;
	char name[80];
	size_t target, protocol, source; /* columns of a chain; target == source: no titles yet */
};

static size_t split(const struct list_line *line, struct list_word *words)
{
	const char *at = line->text, *end = at + line->size;
	size_t count = 0;

	while (at < end && count < WORDS_MOST) {
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

static struct listing *begin(struct list_reader *reader, int kind, const char *what,
			     const struct list_word *name)
{
	if (!reader->listing)
		reader->listing = calloc(1, sizeof(*reader->listing));
	if (!reader->listing) {
		reader->error = -ENOMEM;
		return NULL;
	}
	*reader->listing = (struct listing){ .kind = kind };
	snprintf(reader->listing->name, sizeof(reader->listing->name), "%s %.*s", what,
		 name->size > 60 ? 60 : (int)name->size, name->text);
	return reader->listing;
}

static void take(struct list_reader *reader, const struct list_line *line,
		 const struct list_word *word, bool denies, bool narrowest)
{
	struct rule_set *set = list_rule_set(reader, reader->listing->name);

	if (!set)
		return;
	set->narrowest = narrowest;
	list_rule_take(reader, set, line->number, word->text, word->size,
		       denies == reader->options->allow);
}

/* ---- iptables -L ---- */

static void titles(struct listing *listing, const struct list_word *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list_word_is(&words[i], "target"))
			listing->target = i;
		else if (list_word_is(&words[i], "prot"))
			listing->protocol = i;
		else if (list_word_is(&words[i], "source"))
			listing->source = i;
	}
}

/* The ports of "dpt:25", "dpts:20:30" or "dports 25,465" at words[*at]; .size 0: none. */
static struct list_word ports_of(const struct list_word *words, size_t count, size_t *at)
{
	static const char *const begins[] = { "dpt:", "dpts:" };
	const struct list_word *word = &words[*at];

	for (size_t i = 0; i < 2; i++) {
		size_t size = strlen(begins[i]);

		if (word->size > size && !memcmp(word->text, begins[i], size))
			return (struct list_word){ word->text + size, word->size - size };
	}
	if (list_word_is(word, "dports") && *at + 1 < count)
		return words[++*at];
	return (struct list_word){ "", 0 };
}

/* Judges the words behind the addresses. 1: none matters; 0: the rule is not about mail; -1: there
 * is a condition that a list cannot hold. */
static int conditions(const struct list_word *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct list_word ports;

		if (list_word_any(&words[i], "tcp multiport ctstate state NEW"))
			continue;
		if (list_word_is(&words[i], "reject-with")) {
			i++;
			continue;
		}
		if (list_word_is(&words[i], "/*")) {
			while (i < count && !list_word_is(&words[i], "*/"))
				i++;
			continue;
		}
		ports = ports_of(words, count, &i);
		if (!ports.size)
			return -1;
		if (!list_mail_ports(&ports))
			return 0;
	}
	return 1;
}

static void chain_rule(struct list_reader *reader, const struct list_line *line,
		       const struct list_word *words, size_t count)
{
	const struct listing *listing = reader->listing;
	const struct list_word *target = &words[listing->target], *source;
	bool whole = count > listing->source + 1 && count > listing->target, mail;
	bool denies = whole && list_word_any(target, "DROP REJECT");
	int matters;

	if (!whole || (!denies && !list_word_any(target, "ACCEPT RETURN"))) {
		list_skip(reader);
		return;
	}
	source = &words[listing->source];
	mail = list_word_any(&words[listing->protocol], "all 0 tcp 6");
	matters = conditions(words + listing->source + 2, count - listing->source - 2);
	if (list_word_any(source, "0.0.0.0/0 ::/0 anywhere") || !mail || !matters)
		list_skip(reader);
	else if (*source->text == '!')
		list_refuse(reader, line->number,
			    "a negated source is every other address; a list cannot mean that");
	else if (matters < 0 && denies)
		list_refuse(reader, line->number,
			    "a rule with a condition that a list cannot hold");
	else
		take(reader, line, source, denies, false);
}

/* ---- ipset list ---- */

static bool is_ipset_title(const struct list_word *word)
{
	return list_word_any(word, "Type: Revision: Header: References: Members:") ||
	       list_word_any(word, "Size Number");
}

static void member(struct list_reader *reader, const struct list_line *line,
		   const struct list_word *words, size_t count)
{
	bool nomatch = false;

	if (memchr(words[0].text, ',', words[0].size)) {
		list_refuse(reader, line->number,
			    "the member is more than an address (a port, a device); a list holds "
			    "addresses alone");
		return;
	}
	for (size_t i = 1; i < count; i++) {
		nomatch |= list_word_is(&words[i], "nomatch");
		if (list_word_is(&words[i], "comment"))
			break;
		if (list_word_is(&words[i], "timeout") && i + 1 < count)
			list_ends_in(reader, words[i + 1].text, words[i + 1].size);
	}
	take(reader, line, &words[0], nomatch == reader->options->allow, true);
}

/* ---- ufw status ---- */

static void ufw(struct list_reader *reader, const struct list_line *line,
		const struct list_word *words, size_t count)
{
	struct list_word port = words[0], *slash;
	size_t at = 0;
	bool denies;

	if (list_word_is(&port, "[") && count > 2) { /* status numbered: "[ 1] 25 ..." */
		words += 2;
		count -= 2;
	} else if (*port.text == '[') {
		words++;
		count--;
	}
	while (at < count && !list_word_any(&words[at], "DENY REJECT ALLOW LIMIT"))
		at++;
	if (!at || at + 1 >= count) {
		list_skip(reader);
		return;
	}
	denies = list_word_any(&words[at], "DENY REJECT");
	port = words[0];
	slash = memchr(port.text, '/', port.size) ? &port : NULL;
	if (slash && port.size > 4 && !memcmp(port.text + port.size - 4, "/udp", 4)) {
		list_skip(reader);
		return;
	}
	if (slash)
		port.size = (size_t)((const char *)memchr(port.text, '/', port.size) - port.text);
	at++;
	if (list_word_any(&words[at], "OUT FWD") ||
	    (at + 1 < count && list_word_is(&words[at], "IN") &&
	     list_word_is(&words[at + 1], "Anywhere")) ||
	    list_word_is(&words[at], "Anywhere")) {
		list_skip(reader);
		return;
	}
	at += list_word_is(&words[at], "IN");
	if (at == count)
		list_skip(reader);
	else if (*port.text >= '0' && *port.text <= '9' && !list_is_entry(&port) &&
		 !list_mail_ports(&port))
		list_skip(reader);
	else if (!list_word_is(&port, "Anywhere") && !list_mail_ports(&port))
		list_refuse(reader, line->number,
			    "what it protects is named, not numbered; write the addresses as a "
			    "plain list");
	else
		take(reader, line, &words[at], denies, false);
}

/* ---- all three ---- */

/* Whether the line begins a listing; `words` are its words. */
static bool opens(struct list_reader *reader, const struct list_line *line,
		  const struct list_word *words, size_t count)
{
	struct list_word none = { "", 0 };

	if (count >= 3 && list_word_is(&words[0], "Chain") && *words[2].text == '(')
		begin(reader, LISTING_CHAIN, "chain", &words[1]);
	else if (count == 2 && list_word_is(&words[0], "Name:"))
		begin(reader, LISTING_IPSET, "ipset", &words[1]);
	else if (count == 2 && list_word_is(&words[0], "Status:") &&
		 list_word_is(&words[1], "active"))
		begin(reader, LISTING_UFW, "ufw", &none);
	else
		return false;
	(void)line;
	list_skip(reader);
	return true;
}

bool list_listing(struct list_reader *reader, const struct list_line *line)
{
	struct list_word words[WORDS_MOST];
	struct listing *listing = reader->listing;
	size_t count;

	if (!listing && !strchr("CNS", *line->text))
		return false;
	count = split(line, words);
	if (opens(reader, line, words, count) || reader->error)
		return true;
	if (!listing)
		return false;
	if (listing->kind == LISTING_CHAIN && listing->target == listing->source) {
		titles(listing, words, count);
		list_skip(reader);
	} else if (listing->kind == LISTING_CHAIN) {
		chain_rule(reader, line, words, count);
	} else if (listing->kind == LISTING_UFW) {
		ufw(reader, line, words, count);
	} else if (listing->kind == LISTING_IPSET && is_ipset_title(&words[0])) {
		if (list_word_is(&words[0], "Members:"))
			listing->kind = LISTING_MEMBERS;
		list_skip(reader);
	} else if (listing->kind == LISTING_MEMBERS) {
		member(reader, line, words, count);
	} else {
		return false;
	}
	return true;
}

void list_listing_finish(struct list_reader *reader)
{
	free(reader->listing);
	reader->listing = NULL;
}

/* ---- fail2ban-client ---- */

/* Reads "ADDRESS  2025-03-03 10:11:12 + 3600 = 2025-03-03 11:11:12" of `banip --with-time`. */
static bool with_time(struct list_reader *reader, const struct list_line *line)
{
	struct list_word words[WORDS_MOST];
	size_t count = split(line, words);
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
	list_take_entry(reader, line->number, words[0].text, words[0].size);
	return true;
}

/* Takes the quoted addresses of `fail2ban-client banned`: [{'JAIL': ['ADDRESS', ...]}, ...]. */
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
			list_skip(reader); /* the name of a jail */
		else
			list_take_entry(reader, line->number, word.text, word.size);
		at = close + 1;
	}
}

bool list_fail2ban(struct list_reader *reader, const struct list_line *line)
{
	static const char banned[] = "Banned IP list:";
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
	found = memmem(line->text, line->size, banned, sizeof(banned) - 1);
	if (!found) { /* "|- Currently failed: 3" */
		list_skip(reader);
		return true;
	}
	rest.text = found + sizeof(banned) - 1;
	rest.size = (size_t)(end - rest.text);
	while ((count = split(&rest, words))) {
		for (size_t i = 0; i < count; i++)
			list_take_entry(reader, line->number, words[i].text, words[i].size);
		rest.text = words[count - 1].text + words[count - 1].size;
		rest.size = (size_t)(end - rest.text);
	}
	return true;
}
