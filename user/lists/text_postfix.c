// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Postfix access tables of type cidr (cidr_table(5), access(5), postscreen_access_list): the first
 * match counts, "!" negates, if/endif may be nested, an indented line continues the one before.
 */
#include "lists/list_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define DEPTH_MOST 16
#define TEXT_SIZE  96

struct postfix {
	struct ranges outside[DEPTH_MOST]; /* where the condition is false */
	bool unknown[DEPTH_MOST];	   /* the condition could not be read */
	size_t began[DEPTH_MOST];
	size_t depth;
	struct ranges spared; /* hosts that rows do not deny; of a hash they hold in any order */
};

enum verdict { VERDICT_UNKNOWN = 0, VERDICT_DENY, VERDICT_ALLOW, VERDICT_NEITHER };

static struct list_word next_word(const char **at, const char *end)
{
	struct list_word word;

	while (*at < end && (**at == ' ' || **at == '\t'))
		(*at)++;
	word.text = *at;
	while (*at < end && **at != ' ' && **at != '\t')
		(*at)++;
	word.size = (size_t)(*at - word.text);
	return word;
}

static bool any(const struct list_word *word, const char *names)
{
	for (const char *at = names; *at;) {
		size_t size = strcspn(at, " ");

		if (size == word->size && !strncasecmp(at, word->text, size))
			return true;
		at += size + (at[size] == ' ');
	}
	return false;
}

/* The verdict of an action by access(5). NEITHER ends the search, too. */
static enum verdict verdict_of(const struct list_word *word, bool more)
{
	if (any(word, "REJECT DEFER DEFER_IF_REJECT DEFER_IF_PERMIT DISCARD DROP"))
		return VERDICT_DENY;
	if (list_is_number(word, 3, 3) && (*word->text == '4' || *word->text == '5') && more)
		return VERDICT_DENY;
	if (any(word, "OK PERMIT RELAY") || list_is_number(word, 1, 9))
		return VERDICT_ALLOW;
	if (any(word, "DUNNO WARN INFO HOLD PREPEND FILTER REDIRECT BCC"))
		return VERDICT_NEITHER;
	return VERDICT_UNKNOWN;
}

static int whole_family(const struct prefix *prefix, struct ranges *ranges)
{
	return prefix_is4(prefix) ? ranges_add4(ranges, 0, UINT32_MAX, 0)
				  : ranges_add6(ranges, 0, (u128)-1, 0);
}

/* Subtracts b from a. */
static int take_away(struct ranges *a, const struct ranges *b)
{
	struct ranges rest;
	int error = ranges_subtract(&rest, a, b);

	if (error)
		return error;
	ranges_free(a);
	*a = rest;
	return 0;
}

/* The pattern behind `skip` bytes, without brackets: "[2001:db8::]/32", "[192.0.2.0/24]". */
static bool bare_pattern(const struct list_word *word, size_t skip, char text[TEXT_SIZE])
{
	const char *at = word->text + skip, *end = word->text + word->size, *close = NULL;

	if (at < end && *at == '[') {
		at++;
		close = memchr(at, ']', (size_t)(end - at));
	}
	if (!close)
		close = end;
	if (end - at >= TEXT_SIZE || (at < end && memchr(at, '\0', (size_t)(end - at))))
		return false;
	snprintf(text, TEXT_SIZE, "%.*s%.*s", (int)(close - at), at,
		 close < end ? (int)(end - close - 1) : 0, close < end ? close + 1 : end);
	return true;
}

/* Reads a pattern. One that is negated by "!" matches the rest of its family. */
static int parse_pattern(const struct list_reader *reader, const struct list_word *word,
			 struct ranges *ranges, bool *negated, char reason[LIST_REASON_SIZE])
{
	_cleanup_(ranges_free) struct ranges one = { 0 };
	size_t skip = 0;
	struct prefix prefix;
	char text[TEXT_SIZE];
	int error;

	while (skip < word->size && word->text[skip] == '!')
		skip++;
	*negated = skip % 2;
	if (!bare_pattern(word, skip, text))
		return -EINVAL;
	error = list_parse_prefix(reader, text, strlen(text), &prefix, reason);
	if (!error)
		error = ranges_add_prefix(*negated ? &one : ranges, &prefix, 0);
	if (!error && *negated)
		error = whole_family(&prefix, ranges);
	return error || !*negated ? error : take_away(ranges, &one);
}

struct text_postfix_check {
	const struct list_reader *reader;
	char *reason;
};

static int check_prefix(const struct prefix *prefix, uint32_t value, void *context)
{
	struct text_postfix_check *check = context;

	(void)value;
	return list_check_prefix(check->reader, prefix, check->reason);
}

static bool in_unknown(const struct postfix *postfix)
{
	for (size_t i = 0; i < postfix->depth; i++)
		if (postfix->unknown[i])
			return true;
	return false;
}

