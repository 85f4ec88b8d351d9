// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hosts.allow and hosts.deny of tcp wrappers (hosts_access(5), hosts_options(5)): the addresses in
 * lines for mail daemons. Names are refused. If an EXCEPT cannot be honoured, its line is refused.
 * The list's action tells which of the two files it is.
 */
#include "lists/text_hosts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

/* The parts of a client list between EXCEPTs, each as its ranges. */
struct groups {
	struct ranges ranges[GROUPS_MOST];
	size_t count;
};

/* The end of the field that begins at `at`: a ':' outside of brackets without a backslash before
 * it. */
static const char *field_end(const char *at, const char *end)
{
	bool bracket = false;

	for (; at < end; at++) {
		if (*at == '\\' && at + 1 < end)
			at++;
		else if (*at == '[')
			bracket = true;
		else if (*at == ']')
			bracket = false;
		else if (*at == ':' && !bracket)
			return at;
	}
	return end;
}

/* "203.0.113.": the octets that are there give the prefix. */
static int parse_dotted(const struct list_word *word, struct prefix *prefix)
{
	char text[16 + 6];
	unsigned dots = 0;
	uint32_t address;
	size_t size = word->size;

	if (size < 2 || size > 12)
		return -EINVAL;
	memcpy(text, word->text, size);
	for (size_t i = 0; i < size; i++)
		dots += text[i] == '.';
	for (unsigned i = dots; i < 4; i++) {
		text[size++] = '0';
		if (i < 3)
			text[size++] = '.';
	}
	if (dots < 1 || dots > 3 || list_quad(text, text + size, &address) != text + size)
		return -EINVAL;
	prefix->address = address_from4(address);
	prefix->length = 96 + 8 * dots;
	return 0;
}

/* Reads "[2001:db8::]/32" without its brackets. */
static int parse_bracketed(const struct list_reader *reader, const struct list_word *word,
			   struct prefix *prefix, char reason[LIST_REASON_SIZE])
{
	const char *close = memchr(word->text, ']', word->size);
	char text[64];
	size_t inside, rest;

	list_describe(word->text, word->size, reason);
	if (!close || word->size >= sizeof(text))
		return -EINVAL;
	inside = (size_t)(close - word->text) - 1;
	rest = word->size - inside - 2;
	memcpy(text, word->text + 1, inside);
	memcpy(text + inside, close + 1, rest);
	if ((rest && close[1] != '/') || !memchr(text, ':', inside))
		return -EINVAL;
	return list_parse_prefix(reader, text, inside + rest, prefix, reason);
}

/* Describes a pattern that stands for no addresses. False: it may be an address. */
static bool describe_pattern(const struct list_word *word, char reason[LIST_REASON_SIZE])
{
	const char *what = NULL;
	char excerpt[64];

	if (hosts_word_is(word, "ALL"))
		what = "is everybody; write the prefixes that are meant";
	else if (hosts_word_is(word, "LOCAL") || hosts_word_is(word, "PARANOID") ||
		 hosts_word_is(word, "KNOWN") || hosts_word_is(word, "UNKNOWN"))
		what = "goes by names in the DNS, not by addresses; write prefixes";
	else if (*word->text == '@')
		what = "is a netgroup; write its addresses";
	else if (*word->text == '/')
		what = "is a file of patterns; import that file";
	else if (memchr(word->text, '@', word->size))
		what = "asks for a user's name; write the address alone";
	else if (*word->text == '.' || memchr(word->text, '*', word->size) ||
		 memchr(word->text, '?', word->size))
		what = "stands for names, which are not resolved; write prefixes, or use countries";
	if (!what)
		return false;
	list_excerpt(word->text, word->size, excerpt);
	snprintf(reason, LIST_REASON_SIZE, "'%s' %s", excerpt, what);
	return true;
}

static int parse_client(const struct list_reader *reader, const struct list_word *word,
			struct prefix *prefix, char reason[LIST_REASON_SIZE])
{
	if (describe_pattern(word, reason))
		return -EINVAL;
	if (*word->text == '[')
		return parse_bracketed(reader, word, prefix, reason);
	if (word->text[word->size - 1] == '.' && !parse_dotted(word, prefix))
		return 0;
	return list_parse_prefix(reader, word->text, word->size, prefix, reason);
}

/* Takes one word of a client list. A word that is no prefix is refused by itself if it is in the
 * outermost list of a line with the list's own action. Anywhere else the line cannot be honoured
 * without it: -EINVAL. */
static int take_client(struct list_reader *reader, const struct list_line *line,
		       const struct list_word *word, struct groups *groups, bool exception)
{
	bool own = groups->count == 1 && !exception;
	char reason[LIST_REASON_SIZE];
	struct prefix prefix;
	int error;

	if (exception && groups->count == 1 && hosts_word_is(word, "ALL")) {
		error = ranges_add4(&groups->ranges[0], 0, UINT32_MAX, 0);
		return error ? error : ranges_add6(&groups->ranges[0], 0, (u128)-1, 0);
	}
	error = parse_client(reader, word, &prefix, reason);
	if (!error && own)
		error = list_check_prefix(reader, &prefix, reason);
	if (error) {
		list_refuse(reader, list_line_number(line, word->text), "%s%s",
			    own ? "" : "an exception that cannot be honoured: ", reason);
		return own ? 0 : -EINVAL;
	}
	if (own) {
		reader->report->lines++;
		reader->report->taken++;
	}
	return ranges_add_prefix(&groups->ranges[groups->count - 1], &prefix, 0);
}

