// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * firewalld: its files of ipsets (<entry>) and zones (sources, rich rules), and the rich rules that
 * firewall-cmd prints ("rule family=... source address=... drop"). Within a priority, rules that
 * deny come before rules that accept; a rule with a lower priority comes before both. See
 * list_reader.h.
 */
#include "lists/list_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define WORDS_MOST 48
#define TEXT_SIZE  96

/* A rich rule. */
struct rich {
	char source[TEXT_SIZE]; /* "": none */
	const char *hinder;	/* why a list cannot hold it */
	bool elsewhere;		/* for a service, port or protocol other than mail's */
	bool denies, accepts, marks;
	long priority;
	bool logging; /* within <log> or <audit>, whose content does not concern the rule */
};

static bool is(const struct list_word *word, const char *text)
{
	return list_word_is(word, text);
}

static void copy(const struct list_word *word, char text[TEXT_SIZE])
{
	snprintf(text, TEXT_SIZE, "%.*s", word->size < TEXT_SIZE ? (int)word->size : 0, word->text);
}

/* An element of a rule begins. */
static void rich_element(struct rich *rich, const struct list_word *name)
{
	bool logs = list_word_any(name, "log audit nflog");

	rich->logging = logs || (rich->logging && is(name, "limit"));
	if (list_word_any(name, "drop reject"))
		rich->denies = true;
	else if (is(name, "accept"))
		rich->accepts = true;
	else if (is(name, "mark"))
		rich->marks = true;
	else if (is(name, "limit") && !rich->logging)
		rich->hinder = "a limit";
	else if (list_word_any(name, "source-port tcp-mss-clamp"))
		rich->hinder = "a source port";
	else if (list_word_any(name, "icmp-block icmp-type masquerade forward-port"))
		rich->elsewhere = true;
	else if (is(name, "NOT"))
		rich->hinder = "a negation";
}

static bool is_mail_service(const struct list_word *name)
{
	return list_word_any(name, "smtp smtps smtp-submission submission submissions imap imaps "
				   "pop3 pop3s managesieve sieve");
}

static void rich_attribute(struct rich *rich, const struct list_word *element,
			   const struct list_word *name, const struct list_word *value)
{
	bool source = is(element, "source"), port = is(element, "port");

	if (source && is(name, "address"))
		copy(value, rich->source);
	else if (source && list_word_any(name, "ipset mac"))
		rich->hinder = "an ipset or a device as its source (import the ipset's own file)";
	else if ((source || is(element, "destination")) && is(name, "invert") &&
		 !list_word_any(value, "no false False 0"))
		rich->hinder = "a negation";
	else if (is(element, "service") && is(name, "name"))
		rich->elsewhere |= !is_mail_service(value);
	else if (port && is(name, "port"))
		rich->elsewhere |= !list_mail_ports(value);
	else if ((port && is(name, "protocol")) || (is(element, "protocol") && is(name, "value")))
		rich->elsewhere |= !list_word_any(value, "tcp 6");
	else if (is(element, "rule") && is(name, "priority"))
		rich->priority = strtol(value->text, NULL, 10);
}

static void except(struct list_reader *reader, size_t number, const char *text)
{
	char reason[LIST_REASON_SIZE];
	struct prefix prefix;

	if (list_parse_prefix(reader, text, strlen(text), &prefix, reason)) {
		list_refuse(reader, number, "an exception that cannot be honoured: %s", reason);
		return;
	}
	list_skip(reader);
	if (ranges_add_prefix(&reader->except, &prefix, 0))
		reader->error = -ENOMEM;
}

/* Takes or skips a complete rule. */
static void rich_end(struct list_reader *reader, size_t number, const struct rich *rich)
{
	bool wanted = reader->options->allow ? rich->accepts : rich->denies;
	bool other = reader->options->allow ? rich->denies : rich->accepts;

	if (!*rich->source || rich->elsewhere || (!wanted && !other)) {
		if (rich->hinder && wanted && !rich->elsewhere)
			list_refuse(reader, number, "a rule with %s, which a list cannot hold",
				    rich->hinder);
		else
			list_skip(reader);
	} else if (rich->hinder && wanted) {
		list_refuse(reader, number, "a rule with %s, which a list cannot hold",
			    rich->hinder);
	} else if (wanted) {
		list_take_entry(reader, number, rich->source, strlen(rich->source));
	} else if (reader->options->allow ? rich->priority <= 0 : rich->priority < 0) {
		except(reader, number, rich->source); /* it comes before the rules that are taken */
	} else {
		list_skip(reader);
	}
}

