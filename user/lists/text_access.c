// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables in which the narrowest entry counts: Sendmail's access ("Connect:ADDRESS REJECT"), Postfix
 * access tables of type hash, whose addresses may lack their last octets, and tcp.smtp of tcpserver
 * ("ADDRESS:deny"). An entry that says the opposite of the list is an exception. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

enum meaning { MEANING_UNKNOWN = 0, MEANING_DENY, MEANING_ALLOW, MEANING_NEITHER };

/* Completes "192.0.2" or "192.0.2." to "192.0.2.0/24", and "192.0.2.1-9" to a range; others stay as
 * they are. False: no address. */
static bool complete(const struct list_word *word, char text[96])
{
	size_t size = word->size, dots = 0;
	char base[64], *dash;

	if (!size || size > 60 || memchr(word->text, '\0', size))
		return false;
	memcpy(base, word->text, size);
	base[size] = '\0';
	if (memchr(word->text, ':', size) || memchr(word->text, '/', size)) {
		snprintf(text, 96, "%s", base);
		return list_is_entry(&(struct list_word){ text, strlen(text) });
	}
	if (base[size - 1] == '.')
		base[--size] = '\0';
	for (size_t i = 0; i < size; i++)
		dots += base[i] == '.';
	dash = strrchr(base, '-');
	if (dash && dots == 3) { /* a range of the last octet */
		const char *last_dot = strrchr(base, '.');

		*dash = '\0';
		if (last_dot > dash)
			return false;
		snprintf(text, 96, "%s-%.*s.%s", base, (int)(last_dot - base), base, dash + 1);
	} else if (dots < 3) {
		static const char *const rest[] = { ".0.0.0/8", ".0.0/16", ".0/24" };

		snprintf(text, 96, "%s%s", base, rest[dots]);
	} else {
		snprintf(text, 96, "%s", base);
	}
	return list_is_entry(&(struct list_word){ text, strlen(text) });
}

static void take(struct list_reader *reader, const struct list_line *line, const char *name,
		 const struct list_word *address, enum meaning meaning)
{
	bool exception = meaning != (reader->options->allow ? MEANING_ALLOW : MEANING_DENY);
	struct rule_set *set;
	char text[96];

	if (!complete(address, text)) {
		list_refuse(reader, line->number,
			    "%sneither an address nor the first octets of one (names are not "
			    "resolved)",
			    exception ? "an exception that cannot be honoured: " : "");
		return;
	}
	set = list_rule_set(reader, name);
	if (!set)
		return;
	set->narrowest = true;
	list_rule_take(reader, set, line->number, text, strlen(text), exception);
}

/* Takes the address of an untagged row that allows, as in a hash table of Postfix, out of all
 * tables. Other rows may be those of a cidr table, where the first match counts and not the
 * narrowest. */
static void take_out(struct list_reader *reader, const char *text)
{
	char reason[LIST_REASON_SIZE];
	struct prefix prefix;

	if (!list_parse_prefix(reader, text, strlen(text), &prefix, reason) &&
	    ranges_add_prefix(&reader->except, &prefix, 0))
		reader->error = -ENOMEM;
	list_skip(reader);
}

/* ---- Sendmail, and Postfix' hash ---- */

static enum meaning meaning_of(const struct list_word *word)
{
	static const struct {
		const char *name; /* with ':' it is a beginning */
		enum meaning meaning;
	} actions[] = {
		{ "REJECT", MEANING_DENY },	     { "DISCARD", MEANING_DENY },
		{ "ERROR:", MEANING_DENY },	     { "DROP", MEANING_DENY },
		{ "DEFER", MEANING_DENY },	     { "OK", MEANING_ALLOW },
		{ "DEFER_IF_PERMIT", MEANING_DENY }, { "DEFER_IF_REJECT", MEANING_DENY },
		{ "RELAY", MEANING_ALLOW },	     { "PERMIT", MEANING_ALLOW },
		{ "SKIP", MEANING_NEITHER },	     { "DUNNO", MEANING_NEITHER },
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		size_t size = strlen(actions[i].name);

		if ((word->size == size ||
		     (word->size > size && actions[i].name[size - 1] == ':')) &&
		    !strncasecmp(word->text, actions[i].name, size))
			return actions[i].meaning;
	}
	if (list_is_number(word, 3, 3) && (*word->text == '4' || *word->text == '5'))
		return MEANING_DENY;
	return MEANING_UNKNOWN;
}

static bool has_tag(const struct list_word *key, const char *tag)
{
	return key->size > strlen(tag) && !strncasecmp(key->text, tag, strlen(tag));
}

