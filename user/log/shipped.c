// SPDX-License-Identifier: GPL-2.0-or-later
/* See shipped.h. Pure. */
#include "log/shipped.h"

#include <ctype.h>
#include <stdlib.h>
#include "log/flat_json.h"
#include "log/trust.h"

#define WORD_MOST 128 /* of a member that is no message */

/* What a member tells. Of those that tell the same, the first that is there counts; of a message
 * there must not be two. */
enum role { MESSAGE, TAG, PROGRAM, PID, TIME, UID, UNIT, COMM, CONTAINER, STREAM, PART };

static const struct shipped_member {
	const char *name;
	enum role role;
} members[] = {
	{ "message", MESSAGE },
	{ "msg", MESSAGE },
	{ "MESSAGE", MESSAGE },
	{ "Message", MESSAGE },
	{ "log", MESSAGE },
	{ "short_message", MESSAGE }, /* GELF */
	{ "line", MESSAGE },	      /* logcli -o jsonl */
	{ "textPayload", MESSAGE },   /* Google's */
	{ "LogMessage", MESSAGE },    /* Azure's */
	/* "postfix/smtpd[12]:" */
	{ "syslogtag", TAG },
	{ "tag", TAG },
	{ "SYSLOG_IDENTIFIER", PROGRAM },
	{ "PROGRAM", PROGRAM },
	{ "program", PROGRAM },
	{ "ident", PROGRAM },
	{ "appname", PROGRAM },
	{ "app-name", PROGRAM },
	{ "app_name", PROGRAM },
	{ "programname", PROGRAM },
	{ "SourceName", PROGRAM }, /* NXLog */
	{ "_program", PROGRAM },
	{ "_appname", PROGRAM },
	{ "log.syslog.appname", PROGRAM }, /* ECS: Filebeat, Elastic Agent */
	{ "syslog.appname", PROGRAM },
	{ "syslog.identifier", PROGRAM },
	{ "process.name", PROGRAM },
	{ "SYSLOG_PID", PID },
	{ "_PID", PID },
	{ "PID", PID },
	{ "pid", PID },
	{ "procid", PID },
	{ "ProcessID", PID },
	{ "_pid", PID },
	{ "log.syslog.procid", PID },
	{ "syslog.pid", PID },
	{ "syslog.procid", PID },
	{ "process.pid", PID },
	{ "timereported", TIME },
	{ "ISODATE", TIME },
	{ "time", TIME },
	{ "timestamp", TIME },
	{ "EventTime", TIME },
	{ "@timestamp", TIME },
	{ "timegenerated", TIME },
	{ "TimeGenerated", TIME },
	{ "date", TIME },
	{ "DATE", TIME },
	{ "_UID", UID },
	{ "journald.uid", UID },
	{ "_SYSTEMD_UNIT", UNIT },
	{ "systemd.unit", UNIT },
	{ "_COMM", COMM },
	{ "journald.process.name", COMM },
	{ "container_id", CONTAINER },
	{ "container_name", CONTAINER },
	{ "_container_id", CONTAINER },
	{ "_container_name", CONTAINER },
	{ "container.id", CONTAINER },
	{ "kubernetes.container_name", CONTAINER },
	{ "kubernetes.container.name", CONTAINER },
	{ "resource.labels.container_name", CONTAINER },
	{ "stream", STREAM },
	{ "logtag", PART }, /* "P" or "F", by Fluent Bit of CRI's lines */
};

#define MEMBERS (sizeof(members) / sizeof(*members))

_Static_assert(MEMBERS < FLAT_JSON_MOST, "all members are looked for");

struct object {
	struct flat_json json;
	const char *names[MEMBERS + 1];
};

/* The first member that tells it, a string or a number, decoded; empty: none does. */
static struct span word_of(const struct object *object, enum role role, char out[WORD_MOST])
{
	struct span word = { out, 0 };

	for (size_t i = 0; i < MEMBERS; i++) {
		struct span value = object->json.values[i];

		if (members[i].role != role || !value.size || value.size > WORD_MOST ||
		    (!flat_json_is_string(value) && !isdigit((unsigned char)*value.at)))
			continue;
		word.size = flat_json_decode(value, out, WORD_MOST);
		break;
	}
	return word;
}

static bool read_message(const struct object *object, struct shipped_room *room,
			 struct span *message)
{
	bool found = false;

	for (size_t i = 0; i < MEMBERS; i++) {
		struct span value = object->json.values[i];

		if (members[i].role != MESSAGE || !flat_json_is_string(value))
			continue;
		if (found)
			return false;
		found = true;
		message->at = room->message;
		message->size = flat_json_decode(value, room->message, sizeof(room->message));
	}
	while (found && message->size && message->at[message->size - 1] == '\n')
		message->size--;
	return found && message->size;
}