/* ---- what firewall-cmd prints ---- */

bool list_rich_rule(struct list_reader *reader, const struct list_line *line)
{
	struct list_word words[WORDS_MOST], element;
	struct rich rich = { 0 };
	struct list_line rule = *line;
	const char *found = memmem(line->text, line->size, "rule ", 5);
	bool shell;
	size_t count;

	if (!found || (found != line->text && !memmem(line->text, line->size, "rich-rule", 9)))
		return false;
	if (found != line->text && !memmem(line->text, line->size, "--add-rich-rule", 15)) {
		list_refuse(reader, line->number,
			    "the line adds no rule; import what `firewall-cmd --list-rich-rules` "
			    "prints");
		return true;
	}
	rule.text = found;
	rule.size = line->size - (size_t)(found - line->text);
	if (rule.text > line->text && strchr("'\"", rule.text[-1]) &&
	    rule.text[rule.size - 1] == rule.text[-1])
		rule.size--; /* the end of firewall-cmd --add-rich-rule='rule ...' */
	if (!memmem(rule.text, rule.size, "family=", 7) &&
	    !memmem(rule.text, rule.size, "source ", 7))
		return false;
	count = list_split(reader, &rule, words, WORDS_MOST, &shell);
	if (!count || count > WORDS_MOST || shell)
		return false;
	element = words[0];
	for (size_t i = 1; i < count; i++) {
		const char *equals = memchr(words[i].text, '=', words[i].size);
		struct list_word name = words[i], value;

		if (!equals) {
			rich_element(&rich, &words[i]);
			if (!is(&words[i], "NOT"))
				element = words[i];
			continue;
		}
		name.size = (size_t)(equals - name.text);
		value = (struct list_word){ equals + 1, words[i].size - name.size - 1 };
		rich_attribute(&rich, &element, &name, &value);
	}
	rich_end(reader, line->number, &rich);
	return true;
}

/* ---- files ---- */

struct xml {
	struct list_reader *reader;
	const char *at, *end;
	size_t line;
	bool zone_denies, zone_accepts, in_rule, addresses;
	struct list_word source; /* of the zone, in the tag that is read */
	bool inverted;
	bool sources, open; /* the zone has sources; it lets mail through */
	struct rich rich;
};

static void count_lines(struct xml *xml, const char *to)
{
	for (; xml->at < to; xml->at++)
		xml->line += *xml->at == '\n';
}

/* Reads the next NAME="VALUE" of a tag from *at on; false: there is none. */
static bool next_attribute(const char **at, const char *end, struct list_word *name,
			   struct list_word *value)
{
	const char *begin, *close;

	while (*at < end && (!**at || strchr(" \t\r\n/?", **at)))
		(*at)++;
	begin = *at;
	while (*at < end && **at != '=')
		(*at)++;
	if (end - *at < 3 || !strchr("\"'", (*at)[1]))
		return false;
	*name = (struct list_word){ begin, (size_t)(*at - begin) };
	while (name->size && strchr(" \t\r\n", name->text[name->size - 1]))
		name->size--;
	begin = *at + 2;
	close = memchr(begin, (*at)[1], (size_t)(end - begin));
	if (!close)
		return false;
	*value = (struct list_word){ begin, (size_t)(close - begin) };
	*at = close + 1;
	return true;
}

static void zone_source(struct xml *xml, const struct list_word *value)
{
	bool wanted = xml->reader->options->allow ? xml->zone_accepts : xml->zone_denies;

	xml->sources |= wanted;
	if (wanted && xml->inverted)
		list_refuse(xml->reader, xml->line,
			    "a negated source is every other address; a list cannot mean that");
	else if (wanted)
		list_take_entry(xml->reader, xml->line, value->text, value->size);
	else
		list_skip(xml->reader);
}

static void attribute(struct xml *xml, const struct list_word *element,
		      const struct list_word *name, const struct list_word *value)
{
	if (is(element, "zone") && is(name, "target")) {
		xml->zone_denies = list_word_any(value, "DROP %%REJECT%% REJECT");
		xml->zone_accepts = is(value, "ACCEPT");
	} else if (is(element, "ipset") && is(name, "type")) {
		xml->addresses = list_word_any(value, "hash:ip hash:net");
	} else if (xml->in_rule) {
		rich_attribute(&xml->rich, element, name, value);
	} else if (is(element, "source") && is(name, "address")) {
		xml->source = *value;
	} else if (is(element, "source") && is(name, "invert")) {
		xml->inverted = !list_word_any(value, "no false False 0");
	} else if (is(element, "service") && is(name, "name")) {
		xml->open |= is_mail_service(value);
	} else if (is(element, "port") && is(name, "port")) {
		xml->open |= list_mail_ports(value);
	}
}

