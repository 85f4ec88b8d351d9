// SPDX-License-Identifier: GPL-2.0-or-later
/* The checks of what leaves this machine: mail, by the outflow breaker; and reports, by alerts and
 * metrics. Pure. */
#include <inttypes.h>
#include <stdio.h>

#include "doctor/checks.h"

/* ---- mail ---- */

static void check_trip(const struct doctor_outflow *outflow, struct doctor_report *report)
{
	char since[TIME_TEXT_SIZE];

	time_format(outflow->since_wall_ns / NS_PER_S * NS_PER_S, since);
	doctor_add(report, outflow->mode == GATE_ENFORCE ? FIND_OUTFLOW_TRIPPED : FIND_WOULD_TRIP,
		   outflow->whose, "tripped since %s; %" PRIu64 " attempts %s back%s%.300s", since,
		   outflow->trip.held, outflow->mode == GATE_ENFORCE ? "held" : "would be held",
		   *outflow->suspect ? "; most by " : "", outflow->suspect);
}

static void check_outflow(const struct doctor_facts *facts, struct doctor_report *report)
{
	const struct doctor_outflow *outflow = &facts->outflow;

	if (!outflow->known)
		return;
	if (outflow->state == OUTFLOW_IS_OFF) {
		doctor_add(report, FIND_OUTFLOW_OFF, "", "the outflow breaker is off");
		return;
	}
	if (outflow->state == OUTFLOW_IS_TRIPPED)
		check_trip(outflow, report);
	if (outflow->state == OUTFLOW_IS_RELEASED)
		doctor_add(report, FIND_OUTFLOW_RELEASED, "",
			   "the outflow breaker is released by hand");
	if (!outflow->limited)
		doctor_add(report, FIND_OUTFLOW_UNLIMITED, "",
			   "the outflow breaker has no rate and no users");
	else if (outflow->mode == GATE_MONITOR && facts->mode == GATE_ENFORCE)
		doctor_add(report, FIND_OUTFLOW_MONITOR, "",
			   "the outflow breaker is in monitor mode");
	for (size_t i = 0; i < facts->device_count; i++) {
		const struct doctor_device *device = &facts->devices[i];

		if (device->guarded && !device->outflow)
			doctor_add(report, FIND_OUTFLOW_NOT_ATTACHED, device->name,
				   "the outflow breaker is not on its egress%s%s",
				   *device->outflow_why ? ": " : "", device->outflow_why);
		else if (device->guarded && *device->outflow_why)
			doctor_add(report, FIND_OUTFLOW_NOT_ATTACHED, device->name,
				   "the outflow breaker is on its egress, but %s",
				   device->outflow_why);
	}
	if (outflow->overflows)
		doctor_add(report, FIND_OUTFLOW_TABLE_FULL, "",
			   "%" PRIu64 " attempts to leave found no budget of their own",
			   outflow->overflows);
}

/* ---- reports ---- */

static void check_word(const struct doctor_facts *facts, struct doctor_report *report)
{
	const struct daemon_alerts *alerts = &facts->alerts;
	char dropped[80] = "";

	if (facts->daemon_state != DAEMON_RUNNING)
		return;
	if (!alerts->has_program)
		doctor_add(report, FIND_NO_ALERT_PROGRAM, "", "no program is run for alerts");
	if (alerts->dropped)
		snprintf(dropped, sizeof(dropped),
			 ", and was not run for %" PRIu64 " because too many waited",
			 alerts->dropped);
	/* If the program works again, there is nothing left to do. */
	if ((alerts->failed || alerts->dropped) && !alerts->succeeded)
		doctor_add(report, FIND_ALERTS_FAILED, "",
			   "the program failed %" PRIu64 " of the %" PRIu64
			   " times that it was run for an alert%s",
			   alerts->failed, alerts->run, dropped);
	if (facts->metrics == DAEMON_METRICS_CLOSED)
		doctor_add(report, FIND_METRICS_CLOSED, "", "[metrics] listen cannot be opened");
}

void doctor_check_leaves(const struct doctor_facts *facts, struct doctor_report *report)
{
	check_outflow(facts, report);
	check_word(facts, report);
	doctor_check_policy(facts, report);
	doctor_check_locked(facts, report);
	doctor_check_fleet(facts, report);
}
