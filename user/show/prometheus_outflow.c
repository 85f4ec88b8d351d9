// SPDX-License-Identifier: GPL-2.0-or-later
/* The outflow breaker as Prometheus text: by port and by kind of sender, never by sender. Pure. */
#include "show/prometheus.h"

#include "base/time.h"

/* Samples by port. There are none by sender, since there may be many senders. */
static void write_outflow_ports(FILE *out, const struct outflow_view *view)
{
	const struct outflow_rules *rules = &view->state->rules;

	for (const struct member *at = outflow_count_members; at->name; at++) {
		if (!at->metric)
			continue;
		prometheus_family(out, at->metric, at->help);
		for (unsigned i = 0; i < rules->port_count && i < OUTFLOW_PORTS; i++) {
			struct outflow_count sum = outflow_sum(view, (int)rules->ports[i]);
			char port[16];

			snprintf(port, sizeof(port), "%u", rules->ports[i]);
			prometheus_sample1(out, at->metric, "port", port, member_count(at, &sum));
		}
	}
}

/* Trips by kind of breaker: several refused users and guests may have one at the same time. */
struct trips {
	uint64_t tripped, held;
	uint64_t since_ns; /* when the first of them began; 0: none */
};

static void write_trips(FILE *out, const struct outflow_view *view)
{
	struct trips trips[OUTFLOW_ORIGINS] = { 0 };

	for (size_t i = 0; i < view->state->breaker_count; i++) {
		const struct gate_breaker *breaker = &view->state->breakers[i];
		struct trips *of = &trips[breaker->key.origin % OUTFLOW_ORIGINS];

		if (!breaker->tripped)
			continue;
		of->tripped++;
		of->held += breaker->state.trip_held;
		if (!of->since_ns || breaker->state.since_ns < of->since_ns)
			of->since_ns = breaker->state.since_ns;
	}
	prometheus_family(out, "sekisho_outflow_tripped",
			  "Outflow breakers that are tripped, by whom they hold back.");
	for (unsigned who = 0; who < OUTFLOW_ORIGINS; who++)
		prometheus_sample1(out, "sekisho_outflow_tripped", "who", outflow_origin_name(who),
				   trips[who].tripped);
	prometheus_family(out, "sekisho_outflow_trip_held",
			  "Attempts that the present trips held back, or would have.");
	for (unsigned who = 0; who < OUTFLOW_ORIGINS; who++)
		prometheus_sample1(out, "sekisho_outflow_trip_held", "who",
				   outflow_origin_name(who), trips[who].held);
	prometheus_family(out, "sekisho_outflow_trip_start_timestamp_seconds",
			  "When the first of the present trips began; absent without one.");
	for (unsigned who = 0; who < OUTFLOW_ORIGINS; who++)
		if (trips[who].since_ns)
			prometheus_sample1(
				out, "sekisho_outflow_trip_start_timestamp_seconds", "who",
				outflow_origin_name(who),
				(uint64_t)(outflow_wall_ns(view, trips[who].since_ns) / NS_PER_S));
}

void prometheus_outflow(FILE *out, const struct outflow_view *view)
{
	const struct gate_outflow *state;

	if (!view || outflow_state(view) == OUTFLOW_IS_OFF)
		return;
	state = view->state;
	write_trips(out, view);
	prometheus_value(out, "sekisho_outflow_enforcing",
			 "1 if the breaker holds back, 0 in monitor mode.",
			 state->rules.mode == GATE_ENFORCE);
	prometheus_value(out, "sekisho_outflow_is_released", "1 while a release by hand lasts.",
			 state->control.released_until_ns > state->now_boot_ns);
	prometheus_family(out, "sekisho_outflow_overflows_total",
			  "Attempts whose sender found no room in the breaker's tables.");
	prometheus_sample1(out, "sekisho_outflow_overflows_total", "table", "breakers",
			   state->control.breaker_overflows);
	prometheus_sample1(out, "sekisho_outflow_overflows_total", "table", "senders",
			   state->control.count_overflows);
	write_outflow_ports(out, view);
}
