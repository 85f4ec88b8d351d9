/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines -> events. A struct log_parser holds what spans lines of one log: which attempt was
 * counted already, the year of year-less stamps. No clock, no I/O: time comes from the lines, and
 * from the reference time that the caller gives.
 */
#ifndef SEKISHO_LOG_PARSE_H
#define SEKISHO_LOG_PARSE_H

#include "log/envelope.h"
#include "log/event.h"

#define LOG_LINE_MAX 8192 /* bytes; what is longer is cut by the reader and counted */

struct joining;
struct log_parser;
struct patterns;
struct line_event;

/* -ENOMEM as NULL. */
struct log_parser *log_parser_new(void);
void log_parser_free(struct log_parser *parser);

/* The parser's events are joined with those of the other parsers that share `joining`, which are of
 * other logs of the same server; not owned. Before the first line. */
void log_parser_share(struct log_parser *parser, struct joining *joining);

/* The log is one of the past (joining_set_past()); before the first line. */
void log_parser_set_past(struct log_parser *parser);

/* Patterns for lines in which no format here finds an event; NULL: none. Not the parser's: they
 * must outlast it, or until others are set. */
void log_parser_set_patterns(struct log_parser *parser, struct patterns *patterns);

/* Year-less stamps take the year (and stamps without an offset that of their zone) that puts them
 * nearest before this. Set it before the first line of a log of the past: its mtime. Begins anew
 * what the parser remembers of times. */
void log_parser_set_reference(struct log_parser *parser, int64_t wall_ns);

/* The same for a log that is followed, before each portion of lines: of a local hour that comes
 * twice, the one nearer to now is meant. */
void log_parser_set_live(struct log_parser *parser, int64_t now_wall_ns);

/* The zone of stamps that name none; NULL, as at first: the process's own (TZ). Not the parser's:
 * it must outlast it, or until another is set. */
void log_parser_set_zone(struct log_parser *parser, const struct zone *zone);

/* Added to the time of each line, in ns: where a log's clock was seen to be wrong by so much. */
void log_parser_set_offset(struct log_parser *parser, int64_t offset_ns);

/* Whether lines that name neither time nor program are read as a mail server's, as they are at
 * first: where other programs write to the log as well, they can be anybody's. Patterns see them
 * all the same. */
void log_parser_set_bare(struct log_parser *parser, bool wanted);

/* Whether the line given last is one of a mail server's in which nothing was found. */
bool log_parser_missed(const struct log_parser *parser);

/* The time of the line given last, offset included; 0: it has none. While that line is in memory. */
int64_t log_parser_line_time(struct log_parser *parser);

/* How the last line was written that was an event; "": none was. */
void log_parser_form(const struct log_parser *parser, char text[ENVELOPE_FORM_SIZE]);

/* Whether deliveries that went well are events too (EVENT_DELIVERED). They are not at first. */
void log_parser_set_deliveries(struct log_parser *parser, bool wanted);

/* One line without its newline, at most LOG_LINE_MAX bytes, any bytes. Fills *event; true when the
 * line is an event (one attempt is one event, however many lines it leaves). */
bool log_parser_line(struct log_parser *parser, const char *line, size_t size, struct event *event);

/* As the first half of log_parser_line(): what the line says, not joined yet. Where lines of
 * several logs are to be put into the order of their time first: then joining_take(). false:
 * nothing; then line_event->event.wall_ns is the line's time, or 0. *line_event is to be the same
 * for all lines of a log, and unchanged between them: "last message repeated 3 times" is of it. */
bool log_parser_read(struct log_parser *parser, const char *line, size_t size,
		     struct line_event *line_event);

/* Some failures wait a few seconds for a line that tells the source (deferred_event.h), or that
 * takes them back (held.h), and come out with a later line, which is why event->line need not be
 * the last one. When no more lines come, call this: it hands out those of before `now_wall_ns`
 * minus that wait, INT64_MAX for all, one a call. With INT64_MAX the log has ended, too: an entry
 * of journalctl that nothing ends is whole.
 */
bool log_parser_rest(struct log_parser *parser, int64_t now_wall_ns, struct event *event);

/* Lines given so far: the number of the last one. */
uint64_t log_parser_lines(const struct log_parser *parser);

/* Copies a line into `text` (at least LOG_LINE_MAX + 1 bytes) with passwords removed and control
 * characters made visible: what may be stored as evidence. */
void log_line_clean(const char *line, size_t size, char *text);

#endif
