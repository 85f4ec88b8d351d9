// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * csf.allow and csf.deny of ConfigServer Firewall, with their advanced lines
 * ("tcp|in|d=25|s=ADDRESS", with ':' in place of '|' for IPv4), and csf.tempban
 * (TIME|ADDRESS|PORTS|DIRECTION|SECONDS|TEXT). Simple lines of CSF are plain addresses with a
 * comment. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <string.h>
#include <strings.h>

#define FIELDS_MOST 8

struct csf {
	struct list_word source; /* .size 0: none */
	bool elsewhere;		 /* a protocol, port or direction other than mail to this machine */
	bool refused;		 /* has a source port or a user, which no list can hold */
};

static bool is_ports(const struct list_word *word)
{
	for (size_t i = 0; i < word->size; i++)
		if ((word->text[i] < '0' || word->text[i] > '9') && !strchr(",_*", word->text[i]))
			return false;
	return word->size;
}

/* Reads one field; false: this is no line of CSF. */
static bool read_field(const struct list_word *field, struct csf *csf)
{
	struct list_word value = { field->text + 2, field->size > 2 ? field->size - 2 : 0 };

	if (list_word_any(field, "tcp in"))
		return true;
	if (list_word_any(field, "udp icmp out")) {
		csf->elsewhere = true;
		return true;
	}
	if (field->size < 3 || field->text[1] != '=' || !strchr("sdug", *field->text))
		return false;
	if (strchr("ug", *field->text)) {
		csf->refused = true;
	} else if (is_ports(&value)) {
		csf->refused |= *field->text == 's';
		csf->elsewhere |= *field->text == 'd' && !list_mail_ports(&value);
	} else if (*field->text == 'd') {
		csf->elsewhere = true;
	} else {
		csf->source = value;
	}
	return true;
}

static void take(struct list_reader *reader, const struct list_line *line, const struct csf *csf)
{
	if (csf->elsewhere)
		list_skip(reader);
	else if (csf->refused || !csf->source.size)
		list_refuse(reader, line->number,
			    "the line is about more than an address (a source port, a user); a "
			    "list holds addresses alone");
	else
		list_take_entry(reader, line->number, csf->source.text, csf->source.size);
}

static int64_t number_of(const struct list_word *word)
{
	int64_t number = 0;

	for (size_t i = 0; i < word->size; i++)
		number = number * 10 + (word->text[i] - '0');
	return number;
}

static bool tempban(struct list_reader *reader, const struct list_line *line,
		    const struct list_word *fields, size_t count)
{
	if (count < 5 || !list_is_number(&fields[0], 9, 11) || !list_is_entry(&fields[1]) ||
	    !list_word_any(&fields[3], "in out inout") || !list_is_number(&fields[4], 1, 9))
		return false;
	if (list_word_is(&fields[3], "out") ||
	    (fields[2].size && !list_word_is(&fields[2], "*") && !list_mail_ports(&fields[2]))) {
		list_skip(reader);
		return true;
	}
	list_ends_at(reader, number_of(&fields[0]) + number_of(&fields[4]));
	list_take_entry(reader, line->number, fields[1].text, fields[1].size);
	return true;
}

bool list_csf(struct list_reader *reader, const struct list_line *line)
{
	struct list_word fields[FIELDS_MOST];
	struct list_line content = *line;
	const char *comment = memchr(line->text, '#', line->size);
	struct csf csf = { 0 };
	size_t count;
	char separator;

	if (line->size > 8 && !memcmp(line->text, "Include ", 8)) {
		list_remark(reader, line->number,
			    "another file is included here; name it to `sekisho import` too");
		return true;
	}
	if (comment && comment > line->text && comment[-1] == ' ')
		content.size = (size_t)(comment - line->text);
	separator = memchr(content.text, '|', content.size) ? '|' : ':';
	if (separator == ':' && !memchr(content.text, '=', content.size))
		return false;
	count = list_fields(&content, separator, false, fields, FIELDS_MOST);
	if (count > FIELDS_MOST)
		return false;
	if (separator == '|' && tempban(reader, line, fields, count))
		return true;
	for (size_t i = 0; i < count; i++)
		if (!read_field(&fields[i], &csf))
			return false;
	take(reader, line, &csf);
	return true;
}
