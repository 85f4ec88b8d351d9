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
	else if (!reader->error)
		list_refuse(reader, line->number,
			    "more than %d lists of rules in one file; split "
			    "it",
			    LIST_RULE_SETS);
}

/* A rule for all, of the other action: what is behind it does not count. */
static void close_rules(struct list_reader *reader, const struct list_line *line, const char *name)
{
	struct rule_set *set = list_rule_set(reader, name);

	if (set)
		list_rule_close(set, line->number);
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
	if (list_word_is(&words[1], "all") && denies == reader->options->allow)
		close_rules(reader, line, "nginx");
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

	if ((*line->text == '<' && line->size > 1 && line->text[1] != '!') ||
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

/* What stands behind "deny" or "permit" up to the source; false: not understood. *at: behind it. */
static bool cisco_source(const struct list_word *words, size_t count, char text[64], bool *any,
			 size_t *behind)
{
	size_t at = 0;
	bool host;

	*any = false;
	if (at < count && list_word_any(&words[at], "ip ipv6 tcp"))
		at++;
	if (at == count)
		return false;
	*behind = at + 1;
	if (list_word_is(&words[at], "any")) {
		*any = true;
		return true;
	}
	host = list_word_is(&words[at], "host");
	at += host;
	*behind = at + 1;
	if (!host && at + 1 < count && wildcard(&words[at], &words[at + 1], text)) {
		*behind = at + 2;
		return true;
	}
	if (at == count || words[at].size > 60 || !list_is_entry(&words[at]))
		return false;
	if (!host && at + 1 < count && !list_word_any(&words[at + 1], "any host log eq"))
		return false; /* not a valid mask */
	snprintf(text, 64, "%.*s", (int)words[at].size, words[at].text);
	return true;
}

/* What stands behind the source. 1: a destination, ports of mail, nothing that matters; 0: other
 * ports; -1: a condition that a list cannot hold. *ports: there are ports. */
static int cisco_rest(const struct list_word *words, size_t count, bool *ports)
{
	size_t at = 0;
	char text[64];

	*ports = false;
	if (at < count && list_word_any(&words[at], "eq neq gt lt range"))
		return -1; /* the source's ports */
	if (at < count && list_word_is(&words[at], "any"))
		at++;
	else if (at + 1 < count &&
		 (list_word_is(&words[at], "host") || wildcard(&words[at], &words[at + 1], text)))
		at += 2;
	else if (at < count && list_is_entry(&words[at]))
		at++;
	if (at + 1 < count && list_word_any(&words[at], "eq range")) {
		bool range = list_word_is(&words[at], "range"), mail = false;
		size_t first = ++at;

		for (; at < count && !list_word_any(&words[at], "log log-input"); at++) {
			if (range && at > first + 1)
				return -1;
			mail |= list_mail_ports(&words[at]) ||
				list_word_any(&words[at], "smtp pop3 imap4 submission");
		}
		if (range && at == first + 2 && list_is_number(&words[first], 1, 5) &&
		    list_is_number(&words[first + 1], 1, 5)) {
			snprintf(text, sizeof(text), "%.*s-%.*s", (int)words[first].size,
				 words[first].text, (int)words[first + 1].size,
				 words[first + 1].text);
			mail = list_mail_ports(&(struct list_word){ text, strlen(text) });
		}
		*ports = true;
		if (!mail)
			return 0;
	}
	while (at < count && list_word_any(&words[at], "log log-input"))
		at++;
	return at == count ? 1 : -1;
}

static void cisco_rule(struct list_reader *reader, const struct list_line *line, const char *name,
		       const struct list_word *words, size_t count)
{
	bool denies = list_word_is(&words[0], "deny"), any, ports;
	size_t behind = 0;
	char text[64];
	int rest;

	if (!cisco_source(words + 1, count - 1, text, &any, &behind)) {
		list_refuse(reader, line->number,
			    "the source is no address with a wildcard mask of ones at its end");
		return;
	}
	rest = cisco_rest(words + 1 + behind, count - 1 - behind, &ports);
	if (any && rest > 0 && !ports && denies == reader->options->allow)
		close_rules(reader, line, name);
	if (any || !rest)
		list_skip(reader);
	else if (rest < 0 && denies != reader->options->allow)
		list_refuse(reader, line->number,
			    "a rule with a condition that a list cannot hold");
	else
		take_rule(reader, line, name, text, strlen(text), denies);
}

bool list_cisco(struct list_reader *reader, const struct list_line *line)
{
	struct list_word words[WORDS_MOST];
	size_t count = split(line, " \t", words), at = 0;
	char name[48], text[64];
	size_t behind;
	bool any;

	if (count < 2)
		return false;
	snprintf(name, sizeof(name), "cisco #%u", reader->cisco);
	if (list_word_is(&words[0], "access-list")) {
		snprintf(name, sizeof(name), "cisco %.*s",
			 words[1].size > 30 ? 30 : (int)words[1].size, words[1].text);
		at = count > 3 && list_word_is(&words[2], "extended") ? 3 : 2;
	} else if (list_word_any(&words[0], "ip ipv6") && count > 2 &&
		   list_word_any(&words[1], "access-list")) {
		reader->cisco++;
		list_skip(reader);
		return true;
	} else if (list_is_number(&words[0], 1, 6) &&
		   list_word_any(&words[1], "deny permit remark")) {
		at = 1;
	}
	if (at >= count || !list_word_any(&words[at], "deny permit remark"))
		return false;
	if (list_word_is(&words[at], "remark") ||
	    (count > at + 1 && list_word_any(&words[at + 1], "udp icmp gre esp ahp ospf"))) {
		list_skip(reader);
		return true;
	}
	if (!at && !cisco_source(words + 1, count - 1, text, &any, &behind) &&
	    !list_word_any(&words[1], "ip ipv6 tcp host any"))
		return false;
	cisco_rule(reader, line, name, words + at, count - at);
	return true;
}