static int take_clients(struct list_reader *reader, const struct list_line *line, const char *at,
			const char *end, struct groups *groups, bool exception)
{
	struct list_word word;
	int error = 0;

	groups->count = 1;
	while (!error && hosts_next_word(&at, end, &word)) {
		if (!hosts_word_is(&word, "EXCEPT")) {
			error = take_client(reader, line, &word, groups, exception);
		} else if (groups->count == GROUPS_MOST) {
			list_refuse(reader, line->number, "more than %d EXCEPTs in a line",
				    GROUPS_MOST - 1);
			return -EINVAL;
		} else {
			groups->count++;
		}
	}
	for (size_t i = 0; i < groups->count && !error; i++)
		error = ranges_normalise(&groups->ranges[i]);
	return error;
}

/* Computes a EXCEPT (b EXCEPT c) from the innermost outwards, into ranges[0]. */
static int fold_groups(struct groups *groups)
{
	for (size_t i = groups->count - 1; i-- > 0;) {
		struct ranges rest;
		int error = ranges_subtract(&rest, &groups->ranges[i], &groups->ranges[i + 1]);

		if (error)
			return error;
		ranges_free(&groups->ranges[i]);
		groups->ranges[i] = rest;
	}
	return 0;
}

static void groups_free(struct groups *groups)
{
	for (size_t i = 0; i < GROUPS_MOST; i++)
		ranges_free(&groups->ranges[i]);
}

/* Whether the options behind the clients give the line the other action. */
static bool is_exception(const char *at, const char *end, bool allow)
{
	while (at < end) {
		const char *stop = field_end(at + 1, end);
		const char *field = at + 1;
		struct list_word word;

		if (hosts_next_word(&field, stop, &word) &&
		    (allow ? hosts_word_is(&word, "deny") || hosts_word_is(&word, "twist")
			   : hosts_word_is(&word, "allow")))
			return true;
		at = stop;
	}
	return false;
}

/* Whether it is "ALL: 2001:db8::1", in which tcp wrappers would read four fields. */
static bool bare_ipv6(const char *at, const char *end)
{
	struct list_word word;

	while (hosts_next_word(&at, end, &word)) {
		struct prefix prefix;

		if (*word.text != '[' && memchr(word.text, ':', word.size) &&
		    prefix_parse(word.text, word.size, &prefix) != -EINVAL)
			return true;
	}
	return false;
}

/* Whether the line splits into daemons and clients, and neither is empty. */
static bool splits(const struct list_line *line, const char **colon, const char **clients_end)
{
	const char *at = line->text, *end = at + line->size, *clients;
	struct list_word word;

	*colon = field_end(at, end);
	if (*colon == end || !hosts_looks_like_daemons(at, *colon))
		return false;
	*clients_end = field_end(*colon + 1, end);
	clients = *colon + 1;
	return hosts_next_word(&clients, *clients_end, &word) &&
	       (word.size < 2 || memcmp(word.text, "//", 2) != 0); /* a URL */
}

bool list_hosts(struct list_reader *reader, const struct list_line *line)
{
	_cleanup_(groups_free) struct groups groups = { 0 };
	const char *end = line->text + line->size, *colon, *clients_end;
	struct rule_set *set;
	bool exception;
	size_t taken = reader->report->taken;
	int error;

	if (!splits(line, &colon, &clients_end))
		return false;
	if (!hosts_names_mail_daemon(line->text, colon)) {
		list_skip(reader);
		return true;
	}
	if (hosts_excepts_mail_daemon(line->text, colon)) {
		list_refuse(reader, line->number,
			    "a mail daemon is excepted, so the line is not for all of them; a list "
			    "is");
		return true;
	}
	if (bare_ipv6(colon + 1, end)) {
		list_refuse(reader, line->number,
			    "an IPv6 address in hosts.allow and hosts.deny needs brackets: "
			    "[2001:db8::]/32");
		return true;
	}
	exception = is_exception(clients_end, end, reader->options->allow);
	error = take_clients(reader, line, colon + 1, clients_end, &groups, exception);
	if (!error)
		error = fold_groups(&groups);
	set = error ? NULL : list_rule_set(reader, "hosts");
	if (set)
		list_rule_add(reader, set, &groups.ranges[0], exception, false);
	else if (error != -EINVAL && !reader->error)
		reader->error = error ? error : -ENOMEM;
	if (set && exception)
		list_skip(reader);
	if (error == -EINVAL) { /* nothing of a refused line counts as taken */
		reader->report->lines -= reader->report->taken - taken;
		reader->report->taken = taken;
	}
	return true;
}
