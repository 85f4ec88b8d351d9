// SPDX-License-Identifier: GPL-2.0-or-later
/* See flat_json.h. Pure; each step moves on, so hostile text costs no more than its size. */
#include "log/flat_json.h"

#include <ctype.h>
#include <string.h>

static void skip_blanks(struct span *text)
{
	while (text->size && (*text->at == ' ' || *text->at == '\t'))
		*text = span_from(*text, 1);
}

/* Behind its opening quote: up to the closing one. */
static bool take_string(struct span *text, struct span *value)
{
	const char *at = text->at, *end = at + text->size, *quote = NULL, *escape;

	do {
		/* Looked for again only where it was escaped: each byte is seen once. */
		if (!quote || quote < at)
			quote = at < end ? memchr(at, '"', (size_t)(end - at)) : NULL;
		if (!quote)
			return false;
		escape = memchr(at, '\\', (size_t)(quote - at));
		at = escape ? escape + 2 : quote;
	} while (escape);
	*value = span_cut(*text, 0, (size_t)(quote - text->at));
	*text = span_from(*text, value->size + 1);
	return true;
}

/* An object or an array, with its brackets: to where as many were closed as opened. */
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

static bool take_value(struct span *text, struct span *value)
{
	size_t size = 0;

	if (!text->size)
		return false;
	if (*text->at == '{' || *text->at == '[')
		return take_nested(text, value);
	if (span_skip(text, "\""))
		return take_string(text, value);
	while (size < text->size && (isalnum((unsigned char)text->at[size]) ||
				     (text->at[size] && strchr("+-.", text->at[size]))))
		size++;
	*value = span_cut(*text, 0, size);
	*text = span_from(*text, size);
	return size > 0;
}

/* Where an object stands in the outer ones: "a.b." */
struct path {
	char text[64];
	size_t size;
	unsigned depth;
};

static bool read_members(struct span *text, const struct path *path, struct flat_json *json);

static bool is_at(const char *name, const struct path *path, struct span member)
{
	return (!path->size || !strncmp(name, path->text, path->size)) && member.size &&
	       name[path->size] == *member.at && span_is(member, name + path->size);
}

/* Whether a name reaches into the member, which is an object. */
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
		if (!strncmp(json->names[i], inner->text, inner->size))
			return true;
	return false;
}

static bool is_line(struct span value)
{
	return flat_json_is_string(value) && span_find_char(value, ' ') != SPAN_NONE &&
	       (span_find_char(value, '=') != SPAN_NONE || span_find_char(value, '[') != SPAN_NONE);
}

static bool keep(struct flat_json *json, const struct path *path, struct span name,
		 struct span value)
{
	struct path inner;
	bool wanted = false;

	for (size_t i = 0; json->names[i]; i++) {
		if (!is_at(json->names[i], path, name))
			continue;
		wanted = true;
		if (json->values[i].at)
			json->repeated = true;
		else
			json->values[i] = value;
	}
	json->line |= !wanted && !path->depth && is_line(value);
	if (!value.size || *value.at != '{' || flat_json_is_string(value) ||
	    !reaches_into(json, path, name, &inner))
		return true;
	return read_members(&value, &inner, json);
}

static bool read_members(struct span *text, const struct path *path, struct flat_json *json)
{
	if (!span_skip(text, "{"))
		return false;
	skip_blanks(text);
	if (path->depth && span_skip(text, "}"))
		return true;
	for (;;) {
		struct span name, value;

		skip_blanks(text);
		if (!span_skip(text, "\"") || !take_string(text, &name))
			return false;
		skip_blanks(text);
		if (!span_skip(text, ":"))
			return false;
		skip_blanks(text);
		if (!take_value(text, &value) || !keep(json, path, name, value))
			return false;
		skip_blanks(text);
		if (span_skip(text, "}"))
			return true;
		if (!span_skip(text, ","))
			return false;
	}
}

bool flat_json_read(struct span line, struct flat_json *json)
{
	const struct path top = { .size = 0 };

	memset(json->values, 0, sizeof(json->values));
	json->repeated = json->line = false;
	if (!read_members(&line, &top, json))
		return false;
	skip_blanks(&line);
	return !line.size;
}

bool flat_json_is_string(struct span value)
{
	return value.at && value.at[-1] == '"';
}

static bool take_hex(struct span *text, uint32_t *value)
{
	*value = 0;
	if (text->size < 4)
		return false;
	for (size_t i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)text->at[i];

		if (!isxdigit(c))
			return false;
		*value = *value << 4 | (uint32_t)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	*text = span_from(*text, 4);
	return true;
}

static size_t put_utf8(uint32_t code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 63));
		out[2] = (char)(0x80 | (code & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 63));
	out[2] = (char)(0x80 | (code >> 6 & 63));
	out[3] = (char)(0x80 | (code & 63));
	return 4;
}

/* Behind a backslash: what it and the next characters stand for. */
static size_t take_escape(struct span *text, char out[4])
{
	static const char written[] = "nrtbf", meant[] = "\n\r\t\b\f";
	uint32_t code, low;
	const char *found;
	char c = *text->at;

	*text = span_from(*text, 1);
	if (c == 'u' && take_hex(text, &code)) {
		struct span rest = *text;

		if (code >> 10 == 0xd800 >> 10 && span_skip(&rest, "\\u") &&
		    take_hex(&rest, &low) && low >> 10 == 0xdc00 >> 10) {
			*text = rest;
			code = 0x10000 + ((code & 1023) << 10) + (low & 1023);
		}
		return put_utf8(code, out);
	}
	found = c ? strchr(written, c) : NULL;
	*out = found ? meant[found - written] : c;
	return 1;
}

/* "[80,108,97]" */
static size_t decode_bytes(struct span value, char *out, size_t size)
{
	size_t used = 0;
	uint32_t byte;

	while (value.size && used < size) {
		if (isdigit((unsigned char)*value.at)) {
			if (!span_number(&value, &byte))
				break;
			out[used++] = (char)byte;
		} else {
			value = span_from(value, 1);
		}
	}
	return used;
}

size_t flat_json_decode(struct span value, char *out, size_t size)
{
	size_t used = 0;

	/* A string stands behind its quote. */
	if (value.size && *value.at == '[' && !flat_json_is_string(value))
		return decode_bytes(value, out, size);
	while (value.size && used < size) {
		size_t plain = span_find_char(value, '\\'), room = size - used;
		char bytes[4];
		size_t count;

		plain = plain == SPAN_NONE ? value.size : plain;
		count = plain < room ? plain : room;
		memcpy(out + used, value.at, count);
		used += count;
		value = span_from(value, plain);
		if (value.size < 2 || count < plain)
			break;
		value = span_from(value, 1);
		count = take_escape(&value, bytes);
		if (count > size - used)
			break;
		memcpy(out + used, bytes, count);
		used += count;
	}
	return used;
}
