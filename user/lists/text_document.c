// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that are one JSON value: `nft -j list` and CrowdSec's decisions (`cscli decisions list -o
 * json`, and what `cscli decisions import` reads). The JSON library tells no line numbers; a
 * refused entry is looked up in the text.
 */
#include "lists/document.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static void free_json(json_t **value)
{
	json_decref(*value);
}

size_t document_line(struct document *document, const char *entry)
{
	size_t size = strlen(entry);
	const char *end = document->text + document->size;
	const char *found = memmem(document->at, (size_t)(end - document->at), entry, size);

	if (!size || !found)
		return document->line;
	for (; document->at < found; document->at++)
		document->line += *document->at == '\n';
	return document->line;
}

void document_take(struct document *document, const char *entry)
{
	list_take_entry(document->reader, document_line(document, entry), entry, strlen(entry));
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

	if (!value)
		list_refuse(reader, document->line, "a decision without a value");
	else if (reader->options->allow)
		list_refuse(reader, document_line(document, value),
			    "a CrowdSec decision says nothing for an allow list; import it with "
			    "--deny");
	else if ((!word_is(object, "scope", "Ip") && !word_is(object, "scope", "Range")) ||
		 !word_is(object, "type", "ban") ||
		 json_is_true(json_object_get(object, "simulated")) || (left && *left == '-'))
		list_skip(reader);
	else
		document_take(document, value);
}

/* Alerts with their decisions, or the decisions alone. */
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

/* '{"nftables"' or '[{', blanks anywhere between. */
static bool looks_right(const char *text, size_t size)
{
	static const char *const begins[] = { "{\"nftables\"", "[{" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++) {
		const char *wanted = begins[i];

		for (size_t at = 0; at < size && *wanted; at++) {
			if (text[at] == *wanted)
				wanted++;
			else if (!strchr(" \t\r\n", text[at]) || !text[at])
				break;
		}
		if (!*wanted)
			return true;
	}
	return false;
}

bool list_json_document(struct list_reader *reader, const char *text, size_t size)
{
	__attribute__((cleanup(free_json))) json_t *value = NULL;
	struct document document = { reader, text, text, size, 1 };
	json_error_t error;

	if (!looks_right(text, size))
		return false;
	value = json_loadb(text, size, 0, &error);
	if (!value)
		list_give_up(reader, "line %d: damaged or cut short JSON: %.100s; fetch it again",
			     error.line, error.text);
	else if (json_is_array(value))
		crowdsec(&document, value);
	else
		document_nft(&document, json_object_get(value, "nftables"));
	return true;
}
