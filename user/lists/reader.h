/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the formats of list_read() share. A format is one file with one function, and one row in the
 * table of text.c. Only user/lists/text*.c uses this. Not here: what a list is (text.h).
 */
#ifndef SEKISHO_LIST_READER_H
#define SEKISHO_LIST_READER_H

#include "lists/text.h"

#define LIST_REASON_SIZE 256
#define LIST_RULE_SETS	 64

/* A line without blanks at its ends; lines that a backslash continues are one. */
struct list_line {
	const char *text;
	size_t size;
	size_t number;	      /* of its first physical line */
	const size_t *breaks; /* offsets in `text` where the further physical lines begin */
	size_t break_count;
};

/* Words of a line; the text lies in the reader's scratch memory or in the line. */
struct list_word {
	const char *text;
	size_t size;
};

/* Rules of which the first match counts; values are order * 2 + (1: the rule is an exception). */
struct rule_set {
	char name[80];
	struct ranges ranges;
	uint32_t appended, inserted;
	bool excepting;
};

struct list_reader {
	const struct list_options *options;
	const struct list_callbacks *callbacks;
	struct ranges *ranges;
	struct list_report *report;
	int error;	     /* -ENOMEM: reading ends */
	uint8_t first4[256]; /* enum first_byte of text.c, for the fast way */
	bool commented;	     /* the line before is a comment that ends in a backslash */
	char *scratch;	     /* for a format's use within one line */
	size_t scratch_room;
	char table[32]; /* iptables-save: the "*table" in force */
	struct rule_set *sets;
	size_t set_count;
};

/* A format looks at a line: false, not mine; true, done with it (taken, skipped or refused). */
typedef bool list_format(struct list_reader *reader, const struct list_line *line);

list_format list_plain, list_iptables, list_hosts;

/* The strict dotted quad at `at`: behind it and *address in host order, or NULL. The same strings
 * as inet_pton(), as a prefix of the text. */
const char *list_quad(const char *at, const char *end, uint32_t *address);

/* The physical line that `at`, a place in the line, is on. */
size_t list_line_number(const struct list_line *line, const char *at);

/* Counts one line or entry, and refuses it. */
void list_refuse(struct list_reader *reader, size_t number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Counts a line that is understood but says nothing for this list. */
void list_skip(struct list_reader *reader);

/* "A", "A/length" or "A/contiguous netmask"; `reason` is filled in when -EINVAL. Host bits: -EINVAL
 * unless options->mask. */
int list_parse_prefix(const struct list_reader *reader, const char *text, size_t size,
		      struct prefix *prefix, char reason[LIST_REASON_SIZE]);
/* Whether this list may have the prefix (too wide, special, own); `reason` when -EPERM. */
int list_check_prefix(const struct list_reader *reader, const struct prefix *prefix,
		      char reason[LIST_REASON_SIZE]);
/* The range's ends, one of them or the whole possibly not allowed: `reason` when -EINVAL, -EPERM.
 * The range is added to `ranges` (0, -ENOMEM). */
int list_parse_range(const struct list_reader *reader, const char *first, size_t first_size,
		     const char *last, size_t last_size, bool check, struct ranges *ranges,
		     char reason[LIST_REASON_SIZE]);

/* Takes one entry as a prefix, or refuses it. */
void list_take_prefix(struct list_reader *reader, size_t number, const char *text, size_t size);
void list_take_range(struct list_reader *reader, size_t number, const char *first,
		     size_t first_size, const char *last, size_t last_size);

/* Why a text is no entry, in words. */
void list_describe(const char *text, size_t size, char reason[LIST_REASON_SIZE]);
/* At most 60 printable characters of a text, for messages. */
void list_excerpt(const char *text, size_t size, char excerpt[64]);

bool list_word_is(const struct list_word *word, const char *text);
/* Whether `word` is one of the blank-separated `names`. */
bool list_word_any(const struct list_word *word, const char *names);
/* Splits a line like the shell: quotes, backslashes, a comment at a '#' that begins a word. Returns
 * the number of words, or most + 1 if there are more; their text lies in the scratch memory.
 * *shell: it has something that only a shell can do. 0 with reader->error set: no memory. */
size_t list_split(struct list_reader *reader, const struct list_line *line, struct list_word *words,
		  size_t most, bool *shell);

/* The rule set of a name, made if there is none; NULL: too many (or reader->error is set). */
struct rule_set *list_rule_set(struct list_reader *reader, const char *name);
/* Adds the ranges as the set's last rule, or its first if `head`. */
void list_rule_add(struct list_reader *reader, struct rule_set *set, const struct ranges *ranges,
		   bool exception, bool head);
/* What the rule sets leave goes into reader->ranges; frees them. */
void list_rules_finish(struct list_reader *reader);

#endif
