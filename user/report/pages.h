/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reports as pages and text. Pure except for the stream, whose errors the caller checks. */
#ifndef SEKISHO_PAGES_H
#define SEKISHO_PAGES_H

#include "report/day.h"
#include "report/incident.h"
#include "report/page.h"

/* Write a whole HTML page each, and the day as plain text for a mail. They read nothing except the
 * arguments. */
void incident_page(const struct page *page, const struct incident *incident, int64_t now_wall_ns);
void day_page(const struct page *page, const struct day *day, int64_t now_wall_ns);
void day_text(FILE *out, enum lang lang, const struct day *day);

/* One line, malloc()ed; schema: docs/json.md. NULL: out of memory. */
char *day_json(const struct day *day);

#endif
