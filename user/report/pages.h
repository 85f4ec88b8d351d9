/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reports as pages and text. Pure but for the stream; its error is the caller's to look for. */
#ifndef SEKISHO_PAGES_H
#define SEKISHO_PAGES_H

#include "report/day.h"
#include "report/incident.h"
#include "report/page.h"

/* A whole HTML page each, and the day as plain text for a mail. Nothing is read but the arguments;
 * errors are those of the stream. */
void incident_page(const struct page *page, const struct incident *incident, int64_t now_wall_ns);
void day_page(const struct page *page, const struct day *day, int64_t now_wall_ns);
void day_text(FILE *out, enum lang lang, const struct day *day);

/* One line, malloc()ed; schema: docs/json.md. NULL: out of memory. */
char *day_json(const struct day *day);

#endif
