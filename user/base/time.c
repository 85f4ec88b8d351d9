// SPDX-License-Identifier: GPL-2.0-or-later
/* See time.h. Pure, except for the two clocks at the end. */
#include "base/time.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LONGEST_S (100ULL * 366 * 86400)

static uint64_t unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 7 * 86400;
	default:
		return 0;
	}
}

/* Reads the digits at *text, at most 12, and moves *text behind them. */
static bool read_number(const char **text, uint64_t *number)
{
	const char *begin = *text;

	for (*number = 0; isdigit((unsigned char)**text) && *text - begin < 13; (*text)++)
		*number = *number * 10 + (uint64_t)(**text - '0');
	return *text > begin && *text - begin < 13;
}

int duration_parse(const char *text, uint64_t *seconds)
{
	uint64_t total = 0;

	if (!*text)
		return -EINVAL;
	while (*text) {
		uint64_t number, unit;

		if (!read_number(&text, &number))
			return -EINVAL;
		unit = unit_seconds(*text);
		if (!unit)
			return -EINVAL;
		text++;
		if (number > LONGEST_S / unit)
			return -ERANGE;
		total += number * unit;
	}
	if (!total || total > LONGEST_S)
		return -ERANGE;
	*seconds = total;
	return 0;
}

void duration_format(uint64_t seconds, char text[TIME_TEXT_SIZE])
{
	static const char units[] = "dhms";
	size_t used = 0;

	text[0] = '\0';
	for (const char *unit = units; *unit; unit++) {
		uint64_t each = unit_seconds(*unit);

		if (seconds < each)
			continue;
		used += (size_t)snprintf(text + used, TIME_TEXT_SIZE - used, "%" PRIu64 "%c",
					 seconds / each, *unit);
		seconds %= each;
	}
	if (!used)
		snprintf(text, TIME_TEXT_SIZE, "0s");
}

int rate_parse(const char *text, uint64_t *interval_ns)
{
	uint64_t count, unit;

	if (!read_number(&text, &count) || *text++ != '/')
		return -EINVAL;
	unit = unit_seconds(*text);
	if (!unit || text[1])
		return -EINVAL;
	if (!count || count > unit * NS_PER_S / 1000)
		return -ERANGE;
	*interval_ns = unit * NS_PER_S / count;
	return 0;
}

int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
	/* Years from March, so that the leap day is the last; eras of 400 years are equal. */
	int64_t shifted = month <= 2 ? year - 1 : year;
	int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int64_t year_of_era = shifted - era * 400;
	int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

/* Writes `digits` digits of the number; returns their end. */
static char *put_digits(char *out, unsigned digits, int64_t number)
{
	for (unsigned i = digits; i--; number /= 10)
		out[i] = (char)('0' + number % 10);
	return out + digits;
}

/* Writes "2026-11-21" `between` "10:00:00.123456"; returns the end. strftime() is too slow: each
 * line of `parse --json` has a time. */
static char *put_time(char *text, const struct tm *tm, char between, int64_t fraction)
{
	text = put_digits(text, 4, tm->tm_year + 1900);
	*text++ = '-';
	text = put_digits(text, 2, tm->tm_mon + 1);
	*text++ = '-';
	text = put_digits(text, 2, tm->tm_mday);
	*text++ = between;
	text = put_digits(text, 2, tm->tm_hour);
	*text++ = ':';
	text = put_digits(text, 2, tm->tm_min);
	*text++ = ':';
	text = put_digits(text, 2, tm->tm_sec);
	if (fraction / 1000) {
		*text++ = '.';
		text = put_digits(text, 6, fraction / 1000);
	}
	*text = '\0';
	return text;
}

/* Returns the whole seconds, and *fraction in nanoseconds, also for times before 1970. */
static time_t whole_seconds(int64_t wall_ns, int64_t *fraction)
{
	int64_t seconds = wall_ns / NS_PER_S;

	*fraction = wall_ns % NS_PER_S;
	if (*fraction < 0) {
		*fraction += NS_PER_S;
		seconds--;
	}
	return (time_t)seconds;
}

/* As gmtime_r(), which is called only once for each day: most lines of a log are of one day. */
static void put_day(time_t seconds, struct tm *tm)
{
	static _Thread_local struct {
		bool known;
		time_t begin;
		struct tm tm;
	} day;
	time_t rest = seconds % 86400 + (seconds % 86400 < 0 ? 86400 : 0);

	if (!day.known || day.begin != seconds - rest) {
		day.begin = seconds - rest;
		day.known = gmtime_r(&day.begin, &day.tm);
	}
	*tm = day.tm;
	tm->tm_hour = (int)(rest / 3600);
	tm->tm_min = (int)(rest / 60 % 60);
	tm->tm_sec = (int)(rest % 60);
}

void time_format(int64_t wall_ns, char text[TIME_TEXT_SIZE])
{
	int64_t fraction;
	time_t seconds = whole_seconds(wall_ns, &fraction);
	struct tm tm;

	put_day(seconds, &tm);
	text = put_time(text, &tm, 'T', fraction);
	*text++ = 'Z';
	*text = '\0';
}

