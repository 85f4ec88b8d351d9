// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules by which other servers and routers refuse: nginx ("deny A;"), Apache ("Require not ip A",
 * "Deny from A") and Cisco's access lists with wildcard masks. In nginx's and Cisco's rules the
 * first match counts; what Apache allows is an exception of the whole list. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define WORDS_MOST 24

static size_t split(const struct list_line *line, const char *blanks, struct list_word *words)
{
	const char *at = line->text, *end = at + line->size;
	size_t count = 0;

	while (at < end && count < WORDS_MOST) {
		const char *begin = at;

		while (at < end && *at && !strchr(blanks, *at))
			at++;
		if (at > begin)
			words[count++] = (struct list_word){ begin, (size_t)(at - begin) };
		if (at < end)
			at++;
	}
	return count;
}

static void take_rule(struct list_reader *reader, const struct list_line *line, const char *name,
		      const char *text, size_t size, bool denies)
{
	struct rule_set *set = list_rule_set(reader, name);

	if (set)
		list_rule_take(reader, set, line->number, text, size,
			       denies == reader->options->allow);
}

/* ---- nginx ---- */

bool list_nginx(struct list_reader *reader, const struct list_line *line)
{
	struct list_word words[WORDS_MOST];
	size_t count;
	bool denies;

	if (!memchr(line->text, ';', line->size))
		return false;
	count = split(line, " \t;", words);
	if (count < 2 || !list_word_any(&words[0], "deny allow"))
		return false;
	denies = list_word_is(&words[0], "deny");
	if (list_word_any(&words[1], "all unix:"))
		list_skip(reader);
	else
		take_rule(reader, line, "nginx", words[1].text, words[1].size, denies);
	return true;
}

/* ---- Apache ---- */

/* "192.0.2" is a network in Apache's rules. */
static const char *whole(const struct list_word *word, char text[80])
{
	static const char *const rest[] = { ".0.0.0/8", ".0.0/16", ".0/24", "" };
	size_t dots = 0, size = word->size;

	if (size && word->text[size - 1] == '.')
		size--;
	if (size > 60)
		return NULL;
	for (size_t i = 0; i < size; i++)
		dots += word->text[i] == '.';
	snprintf(text, 80, "%.*s%s", (int)size, word->text,
		 dots > 3 || memchr(word->text, ':', size) || memchr(word->text, '/', size)
			 ? ""
			 : rest[dots]);
	return list_is_entry(&(struct list_word){ text, strlen(text) }) ? text : NULL;
}

static void apache_entry(struct list_reader *reader, const struct list_line *line,
			 const struct list_word *word, bool denies)
{
	char text[80], reason[LIST_REASON_SIZE];
	const char *entry = whole(word, text);
	struct prefix prefix;

	if (list_word_any(word, "all granted denied")) {
		list_skip(reader);
	} else if (!entry) {
		list_refuse(reader, line->number,
			    "'%.*s' is no address (names and variables are not resolved)",
			    word->size > 40 ? 40 : (int)word->size, word->text);
	} else if (denies != reader->options->allow) {
		list_take_entry(reader, line->number, entry, strlen(entry));
	} else if (list_parse_prefix(reader, entry, strlen(entry), &prefix, reason)) {
		list_refuse(reader, line->number, "an exception that cannot be honoured: %s",
			    reason);
	} else {
		list_skip(reader);
		if (ranges_add_prefix(&reader->except, &prefix, 0))
			reader->error = -ENOMEM;
	}
}

