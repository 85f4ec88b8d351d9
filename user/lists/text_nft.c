// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Output of `nft list set` and `list ruleset`, and what nft -f reads: the elements of sets of
 * addresses, over as many lines as their braces span. Of rules only what they do with a set is
 * examined. If one does the opposite of the list's action, the file is refused, since its set would
 * be an exception.
 */
#include "lists/list_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 16
#define WORDS_MOST 24
#define WORD_SIZE  96

enum block { BLOCK_OTHER = 0, BLOCK_TABLE, BLOCK_SET, BLOCK_CHAIN, BLOCK_ELEMENTS, BLOCK_SKIPPED };

struct nft {
	enum block blocks[DEPTH_MOST];
	size_t depth;
	size_t began; /* line of the outermost block, for messages */
	/* The words of the statement or element so far; words beyond WORDS_MOST are only
	 * counted. */
	char words[WORDS_MOST][WORD_SIZE];
	size_t count;
	size_t number; /* line of its first word */
	bool cut;      /* a word was longer than WORD_SIZE */
	bool braces;   /* an anonymous set stands in place of a rule's source */
	char last[WORD_SIZE];
};

static enum block top(const struct nft *nft)
{
	return nft->depth ? nft->blocks[nft->depth - 1] : BLOCK_OTHER;
}

static bool word_is(const struct nft *nft, size_t index, const char *text)
{
	return index < nft->count && index < WORDS_MOST && !strcmp(nft->words[index], text);
}

static bool any(const char *word, const char *names)
{
	struct list_word one = { word, strlen(word) };

	return list_word_any(&one, names);
}

static void clear(struct nft *nft)
{
	nft->count = 0;
	nft->cut = nft->braces = false;
	*nft->last = '\0';
}

static void add_word(struct nft *nft, const char *text, size_t size, size_t number)
{
	size_t used = size < WORD_SIZE ? size : WORD_SIZE - 1;

	if (!nft->count)
		nft->number = number;
	memcpy(nft->last, text, used);
	nft->last[used] = '\0';
	nft->cut |= size >= WORD_SIZE;
	if (nft->count < WORDS_MOST)
		memcpy(nft->words[nft->count], nft->last, used + 1);
	nft->count++;
}

static void rule(struct list_reader *reader, const struct nft *nft)
{
	size_t at = 0;
	bool negated, accepts = false, denies = false, jumps = false;

	while (at < nft->count && at < WORDS_MOST && strcmp(nft->words[at], "saddr") != 0)
		at++;
	for (size_t i = at; i < nft->count && i < WORDS_MOST; i++) {
		accepts |= any(nft->words[i], "accept return");
		denies |= any(nft->words[i], "drop reject");
		if (any(nft->words[i], "jump goto") && i + 1 < nft->count && i + 1 < WORDS_MOST) {
			struct list_word chain = { nft->words[i + 1], strlen(nft->words[i + 1]) };

			jumps = true;
			accepts |= list_name_allows(&chain);
			denies |= list_name_denies(&chain);
		}
	}
	accepts |= any(nft->last, "accept return"); /* behind more words than are kept */
	if (at >= nft->count || at >= WORDS_MOST || (!accepts && !denies && !jumps)) {
		list_skip(reader);
		return;
	}
	negated = word_is(nft, at + 1, "!=");
	at += negated || word_is(nft, at + 1, "==") ? 2 : 1;
	if (!accepts && !denies) {
		if (!nft->braces && at < nft->count && at < WORDS_MOST && *nft->words[at] == '@')
			list_give_up(reader,
				     "line %zu: what happens to the set %.60s another chain says; "
				     "import each set alone, from `nft list set`",
				     nft->number, nft->words[at] + 1);
		list_skip(reader);
		return;
	}
	if (nft->braces || at >= nft->count || at >= WORDS_MOST || *nft->words[at] != '@') {
		list_refuse(reader, nft->number,
			    "a rule with addresses of its own; write them as plain prefixes");
		return;
	}
	if ((reader->options->allow ? denies : accepts) != negated)
		list_give_up(reader,
			     "line %zu: a rule lets the set %.60s do the opposite of this list; "
			     "import each set alone, from `nft list set`",
			     nft->number, nft->words[at] + 1);
	list_skip(reader);
}

