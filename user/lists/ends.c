// SPDX-License-Identifier: GPL-2.0-or-later
/* See ends.h. */
#include "lists/ends.h"

#include <errno.h>

#define LONGEST_S (100ULL * 365 * 86400)

/* Whether a range stays; lowers *next to the range's end if that comes first. */
static bool stays(uint32_t value, int64_t now_s, int64_t *next)
{
	int64_t end = end_of_value(value);

	if (end <= now_s)
		return false;
	if (end < *next)
		*next = end;
	return true;
}

int64_t ends_prune(struct ranges *ranges, int64_t now_s, size_t *ended)
{
	size_t kept4 = 0, kept6 = 0;
	int64_t next = END_NEVER;

	for (size_t i = 0; i < ranges->count4; i++)
		if (stays(ranges->v4[i].value, now_s, &next))
			ranges->v4[kept4++] = ranges->v4[i];
	for (size_t i = 0; i < ranges->count6; i++)
		if (stays(ranges->v6[i].value, now_s, &next))
			ranges->v6[kept6++] = ranges->v6[i];
	*ended = ranges->count4 - kept4 + ranges->count6 - kept6;
	ranges->count4 = kept4;
	ranges->count6 = kept6;
	return next;
}

static const char *number(const char *at, const char *end, uint64_t *value)
{
	const char *begin = at;

	for (*value = 0; at < end && *at >= '0' && *at <= '9' && *value < LONGEST_S; at++)
		*value = *value * 10 + (uint64_t)(*at - '0');
	return at > begin ? at : NULL;
}

/* Reads the unit at *at and moves behind it. Returns its seconds, 0 for parts of a second, -1 if
 * there is none. */
static int64_t unit_of(const char **at, const char *end)
{
	static const struct {
		char name;
		int32_t seconds;
	} units[] = { { 'w', 604800 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

	if (end - *at >= 2 && **at == 'm' && (*at)[1] == 's') {
		*at += 2;
		return 0;
	}
	for (size_t i = 0; *at < end && i < sizeof(units) / sizeof(*units); i++)
		if (**at == units[i].name) {
			(*at)++;
			return units[i].seconds;
		}
	return -1;
}

/* Reads "03:04:05" at `at`; returns the position behind it, or NULL. */
static const char *clock_time(const char *at, const char *end, uint64_t *seconds)
{
	*seconds = 0;
	for (unsigned part = 0; part < 3; part++) {
		uint64_t value;

		if (part && (at == end || *at++ != ':'))
			return NULL;
		at = number(at, end, &value);
		if (!at)
			return NULL;
		*seconds = *seconds * 60 + value;
	}
	return at;
}

/* Reads one number with its unit; returns the position behind them, or NULL. A fraction is
 * dropped. */
static const char *measured(const char *at, const char *end, uint64_t *seconds)
{
	uint64_t fraction;
	int64_t unit;

	at = number(at, end, seconds);
	if (at && at < end && *at == '.')
		at = number(at + 1, end, &fraction);
	if (!at)
		return NULL;
	unit = unit_of(&at, end);
	*seconds *= unit > 0 ? (uint64_t)unit : 0;
	return unit < 0 ? NULL : at;
}

int ends_duration(const char *text, size_t size, uint64_t *seconds)
{
	const char *at = text, *end;

	if (!size) /* text may be NULL then */
		return -EINVAL;
	end = text + size;
	if (number(at, end, seconds) == end)
		return *seconds > LONGEST_S ? -EINVAL : 0;
	for (*seconds = 0; at < end;) {
		uint64_t part;
		const char *next = clock_time(at, end, &part);

		at = next ? next : measured(at, end, &part);
		if (!at)
			return -EINVAL;
		*seconds += part;
		if (*seconds > LONGEST_S)
			return -EINVAL;
	}
	return 0;
}