static void take(struct list_reader *reader, size_t number, const struct list_word *word,
		 bool wanted)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	char reason[LIST_REASON_SIZE];
	struct text_postfix_check check = { reader, reason };
	struct rule_set *set = list_rule_set(reader, "postfix");
	bool negated;
	int error = set ? parse_pattern(reader, word, &ranges, &negated, reason) : -ENOMEM;

	for (size_t i = 0; i < reader->postfix->depth && !error; i++)
		error = take_away(&ranges, &reader->postfix->outside[i]);
	if (!error && wanted)
		error = ranges_each_prefix(&ranges, check_prefix, &check);
	if (error == -ENOMEM) {
		reader->error = error;
		return;
	}
	if (error || in_unknown(reader->postfix)) {
		list_refuse(reader, number, "%s%s", wanted ? "" : "an exception: ",
			    error ? reason : "it stands within an 'if' that was refused");
		return;
	}
	if (wanted) {
		reader->report->lines++;
		reader->report->taken++;
	} else {
		list_skip(reader);
	}
	list_rule_add(reader, set, &ranges, !wanted, false);
	if (!wanted && !negated && !memchr(word->text, '/', word->size) && !reader->error)
		reader->error = ranges_add_all(&reader->postfix->spared, &ranges);
}

static bool begin(struct list_reader *reader)
{
	if (!reader->postfix)
		reader->postfix = calloc(1, sizeof(*reader->postfix));
	if (!reader->postfix)
		reader->error = -ENOMEM;
	return reader->postfix;
}

static void open_if(struct list_reader *reader, size_t number, const struct list_word *word)
{
	struct postfix *postfix = reader->postfix;
	_cleanup_(ranges_free) struct ranges inside = { 0 }, outside = { 0 };
	char reason[LIST_REASON_SIZE];
	bool negated;
	int error;

	if (postfix->depth == DEPTH_MOST) {
		list_give_up(reader, "line %zu: more than %d ifs within each other", number,
			     DEPTH_MOST);
		return;
	}
	error = parse_pattern(reader, word, &inside, &negated, reason);
	if (!error)
		error = ranges_add4(&outside, 0, UINT32_MAX, 0);
	if (!error)
		error = ranges_add6(&outside, 0, (u128)-1, 0);
	if (!error)
		error = take_away(&outside, &inside);
	if (error == -ENOMEM)
		reader->error = error;
	else if (error)
		list_refuse(reader, number, "%s", reason);
	else
		list_skip(reader);
	postfix->unknown[postfix->depth] = error;
	postfix->began[postfix->depth] = number;
	postfix->outside[postfix->depth++] = outside;
	outside = (struct ranges){ 0 };
}

static void close_if(struct list_reader *reader, size_t number)
{
	struct postfix *postfix = reader->postfix;

	if (!postfix->depth) {
		list_refuse(reader, number, "an 'endif' without its 'if'");
		return;
	}
	ranges_free(&postfix->outside[--postfix->depth]);
	list_skip(reader);
}

static bool pattern(const struct list_word *word)
{
	char text[TEXT_SIZE];
	size_t skip = 0;

	while (skip < word->size && word->text[skip] == '!')
		skip++;
	return bare_pattern(word, skip, text) &&
	       list_is_entry(&(struct list_word){ text, strlen(text) }) && !strchr(text, '-');
}

/* "if PATTERN" and "endif". */
static bool condition(struct list_reader *reader, const struct list_line *line,
		      const struct list_word *first, const struct list_word *second)
{
	bool opens = any(first, "if") && pattern(second);

	if (!opens && (!any(first, "endif") || second->size))
		return false;
	if (begin(reader) && opens)
		open_if(reader, line->number, second);
	else if (reader->postfix)
		close_if(reader, line->number);
	return true;
}

bool list_postfix(struct list_reader *reader, const struct list_line *line)
{
	const char *at = line->text, *end = at + line->size;
	struct list_word first, second;
	enum verdict verdict;

	first = next_word(&at, end);
	second = next_word(&at, end);
	if (condition(reader, line, &first, &second))
		return true;
	if (!second.size || !pattern(&first))
		return false;
	verdict = verdict_of(&second, next_word(&at, end).size > 0);
	if (!verdict || !begin(reader))
		return reader->error != 0;
	take(reader, line->number, &first,
	     verdict == (reader->options->allow ? VERDICT_ALLOW : VERDICT_DENY));
	return true;
}

void list_postfix_finish(struct list_reader *reader)
{
	struct postfix *postfix = reader->postfix;

	if (!postfix)
		return;
	if (postfix->depth)
		list_give_up(reader, "the 'if' on line %zu has no 'endif': cut short?",
			     postfix->began[postfix->depth - 1]);
	else if (reader->scores)
		list_give_up(reader, "has actions of Postfix, where a number permits, and numbers "
				     "that look like scores; import them from two files");
	else if (reader->hash && !reader->error)
		reader->error = ranges_add_all(&reader->except, &postfix->spared);
	for (size_t i = 0; i < postfix->depth; i++)
		ranges_free(&postfix->outside[i]);
	ranges_free(&postfix->spared);
	free(postfix);
	reader->postfix = NULL;
}
