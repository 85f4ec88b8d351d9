// SPDX-License-Identifier: GPL-2.0-or-later
/* Converts time stamps of log lines to wall_ns; see stamp.h. */
#include "log/stamp.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include "base/time.h"

/* A stamp this far ahead of the reference still belongs to its year: the log has another time zone,
 * its clock is ahead, or the line was written while the file is read. */
#define AHEAD_S 86400

/* Lines of several processes are not exactly in order; a step back of up to this is no hour that
 * clocks repeat. */
#define BACK_S 300

struct fields {
	unsigned year, month, day, hour, minute, second; /* year 0: there is none */
	int64_t ns, offset_s;
};

struct stamp_cursor {
	const char *at, *end;
};

static bool number(struct stamp_cursor *cursor, unsigned width, unsigned *value)
{
	*value = 0;
	if ((size_t)(cursor->end - cursor->at) < width)
		return false;
	for (; width; width--, cursor->at++) {
		unsigned digit = (unsigned)*cursor->at - '0';

		if (digit > 9)
			return false;
		*value = *value * 10 + digit;
	}
	return true;
}

static bool skip(struct stamp_cursor *cursor, size_t size)
{
	if ((size_t)(cursor->end - cursor->at) < size)
		return false;
	cursor->at += size;
	return true;
}

static bool month(struct stamp_cursor *cursor, unsigned *value)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	size_t size;

	if (cursor->end - cursor->at < 3)
		return false;
	size = cursor->end - cursor->at < 6 ? 0 : stamp_month_size(cursor->at);
	if (size) {
		bool blank = *cursor->at == ' ';

		cursor->at += blank;
		return number(cursor, (unsigned)(size - 3 - blank), value) && skip(cursor, 3);
	}
	for (*value = 1; *value <= 12; ++*value)
		if (!memcmp(names + (*value - 1) * 3, cursor->at, 3)) {
			cursor->at += 3;
			return true;
		}
	return false;
}

/* "10:00:00.123456" */
static bool time_of_day(struct stamp_cursor *cursor, struct fields *fields)
{
	int64_t scale = NS_PER_S / 10;

	if (!number(cursor, 2, &fields->hour) || !skip(cursor, 1) ||
	    !number(cursor, 2, &fields->minute) || !skip(cursor, 1) ||
	    !number(cursor, 2, &fields->second))
		return false;
	if (cursor->at < cursor->end && (*cursor->at == '.' || *cursor->at == ','))
		for (cursor->at++; cursor->at < cursor->end && isdigit((unsigned char)*cursor->at);
		     cursor->at++, scale /= 10)
			fields->ns += (*cursor->at - '0') * scale;
	return fields->hour < 24 && fields->minute < 60 && fields->second <= 60;
}

/* Reads "+09:00", "+0900", "+09"; any other zone is UTC. */
static bool offset(struct stamp_cursor *cursor, struct fields *fields)
{
	unsigned hours, minutes = 0;
	bool west;

	if (cursor->at < cursor->end && *cursor->at == ' ')
		cursor->at++;
	if (cursor->at == cursor->end || (*cursor->at != '+' && *cursor->at != '-'))
		return true;
	west = *cursor->at++ == '-';
	if (!number(cursor, 2, &hours))
		return false;
	if (cursor->at < cursor->end && *cursor->at == ':')
		cursor->at++;
	if (cursor->at < cursor->end && !number(cursor, 2, &minutes))
		return false;
	fields->offset_s = (west ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60);
	return hours < 24 && minutes < 60;
}

static bool read_fields(const struct stamp *stamp, struct fields *fields)
{
	struct stamp_cursor cursor = { stamp->text.at, stamp->text.at + stamp->text.size };
	bool right;

	*fields = (struct fields){ 0 };
	if (stamp->kind == STAMP_YEARLESS) {
		right = month(&cursor, &fields->month) && skip(&cursor, 1);
		while (right && cursor.at < cursor.end && *cursor.at == ' ')
			cursor.at++;
		while (right && cursor.at < cursor.end && isdigit((unsigned char)*cursor.at))
			fields->day = fields->day * 10 + (unsigned)(*cursor.at++ - '0');
		if (right && stamp->yeared && cursor.end - cursor.at > 5 && cursor.at[5] == ' ')
			right = skip(&cursor, 1) && number(&cursor, 4, &fields->year);
	} else if (stamp->kind == STAMP_CLF) {
		right = number(&cursor, 2, &fields->day) && skip(&cursor, 1) &&
			month(&cursor, &fields->month) && skip(&cursor, 1) &&
			number(&cursor, 4, &fields->year);
	} else {
		right = number(&cursor, 4, &fields->year) && skip(&cursor, 1) &&
			number(&cursor, 2, &fields->month) && skip(&cursor, 1) &&
			number(&cursor, 2, &fields->day);
	}
	right = right && skip(&cursor, 1) && time_of_day(&cursor, fields);
	if (right && stamp->yeared && !fields->year)
		return skip(&cursor, 1) && number(&cursor, 4, &fields->year);
	return right && (!stamp->zoned || offset(&cursor, fields));
}

static bool day_exists(unsigned year, unsigned month_of_year, unsigned day)
{
	unsigned next = month_of_year % 12 + 1;

	return month_of_year >= 1 && month_of_year <= 12 && day >= 1 &&
	       days_from_civil(year, month_of_year, day) <
		       days_from_civil(year + (next == 1), next, 1);
}

