// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BIND's named.conf: the addresses of "acl NAME { ... };" and "blackhole { ... };", over as many
 * lines as their braces span. The first match counts; "!" makes an exception. Everything else in
 * the file is skipped. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_SIZE  96
#define DEPTH_MOST 16

struct bind {
	char name[80];
	size_t depth, list; /* open braces; the depth of the open list, 0: no list is open */
	size_t began;
	char word[WORD_SIZE]; /* the last word before a brace or a semicolon */
	size_t words;	      /* words of the statement so far */
	bool acl;	      /* its first word is "acl" */
	bool comment;	      /* within a comment as in C */
	bool blind; /* an exception could not be honoured: entries behind it are not taken */
};

static void entry(struct list_reader *reader, struct bind *bind, size_t number)
{
	bool negated = *bind->word == '!';
	struct list_word word = { bind->word + negated, strlen(bind->word) - negated };
	struct rule_set *set;

	if (bind->words == 1 && list_word_is(&word, "none") && !negated) {
		list_skip(reader);
	} else if (bind->blind) {
		list_refuse(reader, number, "it stands behind an exception that is not known");
	} else if (bind->words == 1 && list_is_entry(&word)) {
		set = list_rule_set(reader, bind->name);
		if (set)
			list_rule_take(reader, set, number, word.text, word.size, negated);
	} else {
		bind->blind |= negated;
		list_refuse(reader, number,
			    "'%.40s' is no address; other acls and keys are not followed",
			    bind->word);
	}
}

static void open_brace(struct list_reader *reader, struct bind *bind, size_t number)
{
	if (bind->depth == DEPTH_MOST) {
		list_give_up(reader, "line %zu: more than %d braces within each other", number,
			     DEPTH_MOST);
		return;
	}
	if (!bind->depth)
		bind->began = number;
	bind->depth++;
	if (bind->list) {
		bind->blind = true; /* a list within a list has rules of its own */
		list_refuse(reader, number, "braces within an address list are not followed");
	} else if ((bind->acl || !strcmp(bind->word, "blackhole")) &&
		   !list_opposes(reader, number,
				 &(struct list_word){ bind->word, strlen(bind->word) })) {
		bind->list = bind->depth;
		bind->blind = false;
		snprintf(bind->name, sizeof(bind->name), "bind %.60s", bind->word);
	}
	bind->words = 0;
}

static void structure(struct list_reader *reader, struct bind *bind, char c, size_t number)
{
	if (c == '{') {
		open_brace(reader, bind, number);
		return;
	}
	if (bind->words && bind->list == bind->depth && bind->list)
		entry(reader, bind, number);
	if (c == '}' && bind->depth) {
		if (bind->list == bind->depth)
			bind->list = 0;
		bind->depth--;
	}
	bind->words = 0;
	bind->acl = false;
}

static void add_word(struct bind *bind, const char *text, size_t size)
{
	if (size > 1 && *text == '"' && text[size - 1] == '"') {
		text++;
		size -= 2;
	}
	/* "! ADDRESS" is an exception, too. */
	if (bind->words == 1 && !strcmp(bind->word, "!"))
		snprintf(bind->word, sizeof(bind->word), "!%.*s", (int)(size < 90 ? size : 90),
			 text);
	else {
		snprintf(bind->word, sizeof(bind->word), "%.*s", (int)(size < 90 ? size : 90),
			 text);
		bind->words++;
	}
	if (bind->words == 1 && !bind->depth)
		bind->acl = !strcmp(bind->word, "acl");
}

void list_bind_inside(struct list_reader *reader, const struct list_line *line)
{
	struct bind *bind = reader->bind;
	const char *at = line->text, *end = at + line->size;

	while (at < end) {
		const char *begin = at;
		size_t left = (size_t)(end - at);

		if (bind->comment) {
			at = memmem(at, left, "*/", 2);
			bind->comment = !at;
			at = at ? at + 2 : end;
		} else if (*at == '#' || (left > 1 && !memcmp(at, "//", 2))) {
			at = end;
		} else if (left > 1 && !memcmp(at, "/*", 2)) {
			bind->comment = true;
			at += 2;
		} else if (*at == '{' || *at == '}' || *at == ';') {
			structure(reader, bind, *at++, line->number);
		} else if (*at == ' ' || *at == '\t' || *at == '\r') {
			at++;
		} else {
			const char *close = *at == '"' ? memchr(at + 1, '"', left - 1) : NULL;

			if (close)
				at = close + 1;
			else
				while (at < end && (!*at || !strchr(" \t\r{};#", *at)))
					at++;
			add_word(bind, begin, (size_t)(at - begin));
		}
	}
	if (!bind->depth && !bind->words && !bind->comment) {
		free(bind);
		reader->bind = NULL;
	}
}

/* Whether a statement with braces begins here. Lines of other formats may begin with the same
 * words. */
static bool begins(const struct list_line *line)
{
	static const char *const heads[] = { "acl",	"options", "blackhole",
					     "logging", "zone",	   "view" };
	const char *at = line->text, *end = at + line->size;
	size_t words = 0;

	if (line->size > 1 && (!memcmp(at, "//", 2) || !memcmp(at, "/*", 2)))
		return true; /* a comment */
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		size_t size = strlen(heads[i]);

		if (line->size < size || memcmp(at, heads[i], size) != 0 ||
		    (line->size > size && !strchr(" \t{", at[size])))
			continue;
		for (at += size; at < end && *at != '{' && words < 4; words++) {
			while (at < end && (*at == ' ' || *at == '\t'))
				at++;
			while (at < end && *at && !strchr(" \t{", *at))
				at++;
			while (at < end && (*at == ' ' || *at == '\t'))
				at++;
			if (at < end && !*at)
				return false;
		}
		/* "acl NAME" may have its brace on the next line; also "zone NAME IN {". */
		return at < end ? *at == '{' && words <= 2 : words <= (i == 0 || i > 3);
	}
	return false;
}

bool list_bind(struct list_reader *reader, const struct list_line *line)
{
	if (!begins(line))
		return false;
	reader->bind = calloc(1, sizeof(*reader->bind));
	if (!reader->bind) {
		reader->error = -ENOMEM;
		return true;
	}
	list_skip(reader);
	list_bind_inside(reader, line);
	return true;
}

void list_bind_finish(struct list_reader *reader)
{
	if (!reader->bind)
		return;
	list_give_up(reader,
		     "ends within the braces that open on line %zu: cut short; fetch it again",
		     reader->bind->began);
	free(reader->bind);
	reader->bind = NULL;
}
