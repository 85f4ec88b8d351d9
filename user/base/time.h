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

/* RFC 3339 with any offset, which must be there; `size` bytes at `text`. *used (may be NULL) is how
 * many were read; what follows them is the caller's to judge. A leap second (:60) is the second
 * after it. Years 1970 to 2200. -EINVAL: no time stamp there. */
int time_parse(const char *text, size_t size, int64_t *wall_ns, size_t *used);

/* Days from 1970-01-01 of a proleptic Gregorian date; month 1..12. Pure. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);

/* The clocks, for commands only; modules take time as an argument. */
int64_t clock_wall_ns(void);
uint64_t clock_boot_ns(void);

#endif
