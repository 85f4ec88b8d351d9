// SPDX-License-Identifier: GPL-2.0-or-later
/* See flat_json.h. Pure. Each step moves forward, so hostile text costs no more than its size. */
#include "log/flat_json.h"

#include <ctype.h>
#include <string.h>
#include "log/text_block.h"

static inline void skip_blanks(struct span *text)
{
	while (text->size && (*text->at == ' ' || *text->at == '\t'))
		*text = span_from(*text, 1);
}

/* Takes a string, from behind its opening quote up to the closing one. */
static inline bool take_string(struct span *text, struct span *value)
{
	const char *at = text->at, *end = at + text->size;

	while ((at = block_search(at, end, '"', '\\')) < end && *at == '\\')
		at += 2;
	if (at >= end)
		return false;
	*value = span_cut(*text, 0, (size_t)(at - text->at));
	*text = span_from(*text, value->size + 1);
	return true;
}

/* Takes an object or an array with its brackets, up to where as many were closed as opened. */
static bool take_nested(struct span *text, struct span *value)
{
	struct span rest = *text, string;
	unsigned depth = 0;

	do {
		char c;

		if (!rest.size)
			return false;
		c = *rest.at;
		rest = span_from(rest, 1);
		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		else if (c == '"' && !take_string(&rest, &string))
			return false;
	} while (depth);
	*value = span_cut(*text, 0, (size_t)(rest.at - text->at));
	*text = rest;
	return true;
}

/* Takes a value that is no string. */
static bool take_other(struct span *text, struct span *value)
{
	size_t size = 0;

	if (!text->size)
		return false;
	if (*text->at == '{' || *text->at == '[')
		return take_nested(text, value);
	while (size < text->size && (isalnum((unsigned char)text->at[size]) ||
				     (text->at[size] && strchr("+-.", text->at[size]))))
		size++;
	*value = span_cut(*text, 0, size);
	*text = span_from(*text, size);
	return size > 0;
}

/* The names of the outer objects: "a.b." */
struct path {
	char text[64];
	size_t size;
	unsigned depth;
};

static inline size_t slot_of(const char *name, size_t size)
{
	return (size * 31 + (unsigned char)*name * 7 + (unsigned char)name[size - 1] * 3 +
		(unsigned char)name[size / 2]) %
	       FLAT_JSON_SLOTS;
}

void flat_json_want(struct flat_json *json, const char *const *names)
{
	memset(json, 0, sizeof(*json));
	json->names = names;
	for (size_t i = 0; names[i]; i++) {
		size_t size = strlen(names[i]), slot = slot_of(names[i], size);

		while (json->slots[slot])
			slot = (slot + 1) % FLAT_JSON_SLOTS;
		json->slots[slot] = (unsigned char)(i + 1);
		json->sizes[i] = (unsigned char)size;
	}
}

/* The index of the name; FLAT_JSON_MOST: it is not wanted. */
static inline size_t find_name(const struct flat_json *json, struct span name)
{
	size_t slot = name.size ? slot_of(name.at, name.size) : 0;

	for (; name.size && json->slots[slot]; slot = (slot + 1) % FLAT_JSON_SLOTS) {
		size_t i = json->slots[slot] - 1U;

		if (json->sizes[i] == name.size && !memcmp(json->names[i], name.at, name.size))
			return i;
	}
	return FLAT_JSON_MOST;
}

/* The same for a name within an object. */
static size_t find_inner(const struct flat_json *json, const struct path *path, struct span name)
{
	char text[sizeof(path->text)];

	if (path->size + name.size > sizeof(text) || !name.size)
		return FLAT_JSON_MOST;
	memcpy(text, path->text, path->size);
	memcpy(text + path->size, name.at, name.size);
	return find_name(json, (struct span){ text, path->size + name.size });
}

