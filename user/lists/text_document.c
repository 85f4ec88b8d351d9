// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that are one JSON value: `nft -j list`, CrowdSec's decisions (`cscli decisions list -o
 * json`, and what `cscli decisions import` reads), AbuseIPDB's and StopForumSpam's answers, and the
 * ranges that Google, AWS and Microsoft publish. The JSON library gives no line numbers, so a
 * refused entry is searched for in the text.
 */
#include "lists/document.h"

#include <errno.h>
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
	static const char *const keys[] = {
		"ip",	       "ipAddress", "ip_address",     "address",    "cidr",
		"prefix",      "network",   "ipv4Prefix",     "ipv6Prefix", "ip_prefix",
		"ipv6_prefix", "ips",	    "addressPrefixes"
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

/* Takes addresses from a value and what is in it. `named`: the value has one of these names, or is
 * an item of the file's own array. */
static void published(struct document *document, const json_t *value, bool named, unsigned depth)
{
	const char *key;
	size_t index;
	json_t *inner;

	if (json_is_string(value) && named) {
		document_take(document, json_string_value(value));
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
		json_object_foreach ((json_t *)(uintptr_t)value, key, inner)
			published(document, inner, is_address_key(key), depth + 1);
	}
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
	    (json_object_get(value, "cidr") || json_object_get(value, "type")))
		return false; /* a file of JSON lines with only one line */
	if (!value)
		list_give_up(reader, "line %d: damaged or cut short JSON: %.100s; fetch it again",
			     error.line, error.text);
	else if (json_is_array(value) && is_crowdsec(value))
		crowdsec(&document, value);
	else if (json_object_get(value, "nftables"))
		document_nft(&document, json_object_get(value, "nftables"));
	else
		published(&document, value, json_is_array(value), 0);
	return true;
}
