// SPDX-License-Identifier: GPL-2.0-or-later
/* See since_arg.h. */
#include "cmd/since_arg.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"

#define DATE_SIZE 10 /* "2026-11-28" */
#define DAY_NS	  (86400 * NS_PER_S)

/* The date of a time, in the zone in which times are shown. */
static void date_of(int64_t wall_ns, char date[DATE_SIZE + 1])
{
	char shown[TIME_TEXT_SIZE];

	time_show(wall_ns, shown);
	snprintf(date, DATE_SIZE + 1, "%.10s", shown);
}

/* Sets the date to the day before, computed from noon, since a day may have 23 hours. */
static void date_before(char date[DATE_SIZE + 1])
{
	char noon[TIME_TEXT_SIZE];
	int64_t wall_ns;

	snprintf(noon, sizeof(noon), "%s 12:00:00", date);
	if (!time_read(noon, &wall_ns))
		date_of(time_less(wall_ns, DAY_NS), date);
}

/* Reads "10:00" or "10:00:30" of that date. */
static int time_of_day(const char *date, const char *text, int64_t *wall_ns)
{
	char whole[TIME_TEXT_SIZE];
	const char *seconds = strlen(text) == strlen("10:00") ? ":00" : "";

	if (snprintf(whole, sizeof(whole), "%s %s%s", date, text, seconds) >= TIME_TEXT_SIZE)
		return -1;
	return time_read(whole, wall_ns);
}

static bool is_word(const char *text, size_t size, const char *word)
{
	return size == strlen(word) && !strncmp(text, word, size);
}

/* Reads the word or date before the time of day; returns what follows, or NULL if it is neither. */
static const char *read_date(const char *text, char date[DATE_SIZE + 1])
{
	const char *rest = text + strcspn(text, " T");
	int64_t wall_ns;
	size_t size = (size_t)(rest - text);

	if (is_word(text, size, "yesterday")) {
		date_before(date);
	} else if (!is_word(text, size, "today")) {
		if (size != DATE_SIZE)
			return NULL;
		memcpy(date, text, DATE_SIZE);
		if (time_of_day(date, "00:00", &wall_ns))
			return NULL;
	}
	return *rest ? rest + 1 : rest;
}

/* Reads a day, or a time of today (of yesterday, if it is still to come today), or both. */
static int read_words(const char *text, int64_t now_wall_ns, int64_t *wall_ns)
{
	char date[DATE_SIZE + 1];
	const char *rest;

	date_of(now_wall_ns, date);
	if (!time_of_day(date, text, wall_ns)) {
		if (*wall_ns <= now_wall_ns)
			return 0;
		date_before(date);
		return time_of_day(date, text, wall_ns);
	}
	rest = read_date(text, date);
	return rest ? time_of_day(date, *rest ? rest : "00:00", wall_ns) : -1;
}

int since_arg(const struct command *command, const char *text, int64_t now_wall_ns,
	      int64_t *from_wall_ns)
{
	return time_arg(command, "--since", text, now_wall_ns, from_wall_ns);
}

int time_arg(const struct command *command, const char *option, const char *text,
	     int64_t now_wall_ns, int64_t *from_wall_ns)
{
	uint64_t seconds;

	if (!time_read(text, from_wall_ns) || !read_words(text, now_wall_ns, from_wall_ns))
		return EXIT_DONE;
	if (duration_parse(text, &seconds))
		return cmd_usage(command, "%s %s: not " SINCE_HELP, option, text);
	*from_wall_ns = time_less(now_wall_ns, seconds * NS_PER_S);
	return EXIT_DONE;
}

const char *day_arg(const char *text, int64_t now_wall_ns, char date[DAY_ARG_SIZE])
{
	_Static_assert(DAY_ARG_SIZE == DATE_SIZE + 1, "a date");

	if (!text || (strcmp(text, "today") && strcmp(text, "yesterday")))
		return text;
	date_of(now_wall_ns, date);
	if (*text == 'y')
		date_before(date);
	return date;
}
