// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `nft -j list set` and `list ruleset`: the elements of sets of addresses. Of rules only what they
 * do with a set is examined. text_nft.c reads the same as text.
 */
#include <stdio.h>
#include <string.h>

#include "lists/document.h"

static void refuse(struct document *document, const char *why)
{
	list_refuse(document->reader, document->line, "%s", why);
}

/* Whether an element has more than its address, its end, a comment and counters. */
static bool counted(const json_t *inner)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)inner, key, value)
		if (!list_word_any(&(struct list_word){ key, strlen(key) },
				   "val timeout expires comment counter"))
			return true;
	return false;
}

/* One element: "A", {"prefix":...}, {"range":[A, B]}, or {"elem":{"val": one of these}}. */
static void element(struct document *document, const json_t *value)
{
	const json_t *prefix, *range, *inner = json_object_get(value, "elem");
	char text[2 * PREFIX_TEXT_SIZE];

	if (inner && counted(inner)) {
		refuse(document, "an element with a limit, which a list cannot hold");
		return;
	}
	if (inner) {
		const json_t *left = json_object_get(inner, "expires");

		if (!json_is_integer(left))
			left = json_object_get(inner, "timeout");
		snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(left));
		list_ends_in(document->reader, text, strlen(text));
		value = json_object_get(inner, "val");
	}
	prefix = json_object_get(value, "prefix");
	range = json_object_get(value, "range");
	if (json_is_string(value) && strlen(json_string_value(value)) < PREFIX_TEXT_SIZE) {
		document_take(document, json_string_value(value));
	} else if (json_is_string(json_object_get(prefix, "addr")) &&
		   json_is_integer(json_object_get(prefix, "len"))) {
		const char *address = json_string_value(json_object_get(prefix, "addr"));

		snprintf(text, sizeof(text), "%.48s/%" JSON_INTEGER_FORMAT, address,
			 json_integer_value(json_object_get(prefix, "len")));
		list_take_entry(document->reader, document_line(document, address), text,
				strlen(text));
	} else if (json_array_size(range) == 2 && json_is_string(json_array_get(range, 0)) &&
		   json_is_string(json_array_get(range, 1))) {
		const char *first = json_string_value(json_array_get(range, 0));

		snprintf(text, sizeof(text), "%.48s-%.48s", first,
			 json_string_value(json_array_get(range, 1)));
		list_take_entry(document->reader, document_line(document, first), text,
				strlen(text));
	} else {
		refuse(document, "an element that is more than an address; a list holds addresses "
				 "alone");
	}
}

static void elements(struct document *document, const json_t *set)
{
	const json_t *type = json_object_get(set, "type"), *all = json_object_get(set, "elem");
	const char *name = json_string_value(type);
	const char *own = json_string_value(json_object_get(set, "name"));
	size_t index;
	json_t *value;

	if (own &&
	    list_opposes(document->reader, document->line, &(struct list_word){ own, strlen(own) }))
		return;
	if (type && !json_is_array(type) &&
	    (!name || (strcmp(name, "ipv4_addr") != 0 && strcmp(name, "ipv6_addr") != 0))) {
		list_skip(document->reader);
		return;
	}
	if (json_is_array(all))
		json_array_foreach (all, index, value)
			element(document, value);
	else if (all)
		element(document, all);
}

/* What a rule compares the source with, or NULL. */
static const json_t *source_match(const json_t *match, bool *negated)
{
	const json_t *payload = json_object_get(json_object_get(match, "left"), "payload");
	const char *field = json_string_value(json_object_get(payload, "field"));
	const char *op = json_string_value(json_object_get(match, "op"));

	*negated = op && !strcmp(op, "!=");
	return field && !strcmp(field, "saddr") ? json_object_get(match, "right") : NULL;
}

/* A jump to another chain, whose name may say what that does. */
static bool jump(const json_t *part, bool *accepts, bool *denies)
{
	const json_t *found = json_object_get(part, "jump");
	const char *chain;

	if (!found)
		found = json_object_get(part, "goto");
	chain = json_string_value(json_object_get(found, "target"));
	if (chain) {
		struct list_word name = { chain, strlen(chain) };

		*accepts |= list_name_allows(&name);
		*denies |= list_name_denies(&name);
	}
	return found;
}

static void rule(struct document *document, const json_t *expressions)
{
	bool accepts = false, denies = false, jumps = false, negated = false, other;
	const json_t *right = NULL;
	size_t index;
	json_t *part;

	json_array_foreach (expressions, index, part) {
		const json_t *match = json_object_get(part, "match");

		if (match && !right)
			right = source_match(match, &negated);
		accepts |= json_object_get(part, "accept") || json_object_get(part, "return");
		denies |= json_object_get(part, "drop") || json_object_get(part, "reject");
		jumps |= jump(part, &accepts, &denies);
	}
	if (jumps && !accepts && !denies && json_is_string(right) &&
	    *json_string_value(right) == '@')
		list_give_up(document->reader,
			     "what happens to the set %.60s another chain says; import each set "
			     "alone, from `nft -j list set`",
			     json_string_value(right) + 1);
	if (!right || (!accepts && !denies)) {
		list_skip(document->reader);
		return;
	}
	other = (document->reader->options->allow ? denies : accepts) != negated;
	if (json_is_string(right) && *json_string_value(right) == '@') {
		if (other)
			list_give_up(document->reader,
				     "a rule lets the set %.60s do the opposite of this list; "
				     "import each set alone, from `nft -j list set`",
				     json_string_value(right) + 1);
		list_skip(document->reader);
	} else {
		refuse(document, "a rule with addresses of its own; write them as plain prefixes");
	}
}

/* Reads one command or object: {"set":...}, {"add":{"element":...}}. */
static void item(struct document *document, const json_t *object)
{
	const json_t *add = json_object_get(object, "add"), *found;

	if (json_object_get(object, "delete") || json_object_get(object, "destroy") ||
	    json_object_get(object, "map") || json_object_get(add, "map")) {
		refuse(document, "a map or a deletion, which no list can follow; import what `nft "
				 "-j list set` prints");
		return;
	}
	if (add)
		object = add;
	if ((found = json_object_get(object, "set")) ||
	    (found = json_object_get(object, "element")))
		elements(document, found);
	else if ((found = json_object_get(object, "rule")))
		rule(document, json_object_get(found, "expr"));
	else
		list_skip(document->reader);
}

void document_nft(struct document *document, const json_t *array)
{
	size_t index;
	json_t *object;

	json_array_foreach (array, index, object)
		item(document, object);
}
