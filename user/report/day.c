// SPDX-License-Identifier: GPL-2.0-or-later
/* See day.h. */
#include "report/day.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"

/* The day's first second; corrects a day that does not exist ("2026-02-30"). */
static int64_t midnight(struct tm *day)
{
	day->tm_hour = day->tm_min = day->tm_sec = 0;
	day->tm_isdst = -1;
	return (int64_t)mktime(day);
}

int day_of(const char *name, int64_t wall_ns, struct day *day)
{
	time_t now = (time_t)(wall_ns / NS_PER_S);
	struct tm local = { 0 }, read = { 0 };
	const char *end;

	*day = (struct day){ 0 };
	if (!localtime_r(&now, &local))
		return -EINVAL;
	if (name) {
		end = strptime(name, "%Y-%m-%d", &read);
		if (!end || *end || strlen(name) != 10)
			return -EINVAL;
		local = read;
	}
	day->from_s = midnight(&local);
	if (!strftime(day->name, sizeof(day->name), "%Y-%m-%d", &local) ||
	    (name && strcmp(name, day->name)))
		return -EINVAL;
	local.tm_mday++;
	day->to_s = midnight(&local);
	if (day->from_s < 0 || day->to_s <= day->from_s)
		return -EINVAL;
	day->hour_count = (size_t)((day->to_s - day->from_s + SPAN_HOUR_S - 1) / SPAN_HOUR_S);
	if (day->hour_count > DAY_HOURS)
		day->hour_count = DAY_HOURS;
	return 0;
}

void day_free(struct day *day)
{
	for (size_t i = 0; i < DAY_ALERTS; i++) {
		free(day->alerts[i].rule);
		free(day->alerts[i].about);
		free(day->alerts[i].why);
	}
}

void day_add(struct day *day, int64_t start_s, const struct span_counts *counts)
{
	size_t hour;

	if (start_s < day->from_s || start_s >= day->to_s)
		return;
	hour = (size_t)((start_s - day->from_s) / SPAN_HOUR_S);
	if (hour >= day->hour_count)
		return;
	span_add(&day->hours[hour], counts);
	span_add(&day->sum, counts);
}

void day_attempts(const struct span_counts *counts, uint64_t *attempts, uint64_t *dropped)
{
	*attempts = *dropped = 0;
	for (unsigned i = 0; i < counts->service_count; i++) {
		*attempts += counts->services[i].attempts;
		*dropped += span_dropped(&counts->services[i]);
	}
}
