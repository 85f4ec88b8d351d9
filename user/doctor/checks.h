/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside user/doctor/ only: how the checks report. */
#ifndef SEKISHO_DOCTOR_CHECKS_H
#define SEKISHO_DOCTOR_CHECKS_H

#include "base/time.h"
#include "doctor/doctor.h"

struct doctor_kind {
	enum doctor_severity severity;
	const char *id, *means, *remedy;
};

void doctor_add(struct doctor_report *report, const struct doctor_kind *kind, const char *subject,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* checks_seen.c: logs and sources. */
void doctor_check_seen(const struct doctor_facts *facts, struct doctor_report *report);

/* checks_leaves.c: the outflow breaker, alerts, metrics. */
void doctor_check_leaves(const struct doctor_facts *facts, struct doctor_report *report);

#endif
