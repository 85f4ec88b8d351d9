/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The output of faults and warnings by `sekisho check`: a line each on standard error, or collected
 * for --json. Private to the command. */
#ifndef SEKISHO_CHECK_REPORT_H
#define SEKISHO_CHECK_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define MOST_REFUSALS 20 /* of a list, told one by one */

struct check_report {
	bool json;
	json_t *faults, *warnings; /* texts, with --json */
	size_t fault_count;
};

/* The lines that an import would refuse: the first ones, and how many there are. */
struct check_refusals {
	struct {
		size_t line;
		char reason[256];
	} first[MOST_REFUSALS];
	size_t count;
};

/* Any text as a JSON string; bytes that are not UTF-8 become '?'. NULL without memory. */
json_t *check_json_text(const char *text);

/* Reports "TEXT", which names its place, as a fault. `context` is the struct check_report
 * (fault_callback). */
void check_add_fault(const char *text, void *context);

/* Reports "WHERE: TEXT" as a fault, or "WHERE: warning: TEXT". `where` NULL: the text names its
 * place. */
void check_tell(struct check_report *report, bool fault, const char *where, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Notes a refused line; a list_refused with a struct check_refusals as its context. */
void check_add_refusal(size_t line, const char *reason, void *context);
/* Reports the refused lines, as faults only if `import` would refuse the file because of them. */
void check_tell_refusals(struct check_report *report, bool fault, const char *file,
			 const struct check_refusals *refusals);

#endif
