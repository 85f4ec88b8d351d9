// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What programs list for people: `iptables -L -n` (-v, --line-numbers), `ipset list` and `ufw
 * status`. Of a chain's rules the first match counts; rules
 * with conditions that a list cannot hold are refused. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MOST 40

struct listing {
	enum { LISTING_CHAIN, LISTING_IPSET, LISTING_MEMBERS, LISTING_UFW } kind;
	char name[80];
	bool opposes, masked;		 /* an ipset: by its name; its members lack their length */
	size_t target, protocol, source; /* columns of a chain; target == source: no titles yet */
};

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

/* OUTPUT and POSTROUTING, and chains that ufw and others name after them. */
static bool leaves(const char *name)
{
	return strcasestr(name, "output") || !strcmp(name, "chain POSTROUTING");
}

static void chain_rule(struct list_reader *reader, const struct list_line *line,
		       const struct list_word *words, size_t count)
{
	const struct listing *listing = reader->listing;
	const struct list_word *target = &words[listing->target], *source;
	bool whole = count > listing->source && listing->source && count > listing->target, mail;
	bool denies = whole && list_word_any(target, "DROP REJECT");
	size_t behind;
	int matters;

	if (!whole || leaves(listing->name) ||
	    (!denies && !list_word_any(target, "ACCEPT RETURN"))) {
		list_skip(reader);
		return;
	}
	source = &words[listing->source];
	/* ip6tables prints no "opt" */
	if (list_is_entry(source - 1) || list_word_any(source - 1, "::/0") ||
	    (*source[-1].text == '!' && source[-1].size > 1))
		source--;
	mail = list_word_any(&words[listing->protocol], "all 0 tcp 6");
	behind = (size_t)(source - words) + 2;
	if (behind > count) { /* cut short */
		list_skip(reader);
		return;
	}
	matters = conditions(words + behind, count - behind);
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

	if (reader->listing->opposes) {
		list_skip(reader);
		return;
	}
	if (reader->listing->masked || memchr(words[0].text, ',', words[0].size)) {
		list_refuse(reader, line->number,
			    reader->listing->masked
				    ? "the set stands for networks (netmask), whose length the "
				      "member lacks; write it as ADDRESS/LENGTH"
				    : "the member is more than an address (a port, a device); a "
				      "list holds addresses alone");
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
	bool denies, limits;

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
	limits = list_word_is(&words[at - 1], "LIMIT");
	at += list_word_is(&words[at], "IN");
	if (at == count || (limits && reader->options->allow))
		list_skip(reader);
	else if (at + 1 < count && *words[at + 1].text != '#' && *words[at + 1].text != '(')
		list_refuse(reader, line->number,
			    "a rule with a condition that a list cannot hold");
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

static void begin_ipset(struct list_reader *reader, const struct list_line *line,
			const struct list_word *name)
{
	struct listing *listing = begin(reader, LISTING_IPSET, "ipset", name);

	if (listing)
		listing->opposes = list_opposes(reader, line->number, name);
}

/* A line that begins a listing; `words` are its words. */
static bool opens(struct list_reader *reader, const struct list_line *line,
		  const struct list_word *words, size_t count)
{
	struct list_word none = { "", 0 };

	if (count >= 3 && list_word_is(&words[0], "Chain") && *words[2].text == '(')
		begin(reader, LISTING_CHAIN, "chain", &words[1]);
	else if (count == 2 && list_word_is(&words[0], "Name:"))
		begin_ipset(reader, line, &words[1]);
	else if (count == 2 && list_word_is(&words[0], "Status:") &&
		 list_word_is(&words[1], "active"))
		begin(reader, LISTING_UFW, "ufw", &none);
	else
		return false;
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
	count = list_words(line, words, WORDS_MOST);
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
		for (size_t i = 1; i < count; i++)
			listing->masked |= list_word_any(&words[i], "netmask bitmask");
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