/* "1794132000", "1794132000.5", and the same in ms, us, ns, as a stamp of seconds. */
static bool read_number(struct span value, struct shipped_room *room, struct stamp *stamp)
{
	size_t whole = 0, used;
	struct span text;

	while (whole < value.size && isdigit((unsigned char)value.at[whole]))
		whole++;
	if (whole < 10 || whole > 19 || (whole < value.size && value.at[whole] != '.'))
		return false;
	memcpy(room->time, value.at, 10);
	room->time[10] = '.';
	used = 11;
	for (size_t i = 10; i < value.size && used < 17; i++)
		if (isdigit((unsigned char)value.at[i]))
			room->time[used++] = value.at[i];
	while (used < 17)
		room->time[used++] = '0';
	text = (struct span){ room->time, used };
	return stamp_read(&text, stamp);
}

/* One that says its zone, else the first. */
static void read_time(const struct object *object, struct shipped_room *room, struct stamp *clock)
{
	clock->kind = STAMP_NONE;
	for (size_t i = 0; i < MEMBERS && !(clock->kind && clock->zoned); i++) {
		struct span value = object->json.values[i];
		struct stamp stamp = { .kind = STAMP_NONE };

		if (members[i].role != TIME || !value.size)
			continue;
		if ((isdigit((unsigned char)*value.at) && read_number(value, room, &stamp)) ||
		    (flat_json_is_string(value) && stamp_may_begin(value) &&
		     stamp_read(&value, &stamp)))
			if (!clock->kind || stamp.zoned)
				*clock = stamp;
	}
}

/* "postfix/smtpd[12]:" as its two parts; "docker.mail" of Fluentd is no program. False: a program
 * is named beside it that is not the tag's, nor its begin ("postfix"), or it is no tag. */
static bool read_tag(struct span tag, struct span *program, struct span *pid)
{
	size_t open = span_find_char(tag, '[');

	if (span_find_char(tag, ' ') != SPAN_NONE)
		return false;
	if (!span_ends(tag, ":") && !span_ends(tag, "]"))
		return true;
	if (span_ends(tag, ":"))
		tag.size--;
	if (open != SPAN_NONE && span_ends(tag, "]")) {
		*pid = span_cut(tag, open + 1, tag.size - 1);
		tag.size = open;
	}
	if (program->size > tag.size || memcmp(program->at, tag.at, program->size) != 0)
		return false;
	*program = tag;
	return true;
}

static bool is_word(struct span word)
{
	for (size_t i = 0; i < word.size; i++)
		if (word.at[i] <= ' ' || word.at[i] == ':' || word.at[i] == '[')
			return false;
	return word.size > 0;
}

static bool is_mail(struct span program)
{
	return is_word(program) && (envelope_is_mail(program) || span_is(program, "auth") ||
				    span_is(program, "smtp_auth") || span_is(program, "timsieved"));
}

size_t line_append(char line[LOG_LINE_MAX], size_t used, struct span text)
{
	size_t room = LOG_LINE_MAX - used;

	memcpy(line + used, text.at, text.size < room ? text.size : room);
	return used + (text.size < room ? text.size : room);
}

/* Program and message as a line of syslog that tells no time. */
static struct span join_line(struct shipped_room *room, struct span program, struct span pid,
			     struct span message)
{
	size_t used = line_append(room->line, 0, span_of("1 - - "));

	used = line_append(room->line, used, program);
	used = line_append(room->line, used, span_of(" "));
	used = line_append(room->line, used, is_word(pid) ? pid : span_of("-"));
	used = line_append(room->line, used, span_of(" - - "));
	used = line_append(room->line, used, message);
	return (struct span){ room->line, used };
}

/* Whether the message is a line with a header of its own; `program` is what the object says of it,
 * or empty. A collector that takes a line apart may leave it whole in its message. */
static bool has_header(struct span message, struct span program)
{
	struct envelope envelope;

	envelope_read(message, WRAP_JSON, NULL, &envelope);
	if (program.size)
		return (envelope.layering == LAYER_SYSLOG || envelope.layering == LAYER_5424) &&
		       envelope.program.size == program.size &&
		       !memcmp(envelope.program.at, program.at, program.size);
	return envelope.layering != LAYER_BARE &&
	       (envelope.layering != LAYER_PROGRAM || envelope_is_mail(envelope.program));
}

static bool is_trusted(const struct object *object)
{
	char uid[WORD_MOST], unit[WORD_MOST], comm[WORD_MOST];
	struct journal_origin origin = { .uid = word_of(object, UID, uid),
					 .unit = word_of(object, UNIT, unit),
					 .program = word_of(object, COMM, comm) };

	return journal_is_trusted(&origin);
}

