// SPDX-License-Identifier: GPL-2.0-or-later
/* Adds a finding to the report. kinds.c has the words; the checks decide. */
#include <stdarg.h>
#include <stdio.h>

#include "doctor/checks.h"

void doctor_add(struct doctor_report *report, enum doctor_find find, const char *subject,
		const char *format, ...)
{
	const struct doctor_kind *kind = doctor_kind(find);
	struct doctor_finding *finding = &report->findings[report->count];
	va_list arguments;

	if (report->count == DOCTOR_FINDINGS_MAX) {
		report->dropped++;
		return;
	}
	report->count++;
	*finding = (struct doctor_finding){ .severity = kind->severity,
					    .id = kind->id,
					    .means = kind->means,
					    .remedy = kind->remedy };
	snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	va_start(arguments, format);
	vsnprintf(finding->text, sizeof(finding->text), format, arguments);
	va_end(arguments);
}
