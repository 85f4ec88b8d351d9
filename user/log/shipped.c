// SPDX-License-Identifier: GPL-2.0-or-later
/* See shipped.h. Pure. */
#include "log/shipped.h"

#include <ctype.h>
#include <stdlib.h>
#include "log/flat_json.h"
#include "log/trust.h"

#define WORD_MOST 128 /* bytes of a member that is no message */

void shipped_begin(struct shipped_room *room)
{
	for (size_t i = 0; i < MEMBER_COUNT; i++)
		room->names[i] = member_names[i].name;
	room->names[MEMBER_COUNT] = NULL;
	flat_json_want(&room->json, room->names);
}

/* The next member of this role that is present, from `from` on; MEMBER_COUNT: there is none. */
static size_t next_of(const struct flat_json *json, enum member_role role, size_t from)
{
	size_t next = MEMBER_COUNT;

	for (size_t i = 0; i < json->found_count; i++)
		if (json->found[i] >= from && json->found[i] < next &&
		    member_names[json->found[i]].role == role)
			next = json->found[i];
	return next;
}

/* The first member of this role, a string or a number, decoded; empty: there is none. */
static struct span word_of(const struct flat_json *json, enum member_role role, char out[WORD_MOST])
{
	for (size_t i = next_of(json, role, 0); i < MEMBER_COUNT; i = next_of(json, role, i + 1)) {
		struct span value = json->values[i];

		if (value.size && value.size <= WORD_MOST &&
		    (flat_json_is_string(value) || isdigit((unsigned char)*value.at)))
			return flat_json_text(value, out, WORD_MOST);
	}
	return (struct span){ out, 0 };
}

static bool read_message(struct shipped_room *room, struct span *message)
{
	bool found = false;

	for (size_t i = next_of(&room->json, ROLE_MESSAGE, 0); i < MEMBER_COUNT;
	     i = next_of(&room->json, ROLE_MESSAGE, i + 1)) {
		struct span value = room->json.values[i];

		if (!flat_json_is_string(value))
			continue;
		if (found)
			return false;
		found = true;
		*message = flat_json_text(value, room->message, sizeof(room->message));
	}
	while (found && message->size && message->at[message->size - 1] == '\n')
		message->size--;
	return found && message->size;
}

/* Reads "1794132000", "1794132000.5", and the same in ms, us, ns, as a stamp in seconds. */
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

void shipped_time(struct shipped_room *room, struct stamp *clock)
{
	clock->kind = STAMP_NONE;
	for (size_t i = next_of(&room->json, ROLE_TIME, 0);
	     i < MEMBER_COUNT && !(clock->kind && clock->zoned);
	     i = next_of(&room->json, ROLE_TIME, i + 1)) {
		struct span value = room->json.values[i];
		struct stamp stamp = { .kind = STAMP_NONE };

		if (!value.size)
			continue;
		if ((isdigit((unsigned char)*value.at) && read_number(value, room, &stamp)) ||
		    (flat_json_is_string(value) && stamp_may_begin(value) &&
		     stamp_read(&value, &stamp)))
			if (!clock->kind || stamp.zoned)
				*clock = stamp;
	}
}

/* Reads "postfix/smtpd[12]:" as its two parts; Fluentd's "docker.mail" names no program. False: it
 * is no tag, or another member names a program that the tag does not begin with. */
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

/* Writes program and message as a line of syslog without a time. */
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

/* Whether the message is a line with a header of its own. `program` is the program by the object's
 * members, or empty. A collector that takes a line apart may also ship the whole line as the
 * message. */
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

static bool is_trusted(const struct flat_json *json)
{
	char uid[WORD_MOST], unit[WORD_MOST], comm[WORD_MOST];
	struct journal_origin origin = { .uid = word_of(json, ROLE_UID, uid),
					 .unit = word_of(json, ROLE_UNIT, unit),
					 .program = word_of(json, ROLE_COMM, comm) };

	return journal_is_trusted(&origin);
}

/* Whether there are two members of one name that a collector can have written, or something else
 * where it would write an object. */
static bool is_unsure(const struct flat_json *json)
{
	for (size_t i = 0; i < json->found_count; i++)
		if (json->found[i] >= MEMBER_SHIPPED && json->repeated[json->found[i]])
			return true;
	return json->broken;
}

bool shipped_is_whole(const struct flat_json *json)
{
	size_t part = next_of(json, ROLE_PART, 0);

	if (part < MEMBER_COUNT)
		return !span_is(json->values[part], "P");
	return next_of(json, ROLE_CONTAINER, 0) < MEMBER_COUNT &&
	       !span_is(json->values[MEMBER_PARTIAL], "true");
}

