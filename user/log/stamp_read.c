// SPDX-License-Identifier: GPL-2.0-or-later
/* The shapes of time stamps; see stamp.h. Pure; reads no number. */
#include "log/stamp.h"

#include <ctype.h>

#define SIZE_WITH_NS 29 /* "2026-11-21 10:00:00.123456789" */

static inline uint64_t eight(const char *at)
{
	uint64_t bytes;

	memcpy(&bytes, at, sizeof(bytes));
	return bytes;
}

/* Whether eight bytes match `shape`: its 0 stands for any digit, its NUL for anything. All bytes
 * are compared at once, since this is done for each line. `kept` has the bits that must be equal.
 * Adding `six` changes these bits of 0x3a to 0x3f, which are no digits, and never carries into the
 * next byte. */
static inline bool has_shape(const char *at, const char *shape, const char *kept, const char *six)
{
	return (eight(at) & eight(kept)) == eight(shape) &&
	       ((eight(at) + eight(six)) & eight(kept)) == eight(shape);
}

static bool digits(struct span line, size_t at, size_t count)
{
	if (at + count > line.size)
		return false;
	for (size_t i = at; i < at + count; i++)
		if (line.at[i] < '0' || line.at[i] > '9')
			return false;
	return true;
}

static bool is_char(struct span line, size_t at, char c)
{
	return at < line.size && line.at[at] == c;
}

static size_t end_of_digits(struct span line, size_t at)
{
	if (at + 8 <= line.size &&
	    has_shape(line.at + at, "00000000", "\xf0\xf0\xf0\xf0\xf0\xf0\xf0\xf0",
		      "\6\6\6\6\6\6\6\6"))
		at += 8;
	while (at < line.size && line.at[at] >= '0' && line.at[at] <= '9')
		at++;
	return at;
}

/* The end of "10:00:00", perhaps with ".123456" or ",123", or 0. */
static size_t end_of_time(struct span line, size_t at)
{
	if (at + 8 > line.size ||
	    !has_shape(line.at + at, "00:00:00", "\xf0\xf0\xff\xf0\xf0\xff\xf0\xf0",
		       "\6\6\0\6\6\0\6\6"))
		return 0;
	at += 8;
	if ((is_char(line, at, '.') || is_char(line, at, ',')) && digits(line, at + 1, 1))
		at = end_of_digits(line, at + 1);
	return at;
}

/* The end of "Z", "+09:00", "+0900", "+09", also behind a blank, and of " UTC"; `at` if there is
 * none. */
static size_t end_of_offset(struct span line, size_t at)
{
	size_t from = at + is_char(line, at, ' ');

	if (from == at && (is_char(line, at, 'Z') || is_char(line, at, 'z')))
		return at + 1;
	if (from > at && from + 4 <= line.size && line.at[from + 3] == ' ' &&
	    (!memcmp(line.at + from, "UTC", 3) || !memcmp(line.at + from, "GMT", 3)))
		return from + 3;
	if ((!is_char(line, from, '+') && !is_char(line, from, '-')) || !digits(line, from + 1, 2))
		return at;
	if (digits(line, from + 3, 2))
		return from + 5;
	if (is_char(line, from + 3, ':') && digits(line, from + 4, 2))
		return from + 6;
	return from == at || is_char(line, from + 3, ' ') ? from + 3 : at;
}

/* Takes [begin, end) of *line as the stamp. It must be followed by a blank (by two in the logs of
 * some supervisors, which write nanoseconds), or end the line. */
static bool take(struct span *line, size_t begin, size_t end, struct stamp *stamp)
{
	size_t next = end;

	if (next + 1 < line->size && (line->at[next] == ':' || line->at[next] == ',') &&
	    line->at[next + 1] == ' ' && stamp->kind != STAMP_YEARLESS)
		next++;
	if (next < line->size && line->at[next] != ' ')
		return false;
	stamp->text = span_cut(*line, begin, end);
	*line = span_from(*line, next + (next < line->size));
	if (stamp->kind == STAMP_DATE && !stamp->zoned && end - begin == SIZE_WITH_NS)
		span_skip(line, " ");
	return true;
}

