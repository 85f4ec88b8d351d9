// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counters over time: once a minute, what was counted since the last time is added to the row of
 * that minute and to the row of its hour, in the transaction of the lines read (commit.c). What
 * could not be written is counted by a later row: a full disk or a held lock blurs minutes, but
 * loses nothing while the daemon lives. Rows are added to, never set, and hold differences: neither
 * a clock that jumps back nor a second daemon in the same minute counts anything twice.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "history/span.h"

struct past {
	struct span_counts written, now; /* sums of the counters */
	int64_t minute_s;		 /* the minute that is being counted */
	int64_t row_s;			 /* the minute to which `now` less `written` belongs */
	bool due;
};

static void take_gate(const struct gate_counts *gate, const struct service_names *names,
		      struct span_counts *counts)
{
	counts->service_count = 1;
	for (unsigned id = 0; id < SERVICE_MAX; id++) {
		struct span_service *service = &counts->services[0];

		if (id && names->of[id][0]) {
			service = &counts->services[counts->service_count++];
			snprintf(service->name, sizeof(service->name), "%s", names->of[id]);
		}
		for (unsigned country = 0; country < COUNTRY_COUNT; country++)
			service->attempts += gate->countries[id][country].attempts;
		for (unsigned reason = 1; reason < REASON_COUNT; reason++) {
			const struct reason_counts *of = gate->reasons[id][reason];

			service->dropped[reason] += of[GATE_ENFORCE].attempts;
			service->would_drop[reason] += of[GATE_MONITOR].attempts;
		}
	}
}

/* If the gate cannot be read, `counts` keeps its values, and the difference counts later. */
static void take(struct daemon *daemon, struct span_counts *counts)
{
	_cleanup_free_ struct gate_counts *gate = malloc(sizeof(*gate));
	struct service_names names;
	struct span_counts fresh = { 0 };

	if (gate && daemon->instance.gate &&
	    !gate_service_names(daemon->instance.gate, &names, NULL) &&
	    !gate_counts_read(daemon->instance.gate, gate, NULL))
		take_gate(gate, &names, &fresh);
	else
		fresh = *counts;
	for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++)
		fresh.events[kind] = daemon->events[kind];
	fresh.bans = daemon->bans;
	fresh.alerts = daemon->alerts_raised;
	*counts = fresh;
}

int past_begin(struct daemon *daemon, struct fault *fault)
{
	daemon->past = calloc(1, sizeof(*daemon->past));
	if (!daemon->past)
		return fault_set(fault, -ENOMEM, "out of memory");
	/* The gate's counters began earlier; the daemon's own begin now. */
	take(daemon, &daemon->past->written);
	if (refusals_begin(daemon, fault))
		return -ENOMEM;
	daemon->past->minute_s = span_start(clock_wall_ns(), SPAN_MINUTE_S);
	return 0;
}

void past_tick(struct daemon *daemon, bool last)
{
	struct past *past = daemon->past;
	int64_t minute_s = span_start(clock_wall_ns(), SPAN_MINUTE_S);

	if (!past || (minute_s == past->minute_s && !last))
		return;
	take(daemon, &past->now);
	if (last && daemon->instance.gate)
		limits_sweep(daemon);
	past->row_s = past->minute_s;
	past->minute_s = minute_s;
	past->due = true;
}

static bool is_due(const struct daemon *daemon)
{
	return daemon->past && daemon->past->due;
}

static int add_stored(const struct store_span *span, void *context)
{
	struct span_counts stored;

	/* A row that cannot be read is replaced. */
	if (!span_from_json(span->counts, &stored))
		span_add(context, &stored);
	return 1;
}

static int add_to_row(struct store *store, unsigned length_s, int64_t minute_s,
		      const struct span_counts *between, struct fault *fault)
{
	int64_t start_s = minute_s - minute_s % length_s;
	struct span_counts sum = *between;
	_cleanup_free_ char *text = NULL;
	int error =
		store_spans_each(store, length_s, start_s, start_s + 1, add_stored, &sum, fault);

	if (error)
		return error;
	text = span_to_json(&sum);
	if (!text)
		return fault_set(fault, -ENOMEM, "out of memory");
	return store_span_put(
		store,
		&(struct store_span){ .length_s = length_s, .start_s = start_s, .counts = text },
		fault);
}

static int write_due(struct daemon *daemon, bool all, struct fault *fault)
{
	const struct past *past = daemon->past;
	struct span_counts between;
	int error;

	(void)all;
	if (!is_due(daemon))
		return 0;
	span_between(&past->written, &past->now, &between);
	error = refusals_write(daemon, past->row_s, fault);
	if (error || span_is_empty(&between))
		return error;
	error = add_to_row(daemon->instance.store, SPAN_MINUTE_S, past->row_s, &between, fault);
	return error ? error
		     : add_to_row(daemon->instance.store, SPAN_HOUR_S, past->row_s, &between,
				  fault);
}

static void written(struct daemon *daemon, int error)
{
	if (error || !is_due(daemon))
		return;
	daemon->past->written = daemon->past->now;
	daemon->past->due = false;
	refusals_written(daemon);
}

const struct commit_part past_part = { .due = is_due, .write = write_due, .committed = written };