enum shipped_answer shipped_take(struct span line, struct shipped_room *room, struct shipped *out)
{
	const struct flat_json *json = &room->json;
	char tag[WORD_MOST], name[WORD_MOST], number[WORD_MOST], other[WORD_MOST];
	struct span message, program, pid;

	*out = (struct shipped){ .clock = { .kind = STAMP_NONE } };
	if (is_unsure(json) || !read_message(room, &message))
		return SHIPPED_OTHER;
	if (!is_trusted(json))
		return SHIPPED_NOTHING;
	program = word_of(json, ROLE_PROGRAM, name);
	pid = word_of(json, ROLE_PID, number);
	if (!read_tag(word_of(json, ROLE_TAG, tag), &program, &pid))
		return SHIPPED_OTHER;
	shipped_time(room, &out->clock);
	out->line = message;
	/* If no member names the program and quotes are not escaped, a name that a client gives can
	 * end the message: what the server wrote behind it then becomes a member. */
	if (!program.size && flat_json_has_line(line, json, MEMBER_SHIPPED))
		return SHIPPED_OTHER;
	if (has_header(message, program))
		return SHIPPED_LINE;
	if (is_mail(program)) {
		out->line = join_line(room, program, pid, message);
		return SHIPPED_LINE;
	}
	out->contained = word_of(json, ROLE_CONTAINER, other).size ||
			 word_of(json, ROLE_STREAM, other).size;
	if (!out->contained || program.size)
		return SHIPPED_OTHER;
	out->error_stream = span_is(word_of(json, ROLE_STREAM, other), "stderr");
	out->part = span_is(word_of(json, ROLE_PART, other), "P");
	return SHIPPED_LINE;
}

/* Skips "2026-11-08T10:00:01+00:00\tdocker.mail\t", up to the object. */
static void skip_fluentd(struct span *line, struct stamp *stamp)
{
	size_t tab = *line->at == '{' ? SPAN_NONE : span_find_char(*line, '\t'), next;
	struct span rest, time;

	if (tab == SPAN_NONE || tab > 40)
		return;
	rest = span_from(*line, tab + 1);
	next = span_find_char(rest, '\t');
	if (next == SPAN_NONE || next + 1 >= rest.size || rest.at[next + 1] != '{')
		return;
	time = span_cut(*line, 0, tab);
	if (!stamp_may_begin(time) || !stamp_read(&time, stamp))
		stamp->kind = STAMP_NONE;
	*line = span_from(rest, next + 1);
}

/* Skips "mail.log: [1794132000.500000000, " before an object and the bracket behind it. */
static void skip_fluent_bit(struct span *line, struct stamp *stamp)
{
	size_t colon = 0, comma;
	struct span rest, time;

	while (colon < line->size && line->at[colon] > ' ' && line->at[colon] != ':')
		colon++;
	rest = span_from(*line, colon);
	if (!colon || !span_ends(rest, "]") || !span_skip(&rest, ": ["))
		return;
	comma = span_find(rest, ", {");
	time = span_cut(rest, 0, comma == SPAN_NONE ? 0 : comma);
	if (!stamp_read(&time, stamp) || time.size)
		return;
	*line = span_cut(rest, comma + 2, rest.size - 1);
}

enum shipped_answer shipped_read(struct span line, struct shipped_room *room, struct shipped *out)
{
	struct stamp stamp = { .kind = STAMP_NONE };
	enum shipped_answer answer;

	skip_fluentd(&line, &stamp);
	skip_fluent_bit(&line, &stamp);
	if (!flat_json_read(line, &room->json))
		return SHIPPED_OTHER;
	answer = shipped_take(line, room, out);
	if (stamp.kind && (!out->clock.kind || (stamp.zoned && !out->clock.zoned)))
		out->clock = stamp;
	return answer;
}

void shipped_open(struct shipped_room **room, struct envelope *envelope)
{
	struct span text = envelope->text;
	struct stamp clock = envelope->clock;
	bool doubled = envelope->doubled;
	struct shipped shipped;

	/* The object's first member looks like the name of a program. */
	if (envelope->contained && envelope->whole.size && *envelope->whole.at == '{')
		text = envelope->whole;
	else if (!text.size || *text.at != '{' || !envelope_is_container(envelope->program))
		return;
	if (!*room && (*room = malloc(sizeof(**room))))
		shipped_begin(*room);
	if (!*room || shipped_read(text, *room, &shipped) != SHIPPED_LINE || shipped.part)
		return;
	if (!clock.kind || (shipped.clock.zoned && !clock.zoned))
		clock = shipped.clock;
	envelope_read(shipped.line, WRAP_JSON_CONTAINER, &clock, envelope);
	envelope->doubled = doubled;
}

/* Skips a label "app="mail"", in whose value quotes are escaped; *container: it names a
 * container. */
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