/* Whether " 2026 " is there. */
static bool year_at(struct span line, size_t at)
{
	return is_char(line, at, ' ') &&
	       (is_char(line, at + 1, '1') || is_char(line, at + 1, '2')) &&
	       digits(line, at + 2, 3) && is_char(line, at + 5, ' ');
}

/* "Nov 21 10:00:00", "Nov  1 ...", "Nov 1 ...", with a fraction, and with " UTC"; "Nov 21 2026
 * 10:00:00", "Nov 21 10:00:00 2026" */
static bool read_yearless(struct span *line, struct stamp *stamp)
{
	const char *at = line->at;
	size_t day = 4, end, offset;
	bool zoned, yeared;

	if (line->size < 14 || at[3] != ' ' || at[0] < 'A' || at[0] > 'S')
		return false;
	/* The form of nearly all stamps. */
	if (line->size > 15 && at[6] == ' ' && at[9] == ':' && at[12] == ':' && at[15] == ' ' &&
	    isdigit((unsigned char)at[5]) && isdigit((unsigned char)at[8]) &&
	    (line->size < 21 ||
	     (at[16] != '+' && at[16] != '-' && at[19] != ' ' && at[20] != ' '))) {
		*stamp = (struct stamp){ STAMP_YEARLESS, false, span_cut(*line, 0, 15), false };
		*line = span_from(*line, 16);
		return true;
	}
	if (is_char(*line, day, ' '))
		day++;
	if (!digits(*line, day, 1))
		return false;
	while (day < 6 && digits(*line, day, 1))
		day++;
	if (!is_char(*line, day, ' '))
		return false;
	yeared = year_at(*line, day);
	end = end_of_time(*line, day + 1 + (yeared ? 5 : 0));
	if (!end)
		return false;
	offset = end_of_offset(*line, end);
	zoned = offset > end;
	if (!yeared && !zoned && year_at(*line, end)) {
		yeared = true;
		offset += 5;
	}
	*stamp = (struct stamp){ .kind = STAMP_YEARLESS, .zoned = zoned, .yeared = yeared };
	return take(line, 0, offset, stamp);
}

/* "11月 21 10:00:00" */
static bool read_numbered_month(struct span *line, struct stamp *stamp)
{
	size_t day = stamp_month_size(line->at), end;

	if (!day || !is_char(*line, day, ' ') || !digits(*line, day + 1, 2) ||
	    !is_char(*line, day + 3, ' '))
		return false;
	end = end_of_time(*line, day + 4);
	*stamp = (struct stamp){ .kind = STAMP_YEARLESS };
	return end && take(line, 0, end, stamp);
}

/* Where a date with its time ends, or 0: "2026-11-21T10:00:00", "2026/11/21 10:00:00",
 * "30/Nov/2017:08:20:44", "28-Nov-2026 13:00:07". */
static size_t end_of_date(struct span line, enum stamp_kind *kind)
{
	const char *at = line.at;

	if (line.size < 19)
		return 0;
	if ((at[4] == '-' || at[4] == '/') && at[7] == at[4]) {
		*kind = STAMP_DATE;
		return has_shape(at,
				 "0000\0"
				 "00\0",
				 "\xf0\xf0\xf0\xf0\0\xf0\xf0\0", "\6\6\6\6\0\6\6\0") &&
				       digits(line, 8, 2) &&
				       (at[10] == 'T' || at[10] == 't' || at[10] == ' ' ||
					at[10] == ':' || at[10] == '_')
			       ? end_of_time(line, 11)
			       : 0;
	}
	if (!digits(line, 0, 2) || (at[2] != '/' && at[2] != '-') || at[6] != at[2] ||
	    !digits(line, 7, 4) || (at[11] != ':' && at[11] != ' '))
		return 0;
	*kind = STAMP_CLF;
	return end_of_time(line, 12);
}

/* Reads a date in brackets or without. */
static bool read_date(struct span *line, struct stamp *stamp)
{
	size_t open = is_char(*line, 0, '['), end, offset;
	struct span inside = span_from(*line, open), rest = *line;
	enum stamp_kind kind = STAMP_NONE;

	end = end_of_date(inside, &kind);
	if (!end)
		return false;
	offset = end_of_offset(inside, end);
	*stamp = (struct stamp){ .kind = kind, .zoned = offset > end };
	if (!open)
		return take(line, 0, offset, stamp);
	if (!is_char(inside, offset, ']'))
		return false;
	stamp->text = span_cut(inside, 0, offset);
	rest = span_from(inside, offset + 1);
	if (rest.size && (rest.at[0] == ',' || rest.at[0] == ':'))
		rest = span_from(rest, 1);
	span_skip(&rest, " ");
	*line = rest;
	return true;
}