/* Whether a wanted name reaches into the member, which is an object. */
static bool reaches_into(const struct flat_json *json, const struct path *path, struct span member,
			 struct path *inner)
{
	if (path->depth == FLAT_JSON_DEEP || path->size + member.size + 1 >= sizeof(inner->text))
		return false;
	*inner = *path;
	memcpy(inner->text + path->size, member.at, member.size);
	inner->size += member.size;
	inner->text[inner->size++] = '.';
	inner->depth++;
	for (size_t i = 0; json->names[i]; i++)
		if (*json->names[i] == *inner->text &&
		    !strncmp(json->names[i], inner->text, inner->size))
			return true;
	return false;
}

static bool read_members(struct span text, const struct path *path, struct flat_json *json,
			 struct span *behind);

static void look_into(struct flat_json *json, const struct path *path, struct span name,
		      struct span value)
{
	struct path inner;
	struct span behind;

	if (reaches_into(json, path, name, &inner) && !read_members(value, &inner, json, &behind))
		json->broken = true;
}

static inline void keep(struct flat_json *json, const struct path *path, struct span name,
			struct span value)
{
	size_t i = path->depth ? find_inner(json, path, name) : find_name(json, name);

	if (i < FLAT_JSON_MOST && json->values[i].at) {
		json->repeated[i] = true;
	} else if (i < FLAT_JSON_MOST) {
		json->values[i] = value;
		json->found[json->found_count++] = (unsigned char)i;
	}
	if (value.size && *value.at == '{' && !flat_json_is_string(value))
		look_into(json, path, name, value);
}

/* Takes "name": value. A value that is no string is read through a copy, so that `text` stays in
 * registers. */
static inline bool take_member(struct span *text, struct span *name, struct span *value)
{
	struct span copy;

	skip_blanks(text);
	if (!span_skip(text, "\"") || !take_string(text, name))
		return false;
	skip_blanks(text);
	if (!span_skip(text, ":"))
		return false;
	skip_blanks(text);
	if (span_skip(text, "\"")) {
		if (!take_string(text, value))
			return false;
	} else {
		copy = *text;
		if (!take_other(&copy, value))
			return false;
		*text = copy;
	}
	skip_blanks(text);
	return true;
}

static bool read_members(struct span text, const struct path *path, struct flat_json *json,
			 struct span *behind)
{
	struct span name, value;
	bool more = span_skip(&text, "{");

	if (!more)
		return false;
	skip_blanks(&text);
	if (path->depth && span_starts(text, "}"))
		more = false;
	while (more) {
		if (!take_member(&text, &name, &value))
			return false;
		keep(json, path, name, value);
		more = span_skip(&text, ",");
	}
	if (!span_skip(&text, "}"))
		return false;
	*behind = text;
	return true;
}

bool flat_json_read(struct span line, struct flat_json *json)
{
	const struct path top = { .size = 0 };

	while (json->found_count) {
		size_t i = json->found[--json->found_count];

		json->values[i] = (struct span){ NULL, 0 };
		json->repeated[i] = false;
	}
	json->broken = false;
	if (!read_members(line, &top, json, &line))
		return false;
	skip_blanks(&line);
	return !line.size;
}

static bool is_line(struct span value)
{
	return flat_json_is_string(value) && span_find_char(value, ' ') != SPAN_NONE &&
	       (span_find_char(value, '=') != SPAN_NONE || span_find_char(value, '[') != SPAN_NONE);
}

bool flat_json_has_line(struct span line, const struct flat_json *json, size_t first)
{
	struct span name, value;
	size_t i;

	if (!span_skip(&line, "{"))
		return false;
	do {
		if (!take_member(&line, &name, &value))
			return false;
		i = find_name(json, name);
		if ((i < first || i == FLAT_JSON_MOST) && is_line(value))
			return true;
	} while (span_skip(&line, ","));
	return false;
}

bool flat_json_is_string(struct span value)
{
	return value.at && value.at[-1] == '"';
}
