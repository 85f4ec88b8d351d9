/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines -> events. A struct log_parser holds what spans lines of one log: which attempt was
 * counted already, the year of year-less stamps. No clock, no I/O: time comes from the lines, and
 * from the reference time that the caller gives.
 */
#ifndef SEKISHO_LOG_PARSE_H
#define SEKISHO_LOG_PARSE_H

#include "log/event.h"

#define LOG_LINE_MAX 8192 /* bytes; what is longer is cut by the reader and counted */

struct log_parser;

/* -ENOMEM as NULL. */
struct log_parser *log_parser_new(void);
void log_parser_free(struct log_parser *parser);

/* Year-less stamps take the year (and local-time stamps the offset of the process's TZ) that puts
 * them nearest before this. Set it before the first line: file mtime when replaying, now when live.
 */
void log_parser_set_reference(struct log_parser *parser, int64_t wall_ns);

/* One line without its newline, at most LOG_LINE_MAX bytes, any bytes. Fills *event; true when the
 * line is an event (one attempt is one event, however many lines it leaves). */
bool log_parser_line(struct log_parser *parser, const char *line, size_t size, struct event *event);

/* Copies a line into `out` (at least LOG_LINE_MAX + 1 bytes) with passwords removed and control
 * characters made visible: what may be stored as evidence. */
void log_line_clean(const char *text, size_t size, char *out);

#endif
