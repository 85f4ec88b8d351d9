// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the text of a configuration file, line by line, through libinih. inih splits keys from
 * values and joins indented lines. This reader works in front of it: it counts the lines (inih does
 * not tell the handler), removes '#' comments, and refuses what inih would silently cut or split.
 */
#include "conf/load.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

#include "base/utf8.h"

struct read_reader {
	struct conf_load *load;
	const char *text, *end;
	char key[CONFIG_NAME_SIZE]; /* of the current line, for messages */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t line_size(const char *line, size_t size)
{
	while (size && is_blank(line[size - 1]))
		size--;
	return size;
}

/* The size of a line without its comment and trailing blanks. */
static size_t content_size(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((line[i] == '#' || line[i] == ';') && (!i || is_blank(line[i - 1])))
			size = i;
	return line_size(line, size);
}

static bool check_bytes(struct conf_load *load, const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < ' ' && c != '\t') || c == 0x7f) {
			conf_fault(load, NULL, "control character 0x%02x in this line; remove it",
				   c);
			return false;
		}
	}
	if (!utf8_valid(line, size)) {
		conf_fault(load, NULL, "this line is not UTF-8; convert the file (iconv -t UTF-8)");
		return false;
	}
	return true;
}

static bool check_section(struct conf_load *load, char *line, size_t size)
{
	load->in_section = true;
	load->has_key = load->skip_indented = false;
	if (line[size - 1] != ']') {
		conf_fault(load, NULL, "this section's name does not end in ']'");
		load->use = NULL;
		load->skip_indented = true;
		return false;
	}
	line[size - 1] = '\0';
	conf_section_begin(load, line + 1);
	strcpy(line, "[-]"); /* inih need only know that one begins; it would cut a long name */
	return true;
}

/* Takes the name before the '=' of a line "KEY = VALUE"; false: there is none. */
static bool read_key(const char *line, char key[CONFIG_NAME_SIZE])
{
	size_t size = strcspn(line, "=:");

	if (line[size] != '=')
		return false;
	while (size && is_blank(line[size - 1]))
		size--;
	if (!size || size >= CONFIG_NAME_SIZE)
		return false;
	memcpy(key, line, size);
	key[size] = '\0';
	return true;
}

static bool check_indented(struct read_reader *reader, const char *line)
{
	struct conf_load *load = reader->load;
	char key[CONFIG_NAME_SIZE];

	if (load->skip_indented)
		return false;
	if (!load->has_key) {
		conf_fault(load, NULL,
			   "an indented line continues the value above, and there is none; begin "
			   "keys and sections at the margin");
		return false;
	}
	line += strspn(line, " \t");
	if (*line == '[' && line[strlen(line) - 1] == ']') {
		conf_fault(load, NULL, "this section is indented; begin it at the margin");
		return false;
	}
	if (load->use && read_key(line, key) && conf_key_find(load->use->section, key)) {
		conf_fault(load, NULL,
			   "'%s' is indented, so it would continue the value of '%s'; begin keys "
			   "at the margin",
			   key, reader->key);
		return false;
	}
	load->continued = true;
	return true;
}

static bool check_key(struct read_reader *reader, const char *line)
{
	struct conf_load *load = reader->load;

	load->has_key = load->skip_indented = false;
	if (!read_key(line, reader->key)) {
		conf_fault(load, NULL, "this is neither [SECTION] nor KEY = VALUE");
		load->skip_indented = true;
		return false;
	}
	if (!load->in_section) {
		conf_fault(load, NULL, "'%s' stands before any [SECTION]", reader->key);
		load->skip_indented = true;
		return false;
	}
	load->has_key = true;
	return true;
}

/* Whether inih may read this line: `size` bytes of content, NUL-terminated. */
static bool check_line(struct read_reader *reader, char *line, size_t size)
{
	struct conf_load *load = reader->load;

	load->continued = false;
	if (is_blank(*line))
		return check_indented(reader, line);
	if (*line == '[')
		return check_section(load, line, size);
	return check_key(reader, line);
}

/* Used by inih in place of fgets(). A refused line reads as an empty one. */
static char *read_line(char *out, int room, void *stream)
{
	struct read_reader *reader = stream;
	const char *line = reader->text, *newline;
	size_t size;

	if (line == reader->end)
		return NULL;
	newline = memchr(line, '\n', (size_t)(reader->end - line));
	reader->text = newline ? newline + 1 : reader->end;
	size = (size_t)((newline ? newline : reader->end) - line);
	reader->load->where.line++;
	if (size && line[size - 1] == '\r')
		size--;
	out[0] = '\0';
	if (check_bytes(reader->load, line, size)) {
		size_t whole = size;

		size = content_size(line, size);
		if (size > (size_t)room - 2) {
			conf_fault(reader->load, NULL,
				   "this line is longer than %d bytes; continue a list on an "
				   "indented line",
				   room - 2);
			reader->load->skip_indented = true;
		} else if (size) {
			memcpy(out, line, size);
			out[size] = '\0';
			reader->load->commented = size < line_size(line, whole);
			if (!check_line(reader, out, size))
				out[0] = '\0';
		}
	} else {
		reader->load->skip_indented = true;
	}
	return strcat(out, "\n");
}

static int handle(void *context, const char *section, const char *name, const char *value)
{
	struct read_reader *reader = context;

	(void)section; /* conf_section_begin() got it in full */
	conf_key_set(reader->load, name, value);
	return 1;
}

void conf_read_text(struct conf_load *load, const char *text, size_t size)
{
	static const char bom[] = "\xef\xbb\xbf";
	struct read_reader reader = { .load = load, .text = text, .end = text + size };
	int result;

	load->where.line = 0;
	load->use = NULL;
	load->in_section = load->has_key = load->skip_indented = false;
	if (size >= 3 && !memcmp(text, bom, 3))
		reader.text += 3;
	result = ini_parse_stream(read_line, &reader, handle, &reader);
	if (result == -2)
		conf_out_of_memory(load);
	else if (result)
		conf_fault(load, NULL, "line %d cannot be parsed", result);
}
