/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines that were shipped as JSON: by Filebeat, Logstash, Vector, Fluent Bit, syslog-ng, NXLog,
 * GELF, Loki, cloud collectors, and templates of rsyslog. The message, with the program that wrote
 * it where a member names it. Not here: Docker's own file and the journal's JSON (unwrap.h).
 */
#ifndef SEKISHO_SHIPPED_H
#define SEKISHO_SHIPPED_H

#include "log/envelope.h"
#include "log/flat_json.h"
#include "log/json_members.h"
#include "log/parse.h"

enum shipped_answer {
	SHIPPED_OTHER = 0, /* no such object: the line is read as it is */
	SHIPPED_NOTHING,   /* one that says nothing that counts (trust.h) */
	SHIPPED_LINE,
};

struct shipped {
	struct span line;   /* into `room` or the line given: valid as long as both are */
	struct stamp clock; /* kind STAMP_NONE: no member tells the time */
	bool contained;	    /* a container wrote it: the line needs no header of its own */
	bool error_stream;
	bool part; /* of a line that goes on in the next object of that stream */
};

struct shipped_room {
	char message[LOG_LINE_MAX];
	char line[LOG_LINE_MAX];
	char time[40];
	struct flat_json json; /* of the object that was read last */
	const char *names[MEMBER_COUNT + 1];
};

/* Before anything is read into it. */
void shipped_begin(struct shipped_room *room);

/* Appends as much as fits into LOG_LINE_MAX bytes; returns how many of `line` are used then. */
size_t line_append(char line[LOG_LINE_MAX], size_t used, struct span text);

/* The object of a line that is one; also behind "TIME\tTAG\t", as Fluentd writes it. Pure.
 *
 * A line without a header of its own counts only where the object names a mail server's program, or
 * a container: what else is shipped into the same file may be a stranger's text. An object with two
 * messages, or two members of one name, says nothing: a template that escapes nothing lets a
 * stranger add members. */
enum shipped_answer shipped_read(struct span line, struct shipped_room *room, struct shipped *out);

/* The same of an object that is in room->json, read of `line`. */
enum shipped_answer shipped_take(struct span line, struct shipped_room *room, struct shipped *out);

/* Reads the envelope on where a container's line is such an object: what its own logger, or a
 * collector in it, made of a line. *room is made when a line needs it; free() ends it. */
void shipped_open(struct shipped_room **room, struct envelope *envelope);

/* "2026-11-08T10:00:01Z {app="mail", pod="mail-0"} LINE", as logcli prints what Loki has; the line
 * needs a header of its own unless a label names a container. Pure. */
bool shipped_labelled(struct span line, struct shipped *out);

/* Whether the line may begin as Fluentd's do; by a few bytes, for the many that do not. */
static inline bool shipped_has_tabs(struct span line)
{
	if (line.size < 40 || line.at[4] != '-' || line.at[10] != 'T' ||
	    line.at[line.size - 1] != '}')
		return false;
	return memchr(line.at + 19, '\t', 21);
}

#endif
