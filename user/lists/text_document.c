// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that are one JSON value: `nft -j list`, CrowdSec's decisions (`cscli decisions list -o
 * json`, and what `cscli decisions import` reads), AbuseIPDB's and StopForumSpam's answers, and the
 * ranges that Google, AWS and Microsoft publish. The JSON library gives no line numbers, so a
 * refused entry is searched for in the text.
 */
#include "lists/document.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void free_json(json_t **value)
{
	json_decref(*value);
}

static bool word_is(const json_t *object, const char *key, const char *word)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && !strcasecmp(text, word);
}

static void decision(struct document *document, const json_t *object)
{
	struct list_reader *reader = document->reader;
	const char *value = json_string_value(json_object_get(object, "value"));
	const char *left = json_string_value(json_object_get(object, "duration"));

	if (!value) {
		list_refuse(reader, document->line, "a decision without a value");
	} else if (reader->options->allow) {
		list_refuse(reader, document_line(document, value),
			    "a CrowdSec decision says nothing for an allow list; import it with "
			    "--deny");
	} else if ((!word_is(object, "scope", "Ip") && !word_is(object, "scope", "Range")) ||
		   !word_is(object, "type", "ban") ||
		   json_is_true(json_object_get(object, "simulated")) || (left && *left == '-')) {
		list_skip(reader);
	} else {
		list_ends_in(reader, left ? left : "", left ? strlen(left) : 0);
		document_take(document, value);
	}
}

/* Reads alerts with their decisions, or only decisions. */
static void crowdsec(struct document *document, const json_t *array)
{
	size_t index, inner;
	json_t *item, *one;

	json_array_foreach (array, index, item) {
		const json_t *decisions = json_object_get(item, "decisions");

		if (json_is_array(decisions)) {
			json_array_foreach (decisions, inner, one)
				decision(document, one);
		} else {
			decision(document, item);
		}
	}
}

/* ---- addresses under the names that publishers give them ---- */

#define DEEPEST 12

static bool is_address_key(const char *key)
{
	const struct list_word name = { key, strlen(key) };

	return list_word_any(&name, "ip ips ipAddress ip_address address addresses cidr cidrs "
				    "network prefix prefixes ip_prefix addressPrefixes ipv4Prefix "
				    "ipv4_cidrs ipv6Prefix ipv6_prefix ipv6_cidrs ipv6_addresses");
}

/* A member's value as text; numbers in `digits`. */
static struct list_word member_text(const json_t *value, char digits[24])
{
	const char *text = json_string_value(value);

	snprintf(digits, 24, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	if (json_is_integer(value))
		text = digits;
	else if (json_is_true(value) || json_is_false(value))
		text = json_is_true(value) ? "true" : "false";
	else if (json_is_real(value) || json_array_size(value) || json_object_size(value))
		text = "more";
	else if (!text)
		text = "";
	return (struct list_word){ text, strlen(text) };
}

/* A member's text, or the first of its texts; NULL: it has none. */
static const char *first_text(const json_t *value)
{
	return json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);
}

/* What an entry's members say beside its addresses. True: it is not taken. */
static bool spared(struct document *document, const json_t *entry)
{
	const char *key, *address = NULL;
	const struct document before = *document;
	char digits[24];
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)entry, key, value)
		if (is_address_key(key) && !address)
			address = first_text(value);
	if (!address)
		return false;
	document_line(document, address);
	json_object_foreach ((json_t *)(uintptr_t)entry, key, value) {
		struct list_word name = { key, strlen(key) }, text = member_text(value, digits);
		enum list_tells tells = list_tells(&name);

		if (tells && list_said(document->reader, document->line, tells, &text))
			return true;
	}
	/* Its other addresses may stand before this one. */
	*document = before;
	return false;
}

/* What a member's name says of all that it holds. True: it is left out: "whitelist": [...] in a
 * deny list, exceptions (the whole file is, then), addresses under a name that nobody knows. */
static bool left_out(struct document *document, const char *key, const json_t *value)
{
	struct list_word name = { key, strlen(key) }, entry = { first_text(value), 0 };
	char remark[LIST_REASON_SIZE], excerpt[64];

	if (!json_array_size(value) && !json_object_size(value))
		return false;
	list_excerpt(key, name.size, excerpt);
	if (list_tells(&name) == LIST_TELLS_EXCEPT) {
		list_give_up(document->reader,
			     "'%s' are exceptions, which a list cannot hold; import what is meant "
			     "as a list of its own",
			     excerpt);
		return true;
	}
	if (list_opposes(document->reader, document->line, &name))
		return true;
	if (!entry.text || is_address_key(key))
		return false;
	entry.size = strlen(entry.text);
	if (!list_is_entry(&entry))
		return false;
	snprintf(remark, sizeof(remark),
		 "'%s' has addresses, and is no name that tells what they are: left out; import "
		 "them line by line, if they are meant",
		 excerpt);
	list_remark(document->reader, document_line(document, entry.text), remark);
	return true;
}

/* Whether an entry has one address of its own: what it says of others ("reporter": {"ip": ...}) are
 * no entries. */
static bool has_address(const json_t *entry)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)entry, key, value)
		if (is_address_key(key) && json_is_string(value))
			return true;
	return false;
}

/* A server's answer that is no list: it may hold the address of whoever asked. */
static bool is_error(const json_t *answer)
{
	static const char *const words[] = { "error", "fail", "failed", "failure" };
	const json_t *error = json_object_get(answer, "error");

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (word_is(answer, "status", words[i]))
			return true;
	return json_string_length(error) || json_object_size(error) || json_is_true(error) ||
	       json_is_false(json_object_get(answer, "success"));
}

static void published(struct document *document, const json_t *value, bool named, unsigned depth);

static void members(struct document *document, const json_t *object, unsigned depth)
{
	uint32_t end = document->reader->end;
	bool ended = document->reader->ended, has_own = has_address(object);
	const char *key;
	json_t *inner;

	json_object_foreach ((json_t *)(uintptr_t)object, key, inner) {
		if (has_own ? !first_text(inner) : left_out(document, key, inner))
			continue;
		document->reader->end = end; /* of all addresses of the entry */
		document->reader->ended = ended;
		published(document, inner, is_address_key(key), depth + 1);
	}
	document->reader->end = 0;
	document->reader->ended = false;
}

/* `named`: the value stands under such a name, or is an item of the file's own array. */
static void published(struct document *document, const json_t *value, bool named, unsigned depth)
{
	struct list_reader *reader = document->reader;
	uint32_t end = reader->end;
	bool ended = reader->ended;
	size_t index;
	json_t *inner;

	if (json_is_string(value) && named) {
		document_take(document, json_string_value(value));
		reader->end = end; /* of the other addresses of the array, too */
		reader->ended = ended;
	} else if (depth == DEEPEST) {
		list_give_up(document->reader, "JSON of more than %d levels", DEEPEST);
	} else if (json_is_array(value)) {
		json_array_foreach (value, index, inner)
			published(document, inner, named, depth + 1);
	} else if (json_is_object(value)) {
		/* StopForumSpam's answer tells for each address whether it is known. */
		const char *asked = json_string_value(json_object_get(value, "value"));
		const json_t *appears = json_object_get(value, "appears");

		if (asked && json_is_integer(appears)) {
			if (json_integer_value(appears))
				document_take(document, asked);
			else
				list_skip(document->reader);
			return;
		}
		if (spared(document, value))
			return;
		members(document, value, depth);
	}
}

void document_entry(struct list_reader *reader, const struct list_line *line, const json_t *entry)
{
	struct document document = { reader, line->text, line->text, line->size, line->number };

	published(&document, entry, false, 0);
}

static bool is_crowdsec(const json_t *array)
{
	const json_t *first = json_array_get(array, 0);

	return json_object_get(first, "decisions") || json_object_get(first, "scope") ||
	       json_object_get(first, "value");
}

/* Whether the text begins like one JSON value, with '{' or '['; a file of JSON lines has more than
 * one. */
static bool looks_right(const char *text, size_t size)
{
	size_t at = 0;

	while (at < size && strchr(" \t\r\n", text[at]) && text[at])
		at++;
	if (at == size)
		return false;
	if (text[at] == '{')
		return true;
	if (text[at] != '[')
		return false;
	for (at++; at < size && text[at] && strchr(" \t\r\n", text[at]);)
		at++;
	return at < size &&
	       (text[at] == '"' || (text[at] == '{' && text[at + 1 < size ? at + 1 : at] != '\''));
}

/* Whether it is a file of JSON lines: its first line is a whole value. */
static bool is_lines(const char *text, size_t size)
{
	const char *newline = memchr(text, '\n', size);
	json_t *first = newline ? json_loadb(text, (size_t)(newline - text), 0, NULL) : NULL;
	bool object = json_is_object(first);

	json_decref(first);
	return object;
}

bool list_json_document(struct list_reader *reader, const char *text, size_t size)
{
	__attribute__((cleanup(free_json))) json_t *value = NULL;
	struct document document = { reader, text, text, size, 1 };
	json_error_t error;

	if (!looks_right(text, size))
		return false;
	value = json_loadb(text, size, 0, &error);
	if (!value && is_lines(text, size))
		return false;
	if (json_is_object(value) &&
	    (json_object_get(value, "cidr") || word_is(value, "type", "metadata")))
		return false; /* a file of JSON lines with only one line */
	if (!value)
		list_give_up(reader, "line %d: damaged or cut short JSON: %.100s; fetch it again",
			     error.line, error.text);
	else if (json_is_array(value) && is_crowdsec(value))
		crowdsec(&document, value);
	else if (json_object_get(value, "nftables"))
		document_nft(&document, json_object_get(value, "nftables"));
	else if (is_error(value))
		list_give_up(reader, "a server's answer that says an error; look at what was "
				     "downloaded");
	else
		published(&document, value, json_is_array(value), 0);
	if (!*reader->no_list && !reader->report->lines && !reader->report->skipped)
		list_give_up(reader, "no member of this JSON has a name that tells of addresses "
				     "(ip, cidr, prefix, ...); take them out with jq, one a line");
	return true;
}