bool list_access(struct list_reader *reader, const struct list_line *line)
{
	static const char *const others[] = { "From:",	     "To:",	    "Spam:", "AuthInfo:",
					      "TLS_",	     "Try_TLS:",    "SRV_",  "ClientRate:",
					      "ClientConn:", "GreetPause:", "CERT",  "Local:" };
	struct list_word key = { line->text, 0 }, action;
	const char *end = line->text + line->size, *at;
	enum meaning meaning;
	char text[96];
	bool tagged;

	while (key.size < line->size && key.text[key.size] != ' ' && key.text[key.size] != '\t')
		key.size++;
	if (key.size == line->size)
		return false;
	at = key.text + key.size;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	action = (struct list_word){ at, (size_t)(end - at) };
	for (const char *space = at; space < end; space++)
		if (*space == ' ' || *space == '\t') {
			action.size = (size_t)(space - at);
			break;
		}
	meaning = meaning_of(&action);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others) && meaning; i++)
		if (has_tag(&key, others[i])) {
			list_skip(reader);
			return true;
		}
	tagged = has_tag(&key, "Connect:");
	if (!meaning)
		return false;
	if (memchr(key.text, '@', key.size)) { /* a sender or a recipient */
		list_skip(reader);
		return true;
	}
	if (tagged) {
		key.text += 8;
		key.size -= 8;
	}
	if (has_tag(&key, "IPv6:")) {
		key.text += 5;
		key.size -= 5;
	}
	/* A lone number may mean anything: the number of a line, a score. */
	if (!tagged && (!complete(&key, text) ||
			(!memchr(key.text, '.', key.size) && !memchr(key.text, ':', key.size))))
		return false;
	if (meaning == MEANING_NEITHER && !tagged)
		return false;
	reader->hash |= !tagged;
	if (!tagged && meaning == MEANING_ALLOW && !reader->options->allow)
		take_out(reader, text);
	else
		take(reader, line, "access", &key, meaning);
	return true;
}

/* ---- tcp.smtp ---- */

bool list_tcp_smtp(struct list_reader *reader, const struct list_line *line)
{
	const char *end = line->text + line->size, *colon = NULL;
	struct list_word address, action;

	for (const char *at = line->text; at + 5 < end + 1 && !colon; at++)
		if (*at == ':' && ((end - at > 4 && !memcmp(at, ":deny", 5)) ||
				   (end - at > 5 && !memcmp(at, ":allow", 6))))
			colon = at;
	if (!colon)
		return false;
	address = (struct list_word){ line->text, (size_t)(colon - line->text) };
	action = (struct list_word){ colon + 1, (size_t)(end - colon - 1) };
	if (memchr(address.text, ' ', address.size) ||
	    (action.size > 5 && action.text[4] != 'w' && action.text[4] != ','))
		return false;
	if (!address.size) /* every other address */
		list_skip(reader);
	else
		take(reader, line, "tcp.smtp", &address,
		     *action.text == 'd' ? MEANING_DENY : MEANING_ALLOW);
	return true;
}

/* ---- exceptions of plain lists ---- */

/* "!ADDRESS" is an exception of the whole list, wherever it stands. */
bool list_exception(struct list_reader *reader, const struct list_line *line)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	const char *end = line->text + line->size, *at = line->text + 1;
	char reason[LIST_REASON_SIZE];
	struct list_word word;
	const char *dash;
	struct prefix prefix;
	int error;

	if (*line->text != '!')
		return false;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	word.text = at;
	while (at < end && *at != ' ' && *at != '\t' && *at != ';' && *at != '#')
		at++;
	word.size = (size_t)(at - word.text);
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	if (at < end && *at != ';' && *at != '#')
		return false; /* it is "!ADDRESS ACTION" of Postfix */
	dash = word.size ? memchr(word.text, '-', word.size) : NULL;
	if (dash) {
		error = list_parse_range(reader, word.text, (size_t)(dash - word.text), dash + 1,
					 word.size - (size_t)(dash + 1 - word.text), false, &ranges,
					 reason);
	} else {
		error = list_parse_prefix(reader, word.text, word.size, &prefix, reason);
		if (!error)
			error = ranges_add_prefix(&ranges, &prefix, 0);
	}
	if (!error)
		error = ranges_add_all(&reader->except, &ranges);
	if (error == -ENOMEM)
		reader->error = error;
	else if (error)
		list_refuse(reader, line->number, "an exception that cannot be honoured: %s",
			    reason);
	else
		list_skip(reader);
	return true;
}
