// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Output of `firewall-cmd --list-all` and --list-all-zones: the sources of zones by their target,
 * and rich rules (text_firewalld.c). See list_reader.h.
 */
#include "lists/list_reader.h"

#include <string.h>

/* The first line names a zone, the second begins "  target: ". */
bool list_is_firewall_cmd(const char *text, size_t size)
{
	static const char target[] = "\n  target: ";
	const char *found = memmem(text, size, target, strlen(target));

	while (size && (*text == '\n' || *text == '\r')) {
		text++;
		size--;
	}
	return found && found > text && memchr(text, '\n', size) == found;
}

static bool value_of(const struct list_line *line, const char *name, struct list_word *value)
{
	size_t size = strlen(name);

	if (line->size < size || memcmp(line->text, name, size) != 0)
		return false;
	*value = (struct list_word){ line->text + size, line->size - size };
	while (value->size && *value->text == ' ') {
		value->text++;
		value->size--;
	}
	return true;
}

static void sources(struct list_reader *reader, size_t number, struct list_word left)
{
	bool wanted = reader->options->allow ? reader->zone_accepts : reader->zone_denies;

	if (!wanted || !left.size) {
		list_skip(reader);
		return;
	}
	while (left.size) {
		const char *blank = memchr(left.text, ' ', left.size);
		size_t size = blank ? (size_t)(blank - left.text) : left.size;

		if (size)
			list_take_entry(reader, number, left.text, size);
		size += blank != NULL;
		left.text += size;
		left.size -= size;
	}
}

bool list_firewall_cmd(struct list_reader *reader, const struct list_line *line)
{
	struct list_word value;

	if (!reader->firewall_cmd || (line->size > 5 && !memcmp(line->text, "rule ", 5)))
		return false;
	if (!line->indented) {
		reader->zone_denies = reader->zone_accepts = false;
		list_skip(reader);
	} else if (value_of(line, "target:", &value)) {
		reader->zone_denies = list_word_any(&value, "DROP %%REJECT%% REJECT");
		reader->zone_accepts = list_word_is(&value, "ACCEPT");
		list_skip(reader);
	} else if (value_of(line, "sources:", &value)) {
		sources(reader, line->number, value);
	} else {
		list_skip(reader);
	}
	return true;
}