/* Takes one element of a set: an address, prefix or range, then options. */
static void element(struct list_reader *reader, struct nft *nft)
{
	char text[2 * WORD_SIZE + 2];
	size_t options = 1;

	if (!nft->count)
		return;
	snprintf(text, sizeof(text), "%s", nft->words[0]);
	if (word_is(nft, 1, "-") && nft->count > 2) {
		snprintf(text, sizeof(text), "%s-%s", nft->words[0], nft->words[2]);
		options = 3;
	}
	if (nft->cut || word_is(nft, 1, ".") || word_is(nft, 1, ":") ||
	    (nft->count > options &&
	     !any(nft->words[options], "timeout expires comment counter"))) {
		list_refuse(reader, nft->number,
			    "an element that is more than an address (a port, a verdict); a list "
			    "holds addresses alone");
	} else {
		for (size_t i = options; i + 1 < nft->count && i + 1 < WORDS_MOST; i++)
			if (word_is(nft, i, "expires") ||
			    (word_is(nft, i, "timeout") && !reader->end))
				list_ends_in(reader, nft->words[i + 1], strlen(nft->words[i + 1]));
		list_take_entry(reader, nft->number, text, strlen(text));
	}
	clear(nft);
}

/* Reads a statement that ends without a block. */
static void statement(struct list_reader *reader, struct nft *nft)
{
	bool command = !nft->depth && any(nft->words[0], "add insert replace create");

	if (!nft->count)
		return;
	if (top(nft) == BLOCK_SET && (word_is(nft, 0, "type") || word_is(nft, 0, "typeof"))) {
		bool plain = word_is(nft, 0, "type") && nft->count == 2 &&
			     any(nft->words[1], "ipv4_addr ipv6_addr");

		if (word_is(nft, 0, "typeof") && nft->count == 3)
			plain = any(nft->words[1], "ip ip6") && any(nft->words[2], "saddr daddr");
		/* a type of an address and more fields: the elements are refused one by one */
		if (!plain && nft->count < 4)
			nft->blocks[nft->depth - 1] = BLOCK_SKIPPED;
	} else if (top(nft) == BLOCK_CHAIN || (command && word_is(nft, 1, "rule"))) {
		rule(reader, nft);
	} else if (!nft->depth && any(nft->words[0], "define include delete destroy replace")) {
		list_refuse(reader, nft->number,
			    "'%s' cannot be followed; import what `nft list set` prints",
			    nft->words[0]);
	} else if (!nft->depth) {
		list_skip(reader);
	}
	clear(nft);
}

/* Whether the name of the set, the last word, says that it does the opposite of the list: it is
 * skipped then. */
static bool opposes(struct list_reader *reader, const struct nft *nft)
{
	return list_opposes(reader, nft->number,
			    &(struct list_word){ nft->last, strlen(nft->last) });
}

/* What the words before a '{' make of it. */
static enum block block_of(struct list_reader *reader, struct nft *nft)
{
	enum block outer = top(nft);
	size_t at = any(nft->words[0], "add create") && nft->count > 1 ? 1 : 0;

	if (outer == BLOCK_SKIPPED || outer == BLOCK_ELEMENTS)
		return BLOCK_SKIPPED;
	if (outer == BLOCK_CHAIN || !nft->count)
		return BLOCK_OTHER;
	if (!nft->depth && any(nft->words[0], "delete destroy define insert replace")) {
		list_refuse(reader, nft->number,
			    "'%s' cannot be followed; import what `nft list set` prints",
			    nft->words[0]);
		return BLOCK_SKIPPED;
	}
	if (word_is(nft, at, "table"))
		return BLOCK_TABLE;
	if (word_is(nft, at, "set"))
		return opposes(reader, nft) ? BLOCK_SKIPPED : BLOCK_SET;
	if (word_is(nft, at, "map")) {
		list_refuse(reader, nft->number,
			    "a map has a verdict for each element, which no list can hold");
		return BLOCK_SKIPPED;
	}
	if (word_is(nft, at, "chain"))
		return BLOCK_CHAIN;
	/* add element [FAMILY] TABLE SET { */
	if (word_is(nft, at, "element") && opposes(reader, nft))
		return BLOCK_SKIPPED;
	if (word_is(nft, at, "element") || (word_is(nft, 0, "elements") && word_is(nft, 1, "=")))
		return BLOCK_ELEMENTS;
	return BLOCK_OTHER;
}

