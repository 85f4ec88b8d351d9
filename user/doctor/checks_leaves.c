// SPDX-License-Identifier: GPL-2.0-or-later
/* The checks of what leaves this machine: mail, by the outflow breaker, and word of what happened,
 * by alerts and metrics. Pure. */
#include <inttypes.h>

#include "doctor/checks.h"

/* ---- mail ---- */

static const struct doctor_kind tripped = {
	DOCTOR_BAD, "outflow-tripped",
	"Mail stays in the queue, and leaves at the limit's pace. Either an account or a program "
	"is "
	"abused, or the limit is too low.",
	"See who sends: `sekisho outflow`. Stop it, clear the queue of it (postqueue -p), then "
	"`sekisho outflow release`."
};
static const struct doctor_kind would_trip = {
	DOCTOR_WARN, "outflow-tripped",
	"More leaves than the limit allows, and nothing is held back: it is in monitor mode.",
	"See who sends: `sekisho outflow`. To hold it back: [outflow] mode = enforce."
};
static const struct doctor_kind released = { DOCTOR_NOTE, "outflow-released",
					     "Until it ends nothing is held back, whatever leaves.",
					     "When all is well again: `sekisho outflow arm`." };
static const struct doctor_kind off = { DOCTOR_NOTE, "outflow-off",
					"What leaves is neither counted nor bounded.",
					"Take `ports = none` out of [outflow]." };
static const struct doctor_kind unlimited = {
	DOCTOR_NOTE, "outflow-unlimited",
	"With a stolen password, spam leaves as fast as the mail server can send, and the address "
	"is soon on blocklists.",
	"See in `sekisho outflow` what leaves on a busy day, and set [outflow] rate above it."
};
static const struct doctor_kind monitors = {
	DOCTOR_NOTE, "outflow-monitor",
	"The gate drops, but what leaves is only counted and alerted, not held back.",
	"When no trip is a false one: [outflow] mode = enforce."
};
static const struct doctor_kind not_attached = {
	DOCTOR_WARN, "outflow-not-attached", "What leaves by it is neither counted nor held back.",
	"Do what the text says, then `sekisho load`."
};
static const struct doctor_kind outflow_full = {
	DOCTOR_WARN, "outflow-table-full",
	"Those guests or users share one budget with all others for whom there was no room.",
	"Name their network in [outflow] guests, so that one budget is theirs together."
};

static void check_trip(const struct doctor_outflow *outflow, struct doctor_report *report)
{
	char since[TIME_TEXT_SIZE];

	time_format(outflow->since_wall_ns / NS_PER_S * NS_PER_S, since);
	doctor_add(report, outflow->mode == GATE_ENFORCE ? &tripped : &would_trip, outflow->whose,
		   "tripped since %s; %" PRIu64 " attempts %s back%s%.300s", since,
		   outflow->trip.held, outflow->mode == GATE_ENFORCE ? "held" : "would be held",
		   *outflow->suspect ? "; most by " : "", outflow->suspect);
}

static void check_outflow(const struct doctor_facts *facts, struct doctor_report *report)
{
	const struct doctor_outflow *outflow = &facts->outflow;

	if (!outflow->known)
		return;
	if (outflow->state == OUTFLOW_IS_OFF) {
		doctor_add(report, &off, "", "the outflow breaker is off");
		return;
	}
	if (outflow->state == OUTFLOW_IS_TRIPPED)
		check_trip(outflow, report);
	if (outflow->state == OUTFLOW_IS_RELEASED)
		doctor_add(report, &released, "", "the outflow breaker is released by hand");
	if (!outflow->limited)
		doctor_add(report, &unlimited, "", "the outflow breaker has no rate and no users");
	else if (outflow->mode == GATE_MONITOR && facts->mode == GATE_ENFORCE)
		doctor_add(report, &monitors, "", "the outflow breaker is in monitor mode");
	for (size_t i = 0; i < facts->device_count; i++) {
		const struct doctor_device *device = &facts->devices[i];

		if (device->guarded && !device->outflow)
			doctor_add(report, &not_attached, device->name,
				   "the outflow breaker is not on its egress%s%s",
				   *device->outflow_why ? ": " : "", device->outflow_why);
	}
	if (outflow->overflows)
		doctor_add(report, &outflow_full, "",
			   "%" PRIu64 " attempts to leave found no budget of their own",
			   outflow->overflows);
}

/* ---- word of it ---- */

static const struct doctor_kind no_program = {
	DOCTOR_NOTE, "no-alert-program",
	"That an account is abused, or mail held back, stands in the daemon's log alone.",
	"[alert] program = a script that mails or pages; see docs/alerts.md."
};
static const struct doctor_kind alerts_failed = {
	DOCTOR_WARN, "alerts-failed", "Somebody was not told what he should know.",
	"See why in the daemon's log (journalctl -u sekisho); try the program by hand as "
	"docs/alerts.md shows."
};
static const struct doctor_kind metrics_closed = {
	DOCTOR_WARN, "metrics-closed", "What watches this machine sees nothing of it.",
	"See `last fault` in `sekisho status`. It is tried again by itself, every minute at least."
};

static void check_word(const struct doctor_facts *facts, struct doctor_report *report)
{
	const struct daemon_alerts *alerts = &facts->alerts;

	if (facts->daemon_state != DAEMON_RUNNING)
		return;
	if (!alerts->has_program)
		doctor_add(report, &no_program, "", "no program is run for alerts");
	if (alerts->failed || alerts->dropped)
		doctor_add(report, &alerts_failed, "",
			   "of %" PRIu64 " alerts, the program failed for %" PRIu64
			   ", and was not run for %" PRIu64 " because too many waited",
			   alerts->raised, alerts->failed, alerts->dropped);
	if (facts->metrics == DAEMON_METRICS_CLOSED)
		doctor_add(report, &metrics_closed, "", "[metrics] listen cannot be opened");
}

void doctor_check_leaves(const struct doctor_facts *facts, struct doctor_report *report)
{
	check_outflow(facts, report);
	check_word(facts, report);
}
