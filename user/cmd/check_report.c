// SPDX-License-Identifier: GPL-2.0-or-later
/* See check_report.h. */
#include "cmd/check_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "cmd/cmd.h"

/* JSON must be UTF-8, but file names need not be. */
json_t *check_json_text(const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	bool valid = utf8_valid(text, strlen(text));

	for (char *at = copy; at && !valid && *at; at++)
		if (*at & 0x80)
			*at = '?';
	return copy ? json_string(copy) : NULL;
}

static void tell(struct check_report *report, json_t *texts, const char *text)
{
	_cleanup_free_ char *visible = NULL;

	if (report->json) {
		json_array_append_new(texts, check_json_text(text));
		return;
	}
	visible = cmd_visible(text);
	fprintf(stderr, "%s\n", visible ? visible : "out of memory");
}

void check_add_fault(const char *text, void *context)
{
	struct check_report *report = context;

	report->fault_count++;
	tell(report, report->faults, text);
}

void check_tell(struct check_report *report, bool fault, const char *where, const char *format, ...)
{
	char text[2048];
	va_list arguments;
	size_t used;

	snprintf(text, sizeof(text), "%s%s%s", where ? where : "", where ? ": " : "",
		 fault || report->json ? "" : "warning: ");
	used = strlen(text);
	va_start(arguments, format);
	vsnprintf(text + used, sizeof(text) - used, format, arguments);
	va_end(arguments);
	if (fault)
		check_add_fault(text, report);
	else
		tell(report, report->warnings, text);
}

void check_add_refusal(size_t line, const char *reason, void *context)
{
	struct check_refusals *refusals = context;

	if (refusals->count < MOST_REFUSALS) {
		refusals->first[refusals->count].line = line;
		snprintf(refusals->first[refusals->count].reason, sizeof(refusals->first->reason),
			 "%s", reason);
	}
	refusals->count++;
}

void check_tell_refusals(struct check_report *report, bool fault, const char *file,
			 const struct check_refusals *refusals)
{
	size_t shown = refusals->count < MOST_REFUSALS ? refusals->count : MOST_REFUSALS;
	char where[512];

	for (size_t i = 0; i < shown; i++) {
		snprintf(where, sizeof(where), "%s:%zu", file, refusals->first[i].line);
		check_tell(report, fault, where, "%s", refusals->first[i].reason);
	}
	if (refusals->count > shown)
		check_tell(report, fault, file, "and %zu more lines are refused",
			   refusals->count - shown);
}
