/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Durations, rates and time stamps as text. Wall-clock times are nanoseconds since 1970 UTC
 * (`*_wall_ns`, int64_t); boot-clock times are CLOCK_BOOTTIME nanoseconds (`*_ns` in contract.h).
 */
#ifndef SEKISHO_TIME_H
#define SEKISHO_TIME_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#define NS_PER_S       1000000000LL
#define NS_PER_MS      1000000LL
#define TIME_TEXT_SIZE 40

/* "10s" "5m" "1h" "7d" "2w", also "1h30m"; a unit is required. *seconds is 1 .. 100 years.
 * -EINVAL: not of this form; -ERANGE: 0 or too long. */
int duration_parse(const char *text, uint64_t *seconds);

/* The shortest exact form that duration_parse() reads back: 5400 -> "1h30m". */
void duration_format(uint64_t seconds, char text[TIME_TEXT_SIZE]);

/* "30/m" "5/s" "1000/h" "20/d" "3/w": *interval_ns is the time for one of them. -EINVAL: not of
 * this form; -ERANGE: 0, or more than a million a second. */
int rate_parse(const char *text, uint64_t *interval_ns);

/* RFC 3339 in UTC: "2026-11-21T10:00:00Z", with ".123456" only when wall_ns has a fraction of
 * microseconds. */
void time_format(int64_t wall_ns, char text[TIME_TEXT_SIZE]);

/* The same time for people: "2026-11-21 19:00:00" in the machine's zone (TZ, /etc/localtime); in
 * UTC, or after time_show_utc(), as time_format() has it. For the texts of commands alone: JSON,
 * logs and the store are in UTC. */
void time_show(int64_t wall_ns, char text[TIME_TEXT_SIZE]);
void time_show_utc(void);

/* Reads what time_show() or time_format() wrote, or RFC 3339 with any offset. mktime() decides
 * about a local time that the zone has twice or not at all. -EINVAL: none of these. */
int time_read(const char *text, int64_t *wall_ns);

/* Reads RFC 3339 with any offset, which must be there; `size` bytes at `text`. *used (may be NULL)
 * is the number of bytes read; the caller judges what follows them. A leap second (:60) is the
 * second after it. Years 1970 to 2200. -EINVAL: no time stamp there. */
int time_parse(const char *text, size_t size, int64_t *wall_ns, size_t *used);

/* `wall_ns` minus a span; INT64_MIN if the result is below it. */
static inline int64_t time_less(int64_t wall_ns, uint64_t span_ns)
{
	int64_t result;

	return __builtin_sub_overflow(wall_ns, span_ns, &result) ? INT64_MIN : result;
}

/* How far apart two times are; any two int64_t. */
static inline uint64_t time_apart(int64_t a, int64_t b)
{
	return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

/* `wall_ns` plus a span; INT64_MAX (never ends) if the sum is above it. */
static inline int64_t time_plus(int64_t wall_ns, uint64_t span_ns)
{
	int64_t result;

	return __builtin_add_overflow(wall_ns, span_ns, &result) ? INT64_MAX : result;
}

/* Days from 1970-01-01 of a proleptic Gregorian date; month 1..12. Pure. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);

/* Reads the clocks. For commands only; modules take time as an argument. */
int64_t clock_wall_ns(void);
uint64_t clock_boot_ns(void);

#endif
