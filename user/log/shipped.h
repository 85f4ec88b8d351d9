/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads lines that were shipped as JSON: by Filebeat, Logstash, Vector, Fluent Bit, syslog-ng,
 * NXLog, GELF, Loki, cloud collectors, and templates of rsyslog. The result is the message, with
 * the program that wrote it if a member names that. Not here: Docker's own file and the journal's
 * JSON (unwrap.h).
 */
#ifndef SEKISHO_SHIPPED_H
#define SEKISHO_SHIPPED_H

#include "log/envelope.h"
#include "log/flat_json.h"
#include "log/json_members.h"
#include "log/parse.h"

enum shipped_answer {
	SHIPPED_OTHER = 0, /* no such object: the line is read as it is */
	SHIPPED_NOTHING,   /* such an object, but nothing in it counts (trust.h) */
	SHIPPED_LINE,
};

struct shipped {
	struct span line;   /* into `room` or the line given: valid as long as both are */
	struct stamp clock; /* kind STAMP_NONE: no member has the time */
	bool contained;	    /* a container wrote it: the line needs no header of its own */
	bool error_stream;
	bool part; /* the line goes on in the next object of that stream */
};

struct shipped_room {
	char message[LOG_LINE_MAX];
	char line[LOG_LINE_MAX];
	char time[40];
	struct flat_json json; /* of the object that was read last */
	const char *names[MEMBER_COUNT + 1];
};

/* To be called before anything is read into the room. */
void shipped_begin(struct shipped_room *room);

/* Appends as much as fits into LOG_LINE_MAX bytes; returns how many of `line` are used then. */
size_t line_append(char line[LOG_LINE_MAX], size_t used, struct span text);

/* Reads a line that is such an object, also behind "TIME\tTAG\t", as Fluentd writes it, and in
 * "TAG: [TIME, OBJECT]", as Fluent Bit does. Pure. A line without a header of its own counts only
 * if the object names a mail server's program, or a container: other lines that are shipped into
 * the same file may be a stranger's text. An object with two messages, or two members of one name,
 * counts as nothing: a template that escapes nothing lets a stranger add members. */
enum shipped_answer shipped_read(struct span line, struct shipped_room *room, struct shipped *out);

/* The same for an object that was read from `line` into room->json. */
enum shipped_answer shipped_take(struct span line, struct shipped_room *room, struct shipped *out);

/* Whether the object that was read says that its line goes on in no other object: what CRI says of
 * it, else that it names a container and no part. */
bool shipped_is_whole(const struct flat_json *json);

/* The first time of the object that names its zone, or else the first one; kind STAMP_NONE: it has
 * none. */
void shipped_time(struct shipped_room *room, struct stamp *clock);

/* Reads on if a container's line is such an object, made by the container's own logger or by a
 * collector in it. *room is made when a line needs it; free() ends it. */
void shipped_open(struct shipped_room **room, struct envelope *envelope);

/* Reads "2026-11-08T10:00:01Z {app="mail", pod="mail-0"} LINE", as logcli prints Loki's lines. LINE
 * needs a header of its own unless a label names a container. Pure. */
bool shipped_labelled(struct span line, struct shipped *out);

/* Whether the line may be one of Fluentd's or Fluent Bit's. Looks at a few bytes, since most lines
 * are not. */
static inline bool shipped_has_tag(struct span line)
{
	if (line.size < 40)
		return false;
	if (line.at[line.size - 1] == ']')
		return line.at[line.size - 2] == '}';
	return line.at[line.size - 1] == '}' && line.at[4] == '-' && line.at[10] == 'T' &&
	       memchr(line.at + 19, '\t', 21);
}

#endif
