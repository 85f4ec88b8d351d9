// SPDX-License-Identifier: GPL-2.0-or-later
/* Findings as text and as JSON (doctor.h). Pure. */
#include <string.h>

#include "base/cleanup.h"
#include "doctor/doctor.h"
#include "show/json.h"
#include "show/style.h"
#include "show/visible.h"

static const struct {
	const char *name, *mark;
	enum style style;
} severities[] = {
	[DOCTOR_NOTE] = { "note", "note ", STYLE_STRONG },
	[DOCTOR_WARN] = { "warning", "WARN ", STYLE_WARN },
	[DOCTOR_BAD] = { "bad", "BAD  ", STYLE_BAD },
};

static void part(FILE *out, unsigned columns, const char *name, const char *text)
{
	fprintf(out, "     %-7s", name);
	style_wrap(out, columns, 12, text);
	fputc('\n', out);
}

static void print_finding(FILE *out, const struct doctor_finding *finding, unsigned columns,
			  bool colour)
{
	char line[sizeof(finding->text) + sizeof(finding->subject) + 4];

	snprintf(line, sizeof(line), "%s%s%s", finding->subject, *finding->subject ? ": " : "",
		 finding->text);
	style_print(out, colour, severities[finding->severity].style,
		    severities[finding->severity].mark);
	style_wrap(out, columns, 5, line);
	fputc('\n', out);
	part(out, columns, "means", finding->means);
	part(out, columns, "do", finding->remedy);
}

/* Replaces '|', which would begin the counts. */
static void nagios_finding(FILE *out, const struct doctor_finding *finding)
{
	char line[sizeof(finding->text) + sizeof(finding->subject) + 4];

	snprintf(line, sizeof(line), "%s%s%s", finding->subject, *finding->subject ? ": " : "",
		 finding->text);
	for (char *at = line; *at; at++)
		if (*at == '|' || *at == '\n')
			*at = '/';
	fprintf(out, "%s %s: ", severities[finding->severity].name, finding->id);
	visible_print(out, line);
}

int doctor_nagios(FILE *out, const struct doctor_report *report)
{
	static const char *const states[] = { "OK", "WARNING", "CRITICAL" };
	const struct doctor_finding *worst = NULL;
	unsigned counts[3] = { 0 };
	int state = NAGIOS_OK;

	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_finding *at = &report->findings[i];

		counts[at->severity]++;
		if (at->severity != DOCTOR_NOTE && (!worst || at->severity > worst->severity))
			worst = at;
	}
	if (worst)
		state = worst->severity == DOCTOR_BAD ? NAGIOS_CRITICAL : NAGIOS_WARNING;
	fprintf(out, "SEKISHO %s - ", states[state]);
	if (worst)
		nagios_finding(out, worst);
	else
		fputs("nothing is wrong", out);
	fprintf(out, " | bad=%u warnings=%u notes=%u\n", counts[DOCTOR_BAD], counts[DOCTOR_WARN],
		counts[DOCTOR_NOTE]);
	for (size_t i = 0; i < report->count; i++) {
		if (&report->findings[i] == worst)
			continue;
		nagios_finding(out, &report->findings[i]);
		fputc('\n', out);
	}
	return state;
}

void doctor_text(FILE *out, const struct doctor_report *report, unsigned columns, bool colour)
{
	unsigned counts[3] = { 0 };

	if (columns < 40)
		columns = 40;
	for (size_t i = 0; i < report->count; i++) {
		print_finding(out, &report->findings[i], columns, colour);
		counts[report->findings[i].severity]++;
	}
	if (report->dropped)
		fprintf(out, "and %zu more of the same kinds\n", report->dropped);
	if (report->count)
		fputc('\n', out);
	if (counts[DOCTOR_BAD] + counts[DOCTOR_WARN])
		fprintf(out, "bad: %u, warnings: %u, notes: %u\n", counts[DOCTOR_BAD],
			counts[DOCTOR_WARN], counts[DOCTOR_NOTE]);
	else
		style_print(out, colour, STYLE_GOOD,
			    counts[DOCTOR_NOTE] ? "nothing is wrong; see the notes\n"
						: "nothing is wrong\n");
}

void doctor_text_kinds(FILE *out, unsigned columns, bool colour)
{
	const struct doctor_kind *kind;

	if (columns < 40)
		columns = 40;
	for (size_t i = 0; (kind = doctor_kind_at(i)); i++) {
		style_print(out, colour, severities[kind->severity].style,
			    severities[kind->severity].mark);
		fprintf(out, "%s\n", kind->id);
		part(out, columns, "means", kind->means);
		part(out, columns, "do", kind->remedy);
	}
}

char *doctor_json_kinds(void)
{
	_cleanup_(cleanup_json) json_t *kinds = json_array();
	const struct doctor_kind *kind;

	for (size_t i = 0; (kind = doctor_kind_at(i)); i++)
		if (!json_add(kinds, json_pack("{s:s,s:s,s:s,s:s}", "id", kind->id, "severity",
					       severities[kind->severity].name, "means",
					       kind->means, "remedy", kind->remedy)))
			return NULL;
	return json_line(json_pack("{s:O}", "kinds", kinds));
}

static json_t *findings_to_json(const struct doctor_report *report)
{
	_cleanup_(cleanup_json) json_t *findings = json_array();

	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_finding *at = &report->findings[i];

		if (!json_add(findings,
			      json_pack("{s:s,s:s,s:o,s:o,s:o,s:o}", "id", at->id, "severity",
					severities[at->severity].name, "subject",
					json_text(*at->subject ? at->subject : NULL), "text",
					json_text(at->text), "means", json_text(at->means),
					"remedy", json_text(at->remedy))))
			return NULL;
	}
	return TAKE_PTR(findings);
}

char *doctor_json(const struct doctor_report *report, int64_t now_wall_ns)
{
	return json_line(json_pack("{s:o,s:b,s:o}", "time", json_time(now_wall_ns), "well",
				   !doctor_status(report), "findings", findings_to_json(report)));
}