static void open_block(struct list_reader *reader, struct nft *nft, size_t number)
{
	enum block block = block_of(reader, nft);

	if (nft->depth == DEPTH_MOST) {
		list_give_up(reader, "line %zu: more than %d blocks within each other", number,
			     DEPTH_MOST);
		return;
	}
	if (!nft->depth)
		nft->began = number;
	nft->blocks[nft->depth++] = block;
	if (block == BLOCK_OTHER && nft->count)
		nft->braces |= any(nft->last, "saddr == !="); /* the rule goes on behind it */
	else
		clear(nft);
}

static void close_block(struct list_reader *reader, struct nft *nft)
{
	enum block block = top(nft);

	if (block == BLOCK_ELEMENTS)
		element(reader, nft);
	else if (block != BLOCK_OTHER)
		statement(reader, nft);
	if (nft->depth)
		nft->depth--;
}

static void structure(struct list_reader *reader, struct nft *nft, char c, size_t number)
{
	enum block block = top(nft);

	if (c == '{')
		open_block(reader, nft, number);
	else if (c == '}')
		close_block(reader, nft);
	else if (block == BLOCK_ELEMENTS && c == ',')
		element(reader, nft);
	else if (c != ',' && block != BLOCK_ELEMENTS && (block != BLOCK_OTHER || !nft->depth))
		statement(reader, nft);
}

/* Whether words are ignored: those of an anonymous set within a rule, or of a skipped block. */
static bool ignored(const struct nft *nft)
{
	return nft->depth && (top(nft) == BLOCK_OTHER || top(nft) == BLOCK_SKIPPED);
}

void list_nft_inside(struct list_reader *reader, const struct list_line *line)
{
	struct nft *nft = reader->nft;
	const char *at = line->text, *end = at + line->size;
	bool continues = at < end && end[-1] == '\\';

	end -= continues;
	while (at < end && *at != '#') {
		const char *begin = at;

		if (*at == ' ' || *at == '\t' || *at == '\r') {
			at++;
		} else if (*at && strchr("{},;", *at)) {
			structure(reader, nft, *at++, line->number);
		} else if (*at == '"') {
			at = memchr(at + 1, '"', (size_t)(end - at - 1));
			at = at ? at + 1 : end;
			if (!ignored(nft))
				add_word(nft, "\"", 1, line->number);
		} else {
			while (at < end && (!*at || !strchr(" \t\r{},;\"#", *at)))
				at++;
			if (!ignored(nft))
				add_word(nft, begin, (size_t)(at - begin), line->number);
		}
	}
	if (!continues)
		structure(reader, nft, '\n', line->number);
	if (!nft->depth && !nft->count) {
		free(nft);
		reader->nft = NULL;
	}
}

static bool begins(const struct list_word *words, size_t count)
{
	struct list_word third = count > 2 ? words[2] : (struct list_word){ "", 0 };

	if (count < 2)
		return false;
	if (list_word_any(&words[0], "add create insert replace delete destroy"))
		return list_word_any(&words[1], "table chain rule set map element counter quota "
						"limit flowtable") &&
		       !memchr(third.text, '.', third.size) && !memchr(third.text, ':', third.size);
	if (list_word_is(&words[0], "flush"))
		return list_word_any(&words[1], "ruleset table chain set map");
	if (list_word_is(&words[0], "elements"))
		return *words[1].text == '=';
	if (list_word_is(&words[0], "define"))
		return count > 2 && *third.text == '=';
	if (list_word_any(&words[0], "table set map chain"))
		return words[count - 1].text[words[count - 1].size - 1] == '{' ||
		       list_word_is(&third, "{");
	return list_word_is(&words[0], "include") && *words[1].text == '"';
}

bool list_nft(struct list_reader *reader, const struct list_line *line)
{
	struct list_word words[5];
	size_t count;

	if (!strchr("acdefimrst", *line->text))
		return false;
	count = list_words(line, words, sizeof(words) / sizeof(*words));
	if (!begins(words, count))
		return false;
	reader->nft = calloc(1, sizeof(*reader->nft));
	if (!reader->nft) {
		reader->error = -ENOMEM;
		return true;
	}
	list_nft_inside(reader, line);
	return true;
}

void list_nft_finish(struct list_reader *reader)
{
	if (!reader->nft)
		return;
	list_give_up(reader,
		     "ends within the block that begins on line %zu: cut short; fetch it "
		     "again",
		     reader->nft->began ? reader->nft->began : reader->nft->number);
	free(reader->nft);
	reader->nft = NULL;
}