/* The beginning of the hour, as a clock shows it; -EINVAL if there is no such day. */
static int64_t local_hour(const struct fields *fields, unsigned year)
{
	if (year < 1970 || year > 2200 || !day_exists(year, fields->month, fields->day))
		return -EINVAL;
	return days_from_civil(year, fields->month, fields->day) * 86400 + fields->hour * 3600;
}

/* The hour in the latest year that puts it at most AHEAD_S after the reference. */
static int64_t nearest_hour(const struct stamps *stamps, const struct fields *fields)
{
	time_t most = stamps->reference_wall_ns / NS_PER_S + AHEAD_S;
	struct tm utc;
	unsigned year;

	if (!gmtime_r(&most, &utc) || utc.tm_year < 72)
		return -EINVAL;
	/* Zones are at most a day away from UTC. The last 29 February may be eight years back. */
	year = (unsigned)utc.tm_year + 1900 + 1;
	for (unsigned back = 0; back <= 9; back++) {
		int64_t local_s = local_hour(fields, year - back), other, at;

		if (local_s < 0)
			continue;
		at = zone_convert(stamps->zone, local_s, &other);
		if (at <= most)
			return local_s;
	}
	return -EINVAL;
}

/* Chooses one of two hours with one name: in a live log the one nearer to now, else the one that
 * continues from the line before. */
static int64_t choose(const struct stamps *stamps, int64_t within_s)
{
	int64_t first_s = stamps->first_s + within_s, second_s = stamps->second_s + within_s;
	int64_t now_s = stamps->reference_wall_ns / NS_PER_S;

	if (first_s == second_s)
		return first_s;
	if (stamps->live || !stamps->last_wall_ns)
		return llabs(first_s - now_s) <= llabs(second_s - now_s) ? first_s : second_s;
	return first_s >= stamps->last_wall_ns / NS_PER_S - BACK_S ? first_s : second_s;
}

static int64_t convert_local(struct stamps *stamps, const struct fields *fields)
{
	int64_t hour =
		((fields->year * 16L + fields->month) * 32 + fields->day) * 32 + fields->hour + 1;
	int64_t seconds;

	if (stamps->hour != hour) {
		int64_t local_s = fields->year ? local_hour(fields, fields->year)
					       : nearest_hour(stamps, fields);

		if (local_s < 0)
			return 0;
		stamps->first_s = zone_convert(stamps->zone, local_s, &stamps->second_s);
		stamps->hour = hour;
	}
	seconds = choose(stamps, fields->minute * 60L + fields->second);
	return seconds < 0 ? 0 : seconds * NS_PER_S + fields->ns;
}

/* Converts a stamp that names its zone. If it has no year, it gets the one that the same stamp
 * without a zone would get. */
static int64_t convert_zoned(const struct stamps *stamps, const struct fields *fields)
{
	int64_t local_s = fields->year ? local_hour(fields, fields->year)
				       : nearest_hour(stamps, fields);

	if (local_s < 0)
		return 0;
	local_s += fields->minute * 60L + fields->second - fields->offset_s;
	return local_s < 0 ? 0 : local_s * NS_PER_S + fields->ns;
}

/* Converts "@" and 16 digits, 2^62 + TAI seconds, and 8 digits of nanoseconds. libtai's clocks are
 * TAI-10. */
static int64_t convert_tai64n(const char *at)
{
	uint64_t seconds = 0, ns = 0;

	for (unsigned i = 1; i < 25; i++) {
		unsigned digit = (unsigned)(isdigit((unsigned char)at[i])
						    ? at[i] - '0'
						    : tolower((unsigned char)at[i]) - 'a' + 10);

		if (i < 17)
			seconds = seconds << 4 | digit;
		else
			ns = ns << 4 | digit;
	}
	seconds -= (1ULL << 62) + 10;
	if (seconds > INT64_MAX / NS_PER_S - 1 || ns >= NS_PER_S)
		return 0;
	return (int64_t)(seconds * NS_PER_S + ns);
}

/* "1795255200.123456", "1795255200" */
static int64_t convert_unix(struct span text)
{
	struct stamp_cursor cursor = { text.at, text.at + text.size };
	int64_t scale = NS_PER_S / 10, ns = 0;
	unsigned high, low;

	if (!number(&cursor, 5, &high) || !number(&cursor, 5, &low))
		return 0;
	for (skip(&cursor, 1); cursor.at < cursor.end; cursor.at++, scale /= 10)
		ns += (*cursor.at - '0') * scale;
	return (high * 100000L + low) * NS_PER_S + ns;
}

static int64_t convert(struct stamps *stamps, const struct stamp *stamp)
{
	struct fields fields;

	switch (stamp->kind) {
	case STAMP_YEARLESS:
	case STAMP_DATE:
	case STAMP_CLF:
		if (!read_fields(stamp, &fields))
			return 0;
		return stamp->zoned ? convert_zoned(stamps, &fields)
				    : convert_local(stamps, &fields);
	case STAMP_TAI64N:
		return convert_tai64n(stamp->text.at);
	case STAMP_UNIX:
		return convert_unix(stamp->text);
	case STAMP_NONE:
		break;
	}
	return 0;
}

int64_t stamps_convert(struct stamps *stamps, const struct stamp *stamp)
{
	int64_t wall_ns = convert(stamps, stamp);

	if (!wall_ns)
		return 0;
	stamps->last_wall_ns = wall_ns;
	if (stamp->kind == STAMP_YEARLESS && !stamp->yeared && wall_ns > stamps->reference_wall_ns)
		stamps->reference_wall_ns = wall_ns;
	return wall_ns;
}
