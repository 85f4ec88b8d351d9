// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON lines. Those with a "cidr" each are Spamhaus DROP's, whose last line has their number: a
 * file without it, or with another number, was cut short. Not here: files that are one JSON value,
 * and what an entry of JSON says (text_document.c).
 */
#include "lists/document.h"

#include <string.h>

static void free_json(json_t **value)
{
	json_decref(*value);
}

static void metadata(struct list_reader *reader, const json_t *object)
{
	const json_t *records = json_object_get(object, "records");

	if (!json_is_integer(records))
		list_give_up(reader, "its metadata line does not say how many records there are; "
				     "fetch it again");
	else if (json_integer_value(records) != (json_int_t)reader->json_records)
		list_give_up(reader,
			     "holds %zu records where its metadata says %" JSON_INTEGER_FORMAT
			     ": cut short or damaged; fetch it again",
			     reader->json_records, json_integer_value(records));
	reader->json_records = 0;
	list_skip(reader);
}

bool list_json_lines(struct list_reader *reader, const struct list_line *line)
{
	__attribute__((cleanup(free_json))) json_t *object = NULL;
	json_error_t error;
	size_t before = reader->report->lines + reader->report->skipped;
	const char *type;

	if (*line->text != '{')
		return false;
	object = json_loadb(line->text, line->size, 0, &error);
	if (!object) {
		list_refuse(reader, line->number, "damaged JSON: %.120s", error.text);
		return true;
	}
	type = json_string_value(json_object_get(object, "type"));
	if (type && !strcmp(type, "metadata")) {
		metadata(reader, object);
		return true;
	}
	reader->json_records += json_is_string(json_object_get(object, "cidr"));
	document_entry(reader, line, object);
	if (reader->report->lines + reader->report->skipped == before)
		list_refuse(reader, line->number,
			    "a JSON line without an address under a name that tells of it (ip, "
			    "cidr, prefix, ...)");
	return true;
}

void list_json_lines_finish(struct list_reader *reader)
{
	if (reader->json_records)
		list_give_up(reader, "ends without the line that counts its records: cut short; "
				     "fetch it again");
}
