/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines -> events. A struct log_parser has the state of one log between its lines: which
 * attempts were counted already, the year of year-less stamps. No clock, no I/O: time comes from
 * the lines, and from the reference time that the caller gives.
 */
#ifndef SEKISHO_LOG_PARSE_H
#define SEKISHO_LOG_PARSE_H

#include "log/envelope.h"
#include "log/event.h"

#define LOG_LINE_MAX 8192 /* bytes; the reader cuts longer lines and counts them */

struct joining;
struct log_parser;
struct patterns;
struct line_event;

/* -ENOMEM as NULL. */
struct log_parser *log_parser_new(void);
void log_parser_free(struct log_parser *parser);

/* Joins the parser's events with those of the other parsers that share `joining` (not owned), which
 * are for other logs of the same server. To be called before the first line. */
void log_parser_share(struct log_parser *parser, struct joining *joining);

/* The log is one of the past (joining_set_past()). To be called before the first line. */
void log_parser_set_past(struct log_parser *parser);

/* Sets patterns for lines in which no format here finds an event; NULL: none. They are not owned
 * and must outlast the parser, or exist until others are set. */
void log_parser_set_patterns(struct log_parser *parser, struct patterns *patterns);

/* Sets the reference time: year-less stamps get the year (and stamps without an offset that of
 * their zone) that puts them nearest before it. For a log of the past it is the file's mtime, set
 * before the first line. Resets what the parser remembers of times. */
void log_parser_set_reference(struct log_parser *parser, int64_t wall_ns);

/* The same for a log that is followed, before each portion of lines. If a local hour comes twice,
 * the one nearer to now is meant. */
void log_parser_set_live(struct log_parser *parser, int64_t now_wall_ns);

/* Sets the zone of stamps that name none; NULL, as at first: the process's own (TZ). It is not
 * owned and must outlast the parser, or exist until another is set. */
void log_parser_set_zone(struct log_parser *parser, const struct zone *zone);

/* Sets an offset that is added to the time of each line, in ns, if a log's clock was seen to be
 * wrong by so much. */
void log_parser_set_offset(struct log_parser *parser, int64_t offset_ns);

/* Sets whether lines that name neither time nor program are read as a mail server's, as they are at
 * first: if other programs write to the log as well, such lines can be anybody's. Patterns see them
 * in any case. */
void log_parser_set_bare(struct log_parser *parser, bool wanted);

/* Whether the last line is a mail server's and nothing was found in it. */
bool log_parser_missed(const struct log_parser *parser);

/* The time of the last line, offset included; 0: it has none. Only while that line is in memory. */
int64_t log_parser_line_time(struct log_parser *parser);

/* The form of the last line that was an event; "": none was. */
void log_parser_form(const struct log_parser *parser, char text[ENVELOPE_FORM_SIZE]);

/* Sets whether successful deliveries are events, too (EVENT_DELIVERED). At first they are not. */
void log_parser_set_deliveries(struct log_parser *parser, bool wanted);

/* Reads one line without its newline, of at most LOG_LINE_MAX bytes, any bytes. True: the line is
 * an event, *event (one attempt is one event, however many lines it leaves). */
bool log_parser_line(struct log_parser *parser, const char *line, size_t size, struct event *event);

/* The first half of log_parser_line(): reads the line's event, which is not joined yet. For lines
 * of several logs that are to be put into the order of their time before joining_take(). False:
 * there is none; line_event->event.wall_ns is then the line's time, or 0. *line_event must be the
 * same for all lines of a log, and unchanged between them: "last message repeated 3 times" refers
 * to it. */
bool log_parser_read(struct log_parser *parser, const char *line, size_t size,
		     struct line_event *line_event);

/* Hands out an event that has waited, one a call. Some failures wait a few seconds for a line that
 * tells the source (deferred_event.h) or takes them back (held.h). They come out with a later line,
 * so that event->line need not be the last one, or by this function when no more lines come: those
 * that have waited long enough at `now_wall_ns`, or all (INT64_MAX). With INT64_MAX the log has
 * ended, and an entry of journalctl that nothing ends is complete. */
bool log_parser_rest(struct log_parser *parser, int64_t now_wall_ns, struct event *event);

/* How many lines were given so far, which is the number of the last one. */
uint64_t log_parser_lines(const struct log_parser *parser);

/* Copies a line into `text` (at least LOG_LINE_MAX + 1 bytes), without passwords and with control
 * characters made visible, so that it may be stored as evidence. */
void log_line_clean(const char *line, size_t size, char *text);

#endif
