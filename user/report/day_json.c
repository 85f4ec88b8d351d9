// SPDX-License-Identifier: GPL-2.0-or-later
/* A day for scripts. */
#include <jansson.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "report/pages.h"
#include "show/json.h"

static json_t *counts_json(const struct span_counts *counts)
{
	_cleanup_free_ char *text = span_to_json(counts);

	return text ? json_loads(text, 0, NULL) : NULL;
}

static json_t *hours_json(const struct day *day)
{
	json_t *hours = json_array();

	for (size_t i = 0; hours && i < day->hour_count; i++) {
		int64_t start_s = day->from_s + (int64_t)i * SPAN_HOUR_S;

		if (!json_add(hours, json_pack("{s:o, s:o}", "start", json_time(start_s * NS_PER_S),
					       "counts", counts_json(&day->hours[i]))))
			break;
	}
	return hours;
}

static json_t *alerts_json(const struct day *day)
{
	json_t *alerts = json_array();

	for (size_t i = 0; alerts && i < DAY_ALERTS && i < day->alert_count; i++) {
		const struct day_alert *alert = &day->alerts[i];

		if (!json_add(alerts,
			      json_pack("{s:o, s:o, s:o, s:o}", "time", json_time(alert->wall_ns),
					"rule", json_text(alert->rule), "about",
					json_text(alert->about), "reason", json_text(alert->why))))
			break;
	}
	return alerts;
}

char *day_json(const struct day *day)
{
	return json_line(json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "day", day->name, "from",
				   json_time(day->from_s * NS_PER_S), "to",
				   json_time(day->to_s * NS_PER_S), "counts",
				   counts_json(&day->sum), "hours", hours_json(day), "alerts",
				   alerts_json(day), "alert_count", json_count(day->alert_count)));
}
