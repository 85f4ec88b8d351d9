// SPDX-License-Identifier: GPL-2.0-or-later
/* See number.h. Pure. */
#include "show/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/time.h"

const char *number_format(uint64_t number, char text[NUMBER_TEXT_SIZE])
{
	char digits[NUMBER_TEXT_SIZE], *at = text;
	size_t count = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, number);

	for (size_t i = 0; i < count; i++) {
		if (i && (count - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return text;
}

const char *bytes_format(uint64_t bytes, char text[NUMBER_TEXT_SIZE])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(text, NUMBER_TEXT_SIZE, "%" PRIu64 " B", bytes);
		return text;
	}
	/* 1023.95 and more would be printed as 1024.0. */
	for (value /= 1024; value >= 1023.95 && unit < 5; unit++)
		value /= 1024;
	snprintf(text, NUMBER_TEXT_SIZE, "%.1f %s", value, units[unit]);
	return text;
}

const char *rate_format(double rate, char text[NUMBER_TEXT_SIZE])
{
	if (rate < 0.05 && rate > 0)
		snprintf(text, NUMBER_TEXT_SIZE, "<0.1");
	else if (rate < 99.95)
		snprintf(text, NUMBER_TEXT_SIZE, "%.1f", rate);
	else if (rate < 999999)
		number_format((uint64_t)(rate + 0.5), text);
	else if (rate < 999.95e6)
		snprintf(text, NUMBER_TEXT_SIZE, "%.1fM", rate / 1e6);
	else
		snprintf(text, NUMBER_TEXT_SIZE, "%.1fG", rate / 1e9);
	return text;
}

const char *age_format(int64_t then_wall_ns, int64_t now_wall_ns, char text[NUMBER_TEXT_SIZE])
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
	int64_t age =
		now_wall_ns > then_wall_ns ? (int64_t)((now_wall_ns - then_wall_ns) / NS_PER_S) : 0;
	size_t unit = 0;

	while (unit < 3 && age < 2 * units[unit].seconds)
		unit++;
	snprintf(text, NUMBER_TEXT_SIZE, "%" PRId64 " %s", age / units[unit].seconds,
		 units[unit].name);
	return text;
}