/* Reads "Fri 2026-11-20 10:00:01 UTC ", "Fri Nov 20 10:00:00 "; zones other than UTC are local. */
static bool read_weekday(struct span *line, struct stamp *stamp)
{
	static const char names[] = "MonTueWedThuFriSatSun";
	struct span rest = *line;
	size_t size = 0;

	for (size_t day = 0; day < 7; day++)
		if (!memcmp(names + 3 * day, rest.at, 3))
			size = 3;
	if (!size)
		return false;
	size += rest.at[size] == ',';
	if (!is_char(rest, size, ' '))
		return false;
	rest = span_from(rest, size + 1);
	if (!read_date(&rest, stamp) && !read_yearless(&rest, stamp))
		return false;
	if (stamp->kind == STAMP_DATE && !stamp->zoned) {
		for (size = 0;
		     size < rest.size && size < 6 && rest.at[size] >= 'A' && rest.at[size] <= 'Z';)
			size++;
		if (size > 1 && is_char(rest, size, ' '))
			rest = span_from(rest, size + 1);
	}
	*line = rest;
	return true;
}

/* "@4000000065a0b0c01dcd6500 " (multilog) */
static bool read_tai64n(struct span *line, struct stamp *stamp)
{
	if (line->size < 26 || line->at[25] != ' ')
		return false;
	for (size_t i = 1; i < 25; i++)
		if (!isxdigit((unsigned char)line->at[i]))
			return false;
	*stamp = (struct stamp){ .kind = STAMP_TAI64N, .zoned = true };
	return take(line, 0, 25, stamp);
}

/* "1795255200.123456 ", also without the fraction */
static bool read_unix(struct span *line, struct stamp *stamp)
{
	size_t end = 10;

	if (!digits(*line, 0, 10))
		return false;
	if (is_char(*line, end, '.') && digits(*line, end + 1, 1))
		end = end_of_digits(*line, end + 1);
	*stamp = (struct stamp){ .kind = STAMP_UNIX, .zoned = true };
	return end < 21 && take(line, 0, end, stamp);
}

/* Reads "2026-11-21T10:00:00.123456789Z ", the form of nearly all stamps with a zone. False: it may
 * be another form. */
static inline bool read_usual_date(struct span *line, struct stamp *stamp)
{
	const char *at = line->at;
	size_t end = 20;

	if (line->size < 21 ||
	    !has_shape(at, "0000-00-", "\xf0\xf0\xf0\xf0\xff\xf0\xf0\xff", "\6\6\6\6\0\6\6\0") ||
	    !has_shape(at + 8, "00T00:00", "\xf0\xf0\xff\xf0\xf0\xff\xf0\xf0",
		       "\6\6\0\6\6\0\6\6") ||
	    !has_shape(at + 11, "00:00:00", "\xf0\xf0\xff\xf0\xf0\xff\xf0\xf0",
		       "\6\6\0\6\6\0\6\6") ||
	    at[19] != '.')
		return false;
	end = end_of_digits(*line, end);
	if (end == 20 || end >= line->size || at[end++] != 'Z' ||
	    (end < line->size && (at[end] != ' ' || end + 1 == line->size || at[end + 1] == ' ')))
		return false;
	*stamp = (struct stamp){ STAMP_DATE, true, span_cut(*line, 0, end), false };
	*line = span_from(*line, end + (end < line->size));
	return true;
}

bool stamp_read(struct span *line, struct stamp *stamp)
{
	if (line->size < 14)
		return false;
	if (line->at[0] == '@')
		return read_tai64n(line, stamp);
	if (line->at[0] == '[' || (line->at[0] >= '0' && line->at[0] <= '9'))
		return read_usual_date(line, stamp) || read_date(line, stamp) ||
		       read_unix(line, stamp) || read_numbered_month(line, stamp);
	if (line->at[0] == ' ')
		return read_numbered_month(line, stamp);
	return read_yearless(line, stamp) || read_weekday(line, stamp);
}
