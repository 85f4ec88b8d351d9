// SPDX-License-Identifier: GPL-2.0-or-later
/* One entry of a list: it is read strictly, checked, and taken or refused. See list_reader.h. */
#include "lists/list_reader.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "lists/ends.h"

#define WIDEST4	     104 /* /8 */
#define WIDEST6	     16
#define FEED_WIDEST4 108 /* /12 */
#define FEED_WIDEST6 20

const char *list_quad(const char *at, const char *end, uint32_t *address)
{
	uint32_t value = 0;

	for (unsigned part = 0; part < 4; part++) {
		uint32_t number;

		if (part) {
			if (at == end || *at != '.')
				return NULL;
			at++;
		}
		if (at == end || (unsigned char)(*at - '0') > 9)
			return NULL;
		number = (unsigned char)(*at++ - '0');
		for (unsigned digits = 1; at < end && (unsigned char)(*at - '0') <= 9; digits++) {
			if (!number || digits == 3)
				return NULL;
			number = number * 10 + (unsigned char)(*at++ - '0');
		}
		if (number > 255)
			return NULL;
		value = value << 8 | number;
	}
	*address = value;
	return at;
}

size_t list_line_number(const struct list_line *line, const char *at)
{
	size_t low = 0, count = line->break_count;

	while (count) { /* counts the breaks at or before `at` */
		size_t half = count / 2;

		if (line->text + line->breaks[low + half] <= at) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return line->number + low;
}

void list_refuse(struct list_reader *reader, size_t number, const char *format, ...)
{
	char reason[LIST_REASON_SIZE + 64];
	va_list arguments;

	reader->end = 0;
	reader->ended = false;
	reader->report->lines++;
	reader->report->refused++;
	if (!reader->callbacks || !reader->callbacks->refused)
		return;
	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	reader->callbacks->refused(number, reason, reader->callbacks->context);
}

void list_give_up(struct list_reader *reader, const char *format, ...)
{
	va_list arguments;

	if (*reader->no_list)
		return;
	va_start(arguments, format);
	vsnprintf(reader->no_list, sizeof(reader->no_list), format, arguments);
	va_end(arguments);
}

void list_skip(struct list_reader *reader)
{
	reader->report->skipped++;
}

void list_remark(struct list_reader *reader, size_t number, const char *text)
{
	reader->report->skipped++;
	if (reader->callbacks && reader->callbacks->refused)
		reader->callbacks->refused(number, text, reader->callbacks->context);
}

void list_excerpt(const char *text, size_t size, char excerpt[64])
{
	size_t used = size > 60 ? 57 : size;

	for (size_t i = 0; i < used; i++)
		excerpt[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
	strcpy(excerpt + used, size > 60 ? "..." : "");
}

void list_describe(const char *text, size_t size, char reason[LIST_REASON_SIZE])
{
	bool letters = false, dots = false, others = false, digits = false;
	char excerpt[64];

	list_excerpt(text, size, excerpt);
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		letters |= isalpha(c) != 0;
		digits |= isdigit(c) != 0;
		dots |= c == '.';
		others |= !isalnum(c) && c != '.' && c != '-' && c != '_';
	}
	if (letters && dots && !others)
		snprintf(reason, LIST_REASON_SIZE,
			 "'%s' is a host name; names are not resolved, write its addresses",
			 excerpt);
	else if (digits && !letters && text[0] >= '0' && text[0] <= '9' &&
		 !memchr(text, ':', size) && !memchr(text, ' ', size))
		snprintf(reason, LIST_REASON_SIZE,
			 "'%s' is no address; write four numbers 0-255 without leading zeros, "
			 "and a length 0-32 behind '/'",
			 excerpt);
	else
		snprintf(reason, LIST_REASON_SIZE,
			 "'%s' is not understood; remove the line or write a plain prefix",
			 excerpt);
}

/* The prefix length of a netmask in dotted form; -EINVAL: its ones are not all at the top. */
static int netmask_length(const char *text, size_t size)
{
	const char *end = text + size;
	uint32_t mask;

	if (list_quad(text, end, &mask) != end || (~mask & (~mask + 1)))
		return -EINVAL;
	return mask ? 32 - __builtin_ctz(mask) : 0;
}

static int parse_masked(const char *text, size_t size, struct prefix *prefix)
{
	const char *slash = memchr(text, '/', size);
	size_t address_size = slash ? (size_t)(slash - text) : 0;
	struct address address;
	int length;

	if (!slash || !memchr(slash, '.', size - address_size))
		return prefix_parse(text, size, prefix);
	length = netmask_length(slash + 1, size - address_size - 1);
	if (length < 0 || memchr(text, ':', address_size) ||
	    address_parse(text, address_size, &address))
		return -EINVAL;
	prefix->length = 96 + (unsigned)length;
	prefix->address = address_mask(&address, prefix->length);
	return address_compare(&prefix->address, &address) ? -EDOM : 0;
}

int list_parse_prefix(const struct list_reader *reader, const char *text, size_t size,
		      struct prefix *prefix, char reason[LIST_REASON_SIZE])
{
	char corrected[PREFIX_TEXT_SIZE], excerpt[64];
	int error = parse_masked(text, size, prefix);

	if (error == -EDOM && reader->options->mask)
		return 0;
	if (error == -EDOM) {
		prefix_format(prefix, corrected);
		list_excerpt(text, size, excerpt);
		snprintf(reason, LIST_REASON_SIZE,
			 "'%s' has bits set beyond its length; write %s, or import with --mask",
			 excerpt, corrected);
		return -EINVAL;
	}
	if (error)
		list_describe(text, size, reason);
	return error;
}

int list_check_prefix(const struct list_reader *reader, const struct prefix *prefix,
		      char reason[LIST_REASON_SIZE])
{
	const struct list_options *options = reader->options;
	bool four = prefix_is4(prefix);
	char text[PREFIX_TEXT_SIZE], own[PREFIX_TEXT_SIZE];
	const char *special;

	prefix_format(prefix, text);
	if (options->feed && prefix->length < (four ? FEED_WIDEST4 : FEED_WIDEST6)) {
		snprintf(reason, LIST_REASON_SIZE, "%s is wider than a feed may have (%s)", text,
			 four ? "/12" : "/20");
		return -EPERM;
	}
	if (options->allow || options->force)
		return 0;
	if (prefix->length < (four ? WIDEST4 : WIDEST6)) {
		snprintf(reason, LIST_REASON_SIZE, "%s is wider than %s; --force takes it", text,
			 four ? "/8" : "/16");
		return -EPERM;
	}
	for (size_t i = 0; i < options->own_count; i++) {
		if (four != prefix_is4(&options->own[i]) ||
		    !prefix_overlaps(prefix, &options->own[i]))
			continue;
		prefix_format(&options->own[i], own);
		snprintf(
			reason, LIST_REASON_SIZE,
			"%s covers %s, an address of this machine or its gateway; --force takes it",
			text, own);
		return -EPERM;
	}
	special = prefix_special(prefix);
	if (!special)
		return 0;
	snprintf(reason, LIST_REASON_SIZE,
		 "%s is no address of the Internet (%s); --force takes it", text, special);
	return -EPERM;
}

int list_may_have(const struct list_options *options, const struct prefix *prefix, char *reason,
		  size_t size)
{
	const struct list_reader reader = { .options = options };
	char text[LIST_REASON_SIZE] = "";
	int error = list_check_prefix(&reader, prefix, text);

	snprintf(reason, size, "%s", text);
	return error;
}

struct range_check {
	const struct list_reader *reader;
	char *reason;
};

static int check_part(const struct prefix *prefix, uint32_t value, void *context)
{
	const struct range_check *check = context;

	(void)value;
	return list_check_prefix(check->reader, prefix, check->reason);
}

int list_parse_range(const struct list_reader *reader, const char *first, size_t first_size,
		     const char *last, size_t last_size, bool check, struct ranges *ranges,
		     char reason[LIST_REASON_SIZE])
{
	_cleanup_(ranges_free) struct ranges one = { 0 };
	struct range_check context = { reader, reason };
	struct address from, to;
	int error;

	if (address_parse(first, first_size, &from)) {
		list_describe(first, first_size, reason);
		return -EINVAL;
	}
	if (address_parse(last, last_size, &to)) {
		list_describe(last, last_size, reason);
		return -EINVAL;
	}
	if (address_is4(&from) != address_is4(&to) || address_compare(&from, &to) > 0) {
		snprintf(reason, LIST_REASON_SIZE,
			 "the range ends before it begins, or in another address family");
		return -EINVAL;
	}
	if (address_is4(&from))
		error = ranges_add4(&one, address_to4(&from), address_to4(&to), 0);
	else
		error = ranges_add6(&one, (u128)address_high(&from) << 64 | address_low(&from),
				    (u128)address_high(&to) << 64 | address_low(&to), 0);
	if (!error && check)
		error = ranges_each_prefix(&one, check_part, &context);
	return error ? error : ranges_add_all(ranges, &one);
}

void list_ends_at(struct list_reader *reader, int64_t end_s)
{
	reader->ended = end_s <= reader->options->now_s;
	reader->end = end_value(end_s);
}

void list_ends_in(struct list_reader *reader, const char *text, size_t size)
{
	uint64_t seconds;

	if (!ends_duration(text, size, &seconds) && seconds)
		list_ends_at(reader, reader->options->now_s + (int64_t)seconds);
}

uint32_t list_take_end(struct list_reader *reader)
{
	uint32_t end = reader->end;

	reader->report->timed += end != 0;
	reader->end = 0;
	return end;
}

bool list_has_ended(struct list_reader *reader)
{
	bool ended = reader->ended;

	if (ended) {
		reader->ended = false;
		reader->end = 0;
		list_skip(reader);
	}
	return ended;
}

void list_take_prefix(struct list_reader *reader, size_t number, const char *text, size_t size)
{
	char reason[LIST_REASON_SIZE];
	struct prefix prefix;

	if (list_has_ended(reader))
		return;
	if (list_parse_prefix(reader, text, size, &prefix, reason) ||
	    list_check_prefix(reader, &prefix, reason)) {
		list_refuse(reader, number, "%s", reason);
		return;
	}
	reader->report->lines++;
	reader->report->taken++;
	if (ranges_add_prefix(reader->ranges, &prefix, list_take_end(reader)))
		reader->error = -ENOMEM;
}

void list_take_range(struct list_reader *reader, size_t number, const char *first,
		     size_t first_size, const char *last, size_t last_size)
{
	char reason[LIST_REASON_SIZE];
	size_t count4 = reader->ranges->count4, count6 = reader->ranges->count6;
	int error;

	if (list_has_ended(reader))
		return;
	error = list_parse_range(reader, first, first_size, last, last_size, true, reader->ranges,
				 reason);
	if (error == -ENOMEM) {
		reader->error = error;
	} else if (error) {
		list_refuse(reader, number, "%s", reason);
	} else {
		uint32_t end = list_take_end(reader);

		reader->report->lines++;
		reader->report->taken++;
		for (; count4 < reader->ranges->count4; count4++)
			reader->ranges->v4[count4].value = end;
		for (; count6 < reader->ranges->count6; count6++)
			reader->ranges->v6[count6].value = end;
	}
}

void list_take_entry(struct list_reader *reader, size_t number, const char *text, size_t size)
{
	const char *dash = memchr(text, '-', size);

	if (dash)
		list_take_range(reader, number, text, (size_t)(dash - text), dash + 1,
				size - (size_t)(dash + 1 - text));
	else
		list_take_prefix(reader, number, text, size);
}
