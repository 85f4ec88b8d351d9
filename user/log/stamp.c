// SPDX-License-Identifier: GPL-2.0-or-later
/* Time stamps of log lines -> wall_ns; see envelope.h. Local time is that of the process's TZ. */
#include "log/envelope.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include "base/time.h"

/* A stamp this far behind the reference still belongs to its year: another time zone's log, a
 * clock that is ahead, lines written while the file is read. */
#define AHEAD_S 86400

static bool two_digits(const char *at, unsigned most, unsigned *value)
{
	if ((at[0] != ' ' && !isdigit((unsigned char)at[0])) || !isdigit((unsigned char)at[1]))
		return false;
	*value = (at[0] == ' ' ? 0 : (unsigned)(at[0] - '0') * 10) + (unsigned)(at[1] - '0');
	return *value <= most;
}

static int month_of(const char *at)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (size_t month = 0; month < 12; month++)
		if (!memcmp(names + month * 3, at, 3))
			return (int)month;
	return -1;
}

/* Seconds since 1970 of a local hour; -EINVAL where there is no such day. */
static int64_t local_hour(int year, int month, unsigned day, unsigned hour)
{
	struct tm local = { .tm_year = year - 1900,
			    .tm_mon = month,
			    .tm_mday = (int)day,
			    .tm_hour = (int)hour,
			    .tm_isdst = -1 };
	time_t seconds = mktime(&local);

	return local.tm_mon == month && seconds > 0 ? seconds : -EINVAL;
}

static int64_t nearest_hour(int64_t reference_s, int month, unsigned day, unsigned hour)
{
	time_t most = reference_s + AHEAD_S;
	struct tm local;
	int year;

	if (!localtime_r(&most, &local))
		return -EINVAL;
	year = local.tm_year + 1900;
	/* 29 February may lie eight years back. */
	for (int back = 0; back <= 8; back++) {
		int64_t seconds = local_hour(year - back, month, day, hour);

		if (seconds >= 0 && seconds <= most)
			return seconds;
	}
	return -EINVAL;
}

/* "Nov 21 10:00:00" */
static int64_t convert_yearless(struct stamps *stamps, const char *at)
{
	unsigned day, hour, minute, second;
	int64_t seconds;

	if (!two_digits(at + 4, 31, &day) || !two_digits(at + 7, 23, &hour) ||
	    !two_digits(at + 10, 59, &minute) || !two_digits(at + 13, 60, &second))
		return 0;
	if (memcmp(stamps->hour, at, 9) != 0) {
		int month = month_of(at);
		int64_t base = month < 0 || !day
				       ? -EINVAL
				       : nearest_hour(stamps->reference_wall_ns / NS_PER_S, month,
						      day, hour);

		if (base < 0)
			return 0;
		stamps->base_s = base;
		memcpy(stamps->hour, at, 9);
	}
	seconds = stamps->base_s + (int64_t)minute * 60 + second;
	if (seconds * NS_PER_S > stamps->reference_wall_ns)
		stamps->reference_wall_ns = seconds * NS_PER_S;
	return seconds * NS_PER_S;
}

/* Local time: the stamp has no offset. */
static int64_t convert_local(struct span stamp)
{
	char utc[48];
	int64_t wall_ns, seconds;
	struct tm local;
	time_t as_utc;

	if (stamp.size >= sizeof(utc) - 1)
		return 0;
	memcpy(utc, stamp.at, stamp.size);
	utc[stamp.size] = 'Z';
	if (time_parse(utc, stamp.size + 1, &wall_ns, NULL))
		return 0;
	as_utc = wall_ns / NS_PER_S;
	if (!gmtime_r(&as_utc, &local))
		return 0;
	local.tm_isdst = -1;
	seconds = mktime(&local);
	return seconds < 0 ? 0 : seconds * NS_PER_S + wall_ns % NS_PER_S;
}

static int64_t convert_date(struct span stamp)
{
	int64_t wall_ns;
	size_t used;

	if (!time_parse(stamp.at, stamp.size, &wall_ns, &used))
		return used == stamp.size ? wall_ns : 0;
	return convert_local(stamp);
}

/* "30/Nov/2017:08:20:44", perhaps " +0900" behind it. */
static int64_t convert_clf(struct span stamp)
{
	int month = month_of(stamp.at + 3);
	char date[32];

	if (month < 0)
		return 0;
	snprintf(date, sizeof(date), "%.4s-%02d-%.2sT%.8s%.3s%s%.2s", stamp.at + 7, month + 1,
		 stamp.at, stamp.at + 12, stamp.size > 25 ? stamp.at + 21 : "",
		 stamp.size > 25 ? ":" : "", stamp.size > 25 ? stamp.at + 24 : "");
	return convert_date(span_of(date));
}

/* "@" 16 digits: 2^62 + TAI seconds, 8 digits: nanoseconds. libtai's clocks are TAI-10. */
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

int64_t stamps_convert(struct stamps *stamps, const struct envelope *envelope)
{
	switch (envelope->stamp_kind) {
	case STAMP_YEARLESS:
		return convert_yearless(stamps, envelope->stamp.at);
	case STAMP_DATE:
		return convert_date(envelope->stamp);
	case STAMP_TAI64N:
		return convert_tai64n(envelope->stamp.at);
	case STAMP_CLF:
		return convert_clf(envelope->stamp);
	case STAMP_NONE:
		break;
	}
	return 0;
}