/* Reads an opening or empty tag. */
static void open_tag(struct xml *xml, const char *begin, const char *close)
{
	struct list_word element = { begin, 0 }, name, value;
	const char *at = begin;

	while (at < close && *at && !strchr(" \t\r\n/", *at))
		at++;
	element.size = (size_t)(at - begin);
	if (is(&element, "rule")) {
		xml->rich = (struct rich){ 0 };
		xml->in_rule = true;
	} else if (xml->in_rule) {
		rich_element(&xml->rich, &element);
	}
	xml->source = (struct list_word){ "", 0 };
	xml->inverted = false;
	while (next_attribute(&at, close, &name, &value))
		attribute(xml, &element, &name, &value);
	if (xml->source.size)
		zone_source(xml, &xml->source);
	if (xml->in_rule && is(&element, "log") && close[-1] == '/')
		xml->rich.logging = false;
}

static void end_tag(struct xml *xml, const struct list_word *name)
{
	if (list_word_any(name, "log audit nflog"))
		xml->rich.logging = false;
	if (is(name, "zone") && xml->zone_denies && xml->sources && xml->open)
		list_give_up(xml->reader, "the zone drops, but lets mail through: its sources are "
					  "not denied");
	if (!is(name, "rule") || !xml->in_rule)
		return;
	xml->in_rule = false;
	rich_end(xml->reader, xml->line, &xml->rich);
}

static void entry(struct xml *xml, const char *text, const char *end)
{
	while (text < end && strchr(" \t\r\n", *text))
		text++;
	while (end > text && strchr(" \t\r\n", end[-1]))
		end--;
	if (!xml->addresses || memchr(text, ',', (size_t)(end - text)))
		list_refuse(xml->reader, xml->line,
			    "the entry is more than an address (a port, a device); a list holds "
			    "addresses alone");
	else
		list_take_entry(xml->reader, xml->line, text, (size_t)(end - text));
}

/* Reads one '<...>' at xml->at; false: it has no end. */
static bool tag(struct xml *xml)
{
	const char *begin = xml->at + 1, *close;
	size_t left = (size_t)(xml->end - begin);

	if (left > 3 && !memcmp(begin, "!--", 3)) {
		close = memmem(begin, left, "-->", 3);
		count_lines(xml, close ? close + 3 : xml->end);
		return close;
	}
	close = memchr(begin, '>', left);
	if (!close)
		return false;
	if (left > 5 && !memcmp(begin, "entry>", 6)) {
		const char *stop = memmem(begin, left, "</entry>", 8);

		if (!stop)
			return false;
		entry(xml, begin + 6, stop);
		close = stop + 7;
	} else if (*begin == '/') {
		end_tag(xml, &(struct list_word){ begin + 1, (size_t)(close - begin - 1) });
	} else if (close > begin && *begin != '?' && *begin != '!') {
		open_tag(xml, begin, close);
	}
	count_lines(xml, close + 1);
	return true;
}

bool list_is_firewalld(const char *text, size_t size)
{
	const char *at = text, *end = text + size;

	while (at < end && (at = memchr(at, '<', (size_t)(end - at))) && end - at > 7) {
		const char *close = at[1] == '!' && at[2] == '-'
					    ? memmem(at, (size_t)(end - at), "-->", 3)
					    : memchr(at, '>', (size_t)(end - at));

		if (at[1] != '?' && at[1] != '!')
			return !memcmp(at, "<zone", 5) || !memcmp(at, "<ipset ", 7);
		if (!close)
			return false;
		at = close + 1;
	}
	return false;
}

bool list_firewalld(struct list_reader *reader, const char *text, size_t size)
{
	struct xml xml = { .reader = reader, .at = text, .end = text + size, .line = 1 };
	bool closed;

	while (size && (!*text || strchr(" \t\r\n", *text))) {
		text++;
		size--;
	}
	if (!size || *text != '<' || !list_is_firewalld(text, size))
		return false;
	while (!reader->error) {
		const char *next = memchr(xml.at, '<', (size_t)(xml.end - xml.at));

		if (!next)
			break;
		count_lines(&xml, next);
		if (!tag(&xml))
			break;
	}
	closed = memmem(text, size, "</zone>", 7) || memmem(text, size, "</ipset>", 8);
	if (!closed || xml.in_rule)
		list_give_up(reader, "a file of firewalld that is cut short; fetch it again");
	return true;
}
