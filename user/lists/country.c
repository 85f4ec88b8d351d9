// SPDX-License-Identifier: GPL-2.0-or-later
/* See country.h. The table of formats and what they share; each is a file of its own. */
#include "lists/country_reader.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "lists/input.h"

/* Asked in this order; the last knows everything, or says what is wrong with it. */
static const struct country_format *const formats[] = {
	&country_mmdb,
	&country_rir,
	&country_zone,
	&country_csv,
};

int country_normal(const char *text, size_t size)
{
	if (size == 2 && !memcmp(text, "??", 2))
		return COUNTRY_ZZ;
	if (size == 2 && (text[0] | 0x20) == 'u' && (text[1] | 0x20) == 'k')
		return country_from_text("GB", 2);
	return country_from_text(text, size);
}

int country_lines(const struct country_file *file,
		  const char *(*each)(const char *line, size_t size, void *context, int *error),
		  void *context, struct fault *fault)
{
	const char *at = file->text, *end = at + file->size;

	for (size_t number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end, *wrong = NULL;
		int error = -EBADMSG;

		while (stop > at && (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t'))
			stop--;
		if (stop > at && *at != '#')
			wrong = each(at, (size_t)(stop - at), context, &error);
		if (wrong)
			return fault_set(fault, error, "%s:%zu: %s; the file is damaged or not %s",
					 file->name, number, wrong,
					 "country data of a known format");
		at = newline ? newline + 1 : end;
	}
	return 0;
}

size_t country_fields(const char *line, size_t size, char separator, struct country_field *fields,
		      size_t most)
{
	const char *end = line + size;
	size_t count = 0;

	for (;;) {
		const char *stop = memchr(line, separator, (size_t)(end - line));

		if (count < most)
			fields[count] = (struct country_field){ line, (size_t)((stop ? stop : end) -
									       line) };
		count++;
		if (!stop)
			return count;
		line = stop + 1;
	}
}

int country_read(const char *name, const char *text, size_t size, struct ranges *ranges,
		 struct fault *fault)
{
	struct country_file file = { name, text, size };
	size_t before = ranges->count4 + ranges->count6;

	if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		file.text += 3;
		file.size -= 3;
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		int error;

		if (!formats[i]->detect(&file))
			continue;
		error = formats[i]->read(&file, ranges, fault);
		if (error)
			return error;
		break;
	}
	if (ranges->count4 + ranges->count6 == before)
		return fault_set(fault, -EBADMSG, "%s:1: holds no country ranges; fetch it again",
				 name);
	return 0;
}

static int load_file(const char *path, struct ranges *ranges, struct fault *fault)
{
	_cleanup_(input_free) struct input input = { 0 };
	int error = input_read(path, &input, fault);

	return error ? error : country_read(path, input.text, input.size, ranges, fault);
}

int country_load(char *const *files, size_t count, struct ranges *ranges, struct fault *fault)
{
	_cleanup_(ranges_free) struct ranges read = { 0 };

	for (size_t i = 0; i < count; i++) {
		int error = load_file(files[i], &read, fault);

		if (error)
			return error;
	}
	if (ranges_normalise(&read))
		return fault_set(fault, -ENOMEM, "no memory for the country data");
	*ranges = read;
	read = (struct ranges){ 0 };
	return 0;
}