bool list_apache(struct list_reader *reader, const struct list_line *line)
{
	struct list_word words[WORDS_MOST];
	size_t count = split(line, " \t", words), at = 0;
	bool denies = false;

	if (*line->text == '<' ||
	    (count && words[0].size == 5 && !strncasecmp(words[0].text, "Order", 5))) {
		list_skip(reader);
		return true;
	}
	if (count >= 3 && !strncasecmp(words[0].text, "Require", words[0].size) &&
	    words[0].size == 7) {
		denies = list_word_is(&words[1], "not");
		at = 1 + denies;
		if (at >= count || !list_word_is(&words[at++], "ip")) {
			list_skip(reader);
			return true;
		}
	} else if (count >= 3 && words[1].size == 4 && !strncasecmp(words[1].text, "from", 4) &&
		   ((words[0].size == 4 && !strncasecmp(words[0].text, "Deny", 4)) ||
		    (words[0].size == 5 && !strncasecmp(words[0].text, "Allow", 5)))) {
		denies = words[0].size == 4;
		at = 2;
	} else {
		return false;
	}
	for (; at < count; at++)
		apache_entry(reader, line, &words[at], denies);
	return true;
}

/* ---- Cisco ---- */

/* Writes ADDRESS and a wildcard mask, whose ones are the bits that do not matter, as a prefix. */
static bool wildcard(const struct list_word *address, const struct list_word *mask, char text[64])
{
	uint32_t value, bits;

	if (list_quad(address->text, address->text + address->size, &value) !=
		    address->text + address->size ||
	    list_quad(mask->text, mask->text + mask->size, &bits) != mask->text + mask->size ||
	    (bits & (bits + 1)))
		return false;
	snprintf(text, 64, "%.*s/%d", (int)address->size, address->text,
		 bits ? __builtin_clz(bits) : 32);
	return true;
}

/* Reads from behind "deny" or "permit" up to the source; false: it is not understood. */
static bool cisco_source(const struct list_word *words, size_t count, char text[64], bool *any)
{
	size_t at = 0;
	bool host;

	*any = false;
	if (at < count && list_word_any(&words[at], "ip ipv6 tcp"))
		at++;
	if (at == count)
		return false;
	if (list_word_is(&words[at], "any")) {
		*any = true;
		return true;
	}
	host = list_word_is(&words[at], "host");
	at += host;
	if (!host && at + 1 < count && wildcard(&words[at], &words[at + 1], text))
		return true;
	if (at == count || words[at].size > 60 || !list_is_entry(&words[at]))
		return false;
	if (!host && at + 1 < count && !list_word_any(&words[at + 1], "any host log eq"))
		return false; /* not a valid mask */
	snprintf(text, 64, "%.*s", (int)words[at].size, words[at].text);
	return true;
}

/* Whether the rule is for a port or protocol other than mail's, unlike "eq 25" or "eq smtp". */
static bool cisco_elsewhere(const struct list_word *words, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++)
		if (list_word_is(&words[i], "eq"))
			return !list_mail_ports(&words[i + 1]) &&
			       !list_word_any(&words[i + 1], "smtp pop3 imap4 submission");
	return count && list_word_any(&words[0], "udp icmp gre esp ahp ospf");
}

bool list_cisco(struct list_reader *reader, const struct list_line *line)
{
	struct list_word words[WORDS_MOST];
	size_t count = split(line, " \t", words), at = 0;
	char text[64];
	bool any;

	if (count < 2)
		return false;
	if (list_word_is(&words[0], "access-list"))
		at = 2;
	else if (list_word_any(&words[0], "ip ipv6") && count > 2 &&
		 list_word_any(&words[1], "access-list")) {
		list_skip(reader);
		return true;
	} else if (list_is_number(&words[0], 1, 6) &&
		   list_word_any(&words[1], "deny permit remark"))
		at = 1;
	if (at >= count || !list_word_any(&words[at], "deny permit remark"))
		return false;
	if (list_word_is(&words[at], "remark") || cisco_elsewhere(words + at + 1, count - at - 1)) {
		list_skip(reader);
	} else if (!cisco_source(words + at + 1, count - at - 1, text, &any)) {
		if (!at && !list_word_any(&words[1], "ip ipv6 tcp host any"))
			return false;
		list_refuse(reader, line->number,
			    "the source is no address with a wildcard mask of ones at its end");
	} else if (any) {
		list_skip(reader);
	} else {
		take_rule(reader, line, "cisco", text, strlen(text),
			  list_word_is(&words[at], "deny"));
	}
	return true;
}