/* --utc: the one option that every text needs. */
static bool shows_utc;

void time_show_utc(void)
{
	shows_utc = true;
}

void time_show(int64_t wall_ns, char text[TIME_TEXT_SIZE])
{
	int64_t fraction;
	time_t seconds = whole_seconds(wall_ns, &fraction);
	struct tm tm;

	if (shows_utc || !localtime_r(&seconds, &tm) || !strcmp(tm.tm_zone, "UTC"))
		time_format(wall_ns, text);
	else
		put_time(text, &tm, ' ', fraction);
}

/* Reads `digits` digits at text[*at] as a number within [low, high]. */
static bool read_field(const char *text, size_t size, size_t *at, unsigned digits, unsigned low,
		       unsigned high, unsigned *value)
{
	*value = 0;
	if (size - *at < digits)
		return false;
	for (unsigned i = 0; i < digits; i++, (*at)++) {
		if (!isdigit((unsigned char)text[*at]))
			return false;
		*value = *value * 10 + (unsigned)(text[*at] - '0');
	}
	return *value >= low && *value <= high;
}

static bool read_char(const char *text, size_t size, size_t *at, const char *any)
{
	if (*at >= size || !text[*at] || !strchr(any, text[*at]))
		return false;
	(*at)++;
	return true;
}

/* Reads ".123456789": any number of digits, of which nanoseconds are kept. */
static bool read_fraction(const char *text, size_t size, size_t *at, int64_t *ns)
{
	int64_t scale = NS_PER_S / 10;
	size_t begin;

	*ns = 0;
	if (!read_char(text, size, at, "."))
		return true;
	begin = *at;
	for (; *at < size && isdigit((unsigned char)text[*at]); (*at)++, scale /= 10)
		*ns += (text[*at] - '0') * scale;
	return *at > begin;
}

static bool date_exists(unsigned year, unsigned month, unsigned day)
{
	/* The day after the month's last one is the first of the next. */
	unsigned next_year = month == 12 ? year + 1 : year, next_month = month % 12 + 1;

	return days_from_civil(year, month, day) < days_from_civil(next_year, next_month, 1);
}

static bool read_offset(const char *text, size_t size, size_t *at, int64_t *seconds)
{
	unsigned hours, minutes;
	char sign;

	*seconds = 0;
	if (read_char(text, size, at, "Zz"))
		return true;
	if (*at >= size)
		return false;
	sign = text[*at];
	if (!read_char(text, size, at, "+-") || !read_field(text, size, at, 2, 0, 23, &hours))
		return false;
	read_char(text, size, at, ":");
	if (!read_field(text, size, at, 2, 0, 59, &minutes))
		return false;
	*seconds = (sign == '-' ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60);
	return true;
}

int time_parse(const char *text, size_t size, int64_t *wall_ns, size_t *used)
{
	unsigned year, month, day, hour, minute, second;
	int64_t fraction, offset;
	size_t at = 0;

	if (!read_field(text, size, &at, 4, 1970, 2200, &year) ||
	    !read_char(text, size, &at, "-") || !read_field(text, size, &at, 2, 1, 12, &month) ||
	    !read_char(text, size, &at, "-") || !read_field(text, size, &at, 2, 1, 31, &day) ||
	    !date_exists(year, month, day) || !read_char(text, size, &at, "Tt ") ||
	    !read_field(text, size, &at, 2, 0, 23, &hour) || !read_char(text, size, &at, ":") ||
	    !read_field(text, size, &at, 2, 0, 59, &minute) || !read_char(text, size, &at, ":") ||
	    !read_field(text, size, &at, 2, 0, 60, &second) ||
	    !read_fraction(text, size, &at, &fraction) || !read_offset(text, size, &at, &offset))
		return -EINVAL;
	*wall_ns = (days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second -
		    offset) *
			   NS_PER_S +
		   fraction;
	if (used)
		*used = at;
	return 0;
}

int time_read(const char *text, int64_t *wall_ns)
{
	char as_utc[TIME_TEXT_SIZE];
	size_t used;
	time_t seconds;
	struct tm tm;

	if (!time_parse(text, strlen(text), wall_ns, &used))
		return text[used] ? -EINVAL : 0;
	if (snprintf(as_utc, sizeof(as_utc), "%sZ", text) >= TIME_TEXT_SIZE ||
	    time_parse(as_utc, strlen(as_utc), wall_ns, &used) || as_utc[used])
		return -EINVAL;
	if (shows_utc)
		return 0;
	seconds = (time_t)(*wall_ns / NS_PER_S);
	gmtime_r(&seconds, &tm);
	tm.tm_isdst = -1; /* the zone's own rules decide */
	*wall_ns = mktime(&tm) * NS_PER_S + *wall_ns % NS_PER_S;
	return 0;
}

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t clock_boot_ns(void)
{
	return (uint64_t)read_clock(CLOCK_BOOTTIME);
}