static enum shipped_answer read_object(const struct object *object, struct shipped_room *room,
				       struct shipped *out)
{
	char tag[WORD_MOST], name[WORD_MOST], number[WORD_MOST], other[WORD_MOST];
	struct span message, program, pid;

	if (!read_message(object, room, &message))
		return SHIPPED_OTHER;
	if (!is_trusted(object))
		return SHIPPED_NOTHING;
	program = word_of(object, PROGRAM, name);
	pid = word_of(object, PID, number);
	if (!read_tag(word_of(object, TAG, tag), &program, &pid))
		return SHIPPED_OTHER;
	read_time(object, room, &out->clock);
	out->line = message;
	/* Where nothing says of which program it is, and quotes are not escaped, a name that a
	 * client gives can end the message: what the server wrote behind it is a member then. */
	if (!program.size && object->json.line)
		return SHIPPED_OTHER;
	if (has_header(message, program))
		return SHIPPED_LINE;
	if (is_mail(program)) {
		out->line = join_line(room, program, pid, message);
		return SHIPPED_LINE;
	}
	out->contained = word_of(object, CONTAINER, other).size ||
			 word_of(object, STREAM, other).size;
	if (!out->contained || program.size)
		return SHIPPED_OTHER;
	out->error_stream = span_is(word_of(object, STREAM, other), "stderr");
	out->part = span_is(word_of(object, PART, other), "P");
	return SHIPPED_LINE;
}

/* "2026-11-08T10:00:01+00:00\tdocker.mail\t{": moves to the object. */
static void skip_fluentd(struct span *line)
{
	size_t tab = *line->at == '{' ? SPAN_NONE : span_find_char(*line, '\t'), next;
	struct span rest;

	if (tab == SPAN_NONE || tab > 40)
		return;
	rest = span_from(*line, tab + 1);
	next = span_find_char(rest, '\t');
	if (next != SPAN_NONE && next + 1 < rest.size && rest.at[next + 1] == '{')
		*line = span_from(rest, next + 1);
}

enum shipped_answer shipped_read(struct span line, struct shipped_room *room, struct shipped *out)
{
	struct object object;

	*out = (struct shipped){ .clock = { .kind = STAMP_NONE } };
	skip_fluentd(&line);
	for (size_t i = 0; i < MEMBERS; i++)
		object.names[i] = members[i].name;
	object.names[MEMBERS] = NULL;
	object.json.names = object.names;
	if (!flat_json_read(line, &object.json) || object.json.repeated)
		return SHIPPED_OTHER;
	return read_object(&object, room, out);
}

void shipped_open(struct shipped_room **room, struct envelope *envelope)
{
	struct span text = envelope->text;
	struct stamp clock = envelope->clock;
	struct shipped shipped;

	/* Its first member reads as the name of a program. */
	if (envelope->contained && envelope->whole.size && *envelope->whole.at == '{')
		text = envelope->whole;
	else if (!text.size || *text.at != '{' || !envelope_is_container(envelope->program))
		return;
	if (!*room)
		*room = malloc(sizeof(**room));
	if (!*room || shipped_read(text, *room, &shipped) != SHIPPED_LINE || shipped.part)
		return;
	if (!clock.kind || (shipped.clock.zoned && !clock.zoned))
		clock = shipped.clock;
	envelope_read(shipped.line, WRAP_JSON_CONTAINER, &clock, envelope);
}

/* "app="mail"", and whether it names a container; the value's quotes are escaped. */
static bool skip_label(struct span *line, bool *container)
{
	size_t size = 0, end;
	struct span name;

	while (size < line->size &&
	       (isalnum((unsigned char)line->at[size]) || line->at[size] == '_'))
		size++;
	name = span_cut(*line, 0, size);
	*line = span_from(*line, size);
	if (!size || !span_skip(line, "=\""))
		return false;
	for (end = 0; end < line->size && line->at[end] != '"'; end++)
		end += line->at[end] == '\\';
	if (end >= line->size)
		return false;
	*line = span_from(*line, end + 1);
	*container |= span_is(name, "container") || span_is(name, "container_name") ||
		      span_is(name, "pod");
	return true;
}

bool shipped_labelled(struct span line, struct shipped *out)
{
	struct span none = { line.at, 0 };

	*out = (struct shipped){ .clock = { .kind = STAMP_NONE } };
	if (!stamp_read(&line, &out->clock) || out->clock.kind != STAMP_DATE || !out->clock.zoned ||
	    !span_skip(&line, "{"))
		return false;
	while (!span_skip(&line, "} ")) {
		if (!skip_label(&line, &out->contained))
			return false;
		span_skip(&line, ", ");
	}
	out->line = line;
	return out->contained || has_header(line, none);
}
