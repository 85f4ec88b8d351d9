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
struct patterns;

/* -ENOMEM as NULL. */
struct log_parser *log_parser_new(void);
void log_parser_free(struct log_parser *parser);

/* Patterns for lines in which no format here finds an event; NULL: none. Not the parser's: they
 * must outlast it, or until others are set. */
void log_parser_set_patterns(struct log_parser *parser, struct patterns *patterns);

/* Year-less stamps take the year (and local-time stamps the offset of the process's TZ) that puts
 * them nearest before this. Set it before the first line: file mtime when replaying, now when live.
 */
void log_parser_set_reference(struct log_parser *parser, int64_t wall_ns);

/* Whether deliveries that went well are events too (EVENT_DELIVERED). They are not at first. */
void log_parser_set_deliveries(struct log_parser *parser, bool wanted);

/* One line without its newline, at most LOG_LINE_MAX bytes, any bytes. Fills *event; true when the
 * line is an event (one attempt is one event, however many lines it leaves). */
bool log_parser_line(struct log_parser *parser, const char *line, size_t size, struct event *event);

/* Some failures wait a few seconds for a line that tells the source (waiting.h), and come out with
 * a later line, which is why event->line need not be the last one. When no more lines come, call
 * this: it hands out those of before `now_wall_ns` minus that wait, INT64_MAX for all, one a call.
 */
bool log_parser_rest(struct log_parser *parser, int64_t now_wall_ns, struct event *event);

/* Copies a line into `text` (at least LOG_LINE_MAX + 1 bytes) with passwords removed and control
 * characters made visible: what may be stored as evidence. */
void log_line_clean(const char *line, size_t size, char *text);

#endif
