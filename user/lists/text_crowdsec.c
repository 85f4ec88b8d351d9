// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CrowdSec's decisions as `cscli decisions list -o raw` prints them:
 * id,source,Scope:value,reason,action,country,as,events,expiration,simulated,alert. Bans of
 * addresses and ranges are taken; other scopes and actions, simulated and ended ones are skipped.
 * See list_reader.h.
 */
#include "lists/list_reader.h"

#include <string.h>
#include <strings.h>

enum column {
	COLUMN_ID,
	COLUMN_VALUE = 2,
	COLUMN_ACTION = 4,
	COLUMN_EXPIRES = 8,
	COLUMN_SIMULATED
};

#define COLUMNS 10

static bool is(const struct list_word *word, const char *text)
{
	return word->size == strlen(text) && !strncasecmp(word->text, text, word->size);
}

/* Splits "Ip:1.2.3.4" into scope and value. */
static bool scoped(const struct list_word *word, struct list_word *scope, struct list_word *value)
{
	const char *colon = word->size ? memchr(word->text, ':', word->size) : NULL;

	if (!colon || colon == word->text)
		return false;
	*scope = (struct list_word){ word->text, (size_t)(colon - word->text) };
	*value = (struct list_word){ colon + 1, word->size - scope->size - 1 };
	for (size_t i = 0; i < scope->size; i++)
		if ((scope->text[i] | 0x20) < 'a' || (scope->text[i] | 0x20) > 'z')
			return false;
	return true;
}

bool list_crowdsec(struct list_reader *reader, const struct list_line *line)
{
	struct list_word fields[COLUMNS] = { 0 }, scope, value;
	size_t count = list_fields(line, ',', true, fields, COLUMNS);

	if (count < 5)
		return false;
	if (is(&fields[COLUMN_ID], "id") && is(&fields[COLUMN_ACTION], "action")) {
		list_skip(reader);
		return true;
	}
	if (!list_is_number(&fields[COLUMN_ID], 1, 19) ||
	    !scoped(&fields[COLUMN_VALUE], &scope, &value))
		return false;
	if (reader->options->allow) {
		list_refuse(reader, line->number,
			    "a CrowdSec decision says nothing for an allow "
			    "list; import it with --deny");
	} else if ((!is(&scope, "Ip") && !is(&scope, "Range")) ||
		   !is(&fields[COLUMN_ACTION], "ban") || is(&fields[COLUMN_SIMULATED], "true") ||
		   (fields[COLUMN_EXPIRES].size && *fields[COLUMN_EXPIRES].text == '-')) {
		list_skip(reader);
	} else {
		list_ends_in(reader, fields[COLUMN_EXPIRES].text, fields[COLUMN_EXPIRES].size);
		list_take_prefix(reader, line->number, value.text, value.size);
	}
	return true;
}
