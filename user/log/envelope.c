// SPDX-License-Identifier: GPL-2.0-or-later
/* See envelope.h. Pure. */
#include "log/envelope.h"

#include <ctype.h>

#define MOST_LAYERS 6

/* Skips "<22>", of one to three digits. */
static void skip_priority(struct span *line)
{
	struct span rest = *line;
	uint32_t priority;

	if (span_skip(&rest, "<") && span_number(&rest, &priority) && span_skip(&rest, ">"))
		*line = rest;
}

/* The outermost stamp gives the time, unless an inner one names its zone and the outer does not. */
static void take_stamp(struct envelope *envelope, const struct stamp *stamp)
{
	envelope->stamp_kind = stamp->kind;
	envelope->stamp = stamp->text;
	if (!envelope->clock.kind || (stamp->zoned && !envelope->clock.zoned))
		envelope->clock = *stamp;
}

/* Reads "1 " of RFC 5424, then: stamp host program pid message-id structured-data message. */
static bool read_5424(struct span line, struct envelope *envelope)
{
	struct stamp stamp = { .kind = STAMP_NONE };

	if (!span_skip(&line, "1 ") || (!span_skip(&line, "- ") && !stamp_read(&line, &stamp)))
		return false;
	if (stamp.kind)
		take_stamp(envelope, &stamp);
	return envelope_read_5424(line, envelope);
}

/* Reads the same as sysklogd writes it to a file: without priority and version. Exim's own file has
 * no T in its stamp. */
static bool read_unversioned(struct span line, struct envelope *envelope)
{
	struct envelope inner = *envelope;

	if (envelope->stamp_kind != STAMP_DATE || envelope->stamp.at[10] != 'T' ||
	    !envelope_read_5424(line, &inner) || !envelope_is_mail(inner.program))
		return false;
	*envelope = inner;
	return true;
}

/*
 * Reads "program[pid]: " or "program: "; otherwise the line is left as it is. With `plain` the name
 * must consist of the usual characters of names, and have a pid or be a mail server's.
 */
static bool read_program(struct span *line, bool plain, struct envelope *envelope)
{
	struct span rest = *line, program;
	uint32_t pid = 0;
	size_t size = 0, image;

	while (size < rest.size && size < ENVELOPE_PROGRAM_MOST && rest.at[size] > ' ' &&
	       rest.at[size] != ':' && rest.at[size] != '[' &&
	       (!plain || isalnum((unsigned char)rest.at[size]) || strchr("._/-", rest.at[size])))
		size++;
	if (!plain && size + 1 < rest.size && rest.at[size] == ':' && rest.at[size + 1] != ' ' &&
	    (image = envelope_image_size(rest, size)))
		size = image;
	program = span_cut(rest, 0, size);
	rest = span_from(rest, size);
	if (!size ||
	    (span_skip(&rest, "[") && (!span_number(&rest, &pid) || !span_skip(&rest, "]"))) ||
	    (pid && (envelope_skip_level(&rest), false)) || !span_skip(&rest, ":") ||
	    (plain && !pid && !envelope_is_mail(program)))
		return false;
	span_skip(&rest, " ");
	envelope->program = program;
	envelope->pid = pid;
	*line = rest;
	return true;
}

/* Unwraps "message repeated 3 times: [ MESSAGE]" (rsyslog), and skips Solaris syslog's "[ID 197553
 * mail.info] ". */
static void read_text(struct envelope *envelope)
{
	struct span rest = envelope->text;
	uint32_t repeat;

	if (!rest.size)
		return;
	/* A template may put its own blank before a message that has one. */
	if (*rest.at == ' ' && envelope->program.size) {
		rest = span_from(rest, 1);
		envelope->text = rest;
		envelope->doubled |= envelope_may_fold(envelope->program);
		if (!rest.size)
			return;
	}
	if (*rest.at == '[' && span_skip(&rest, "[ID ")) {
		size_t end = span_find(rest, "] ");

		if (end != SPAN_NONE)
			envelope->text = span_from(rest, end + 2);
		return;
	}
	if (*rest.at != 'm' || !span_skip(&rest, "message repeated ") ||
	    !span_number(&rest, &repeat) || !span_skip(&rest, " times: [") || !span_ends(rest, "]"))
		return;
	rest.size--;
	span_skip(&rest, " ");
	envelope->text = rest;
	repeat = repeat < 1 ? 1 : repeat > ENVELOPE_MOST_REPEATS ? ENVELOPE_MOST_REPEATS : repeat;
	if (envelope->repeat == 1)
		envelope->repeat = repeat;
}

/* Reads the form of nearly every line: "host program[pid]: " or "host program: ", of plain
 * characters. */
static bool read_usual(struct span line, struct envelope *envelope)
{
	/* 1: characters of hosts and programs; 2: of programs only. */
	static const unsigned char kinds[256] = {
		['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1,
		['-'] = 1,	   ['_'] = 1,	      ['/'] = 2,
	};
	size_t at = 0, begin;
	uint32_t pid = 0;

	while (at < line.size && kinds[(unsigned char)line.at[at]] == 1)
		at++;
	if (!at || at >= line.size || line.at[at] != ' ')
		return false;
	begin = ++at;
	while (at < line.size && kinds[(unsigned char)line.at[at]])
		at++;
	if (at == begin || at - begin > ENVELOPE_PROGRAM_MOST || at + 2 > line.size)
		return false;
	envelope->program = span_cut(line, begin, at);
	if (line.at[at] == '[') {
		size_t most = ++at + 9;

		for (; at < line.size && at < most && isdigit((unsigned char)line.at[at]); at++)
			pid = pid * 10 + (uint32_t)(line.at[at] - '0');
		if (at + 9 == most || at + 2 > line.size || line.at[at++] != ']')
			return false;
	}
	/* A colon without a blank may belong to a facility: "mail:info". */
	if (line.at[at++] != ':' || (at < line.size && line.at[at] != ' '))
		return false;
	envelope->pid = pid;
	envelope->layering = LAYER_SYSLOG;
	envelope->text = span_from(line, at + (at < line.size && line.at[at] == ' '));
	return true;
}

/*
 * Reads what follows a stamp: "host program[pid]: ", "program: " of Dovecot's own file, or "relay
 * host program: " of a relay that keeps the line as it came, each with a facility anywhere before
 * the program. Any other line stays as it is: in Exim's own file the message stands there.
 */
static void read_words(struct span line, struct envelope *envelope)
{
	struct span rest = line, first;

	if (read_usual(line, envelope))
		return;
	envelope->program = span_cut(line, 0, 0);
	envelope->layering = LAYER_OWN;
	envelope->text = line;
	while (envelope_skip_facility(&rest))
		;
	if (envelope->stamp_kind == STAMP_YEARLESS &&
	    envelope_take_bracketed(&rest, &envelope->program)) {
		envelope->layering = LAYER_SYSLOG;
		envelope->text = rest;
		return;
	}
	if (envelope_take_own(&rest, &envelope->program) ||
	    (!envelope_is_address(rest) && read_program(&rest, false, envelope))) {
		envelope->text = rest;
		return;
	}
	if (!envelope_skip_host(&rest))
		return;
	envelope->text = first = rest;
	while (envelope_skip_facility(&rest))
		;
	skip_priority(&rest);
	if (!read_program(&rest, false, envelope) &&
	    !envelope_take_tag(&rest, &envelope->program)) {
		if (!envelope_skip_host(&rest) || (envelope_skip_facility(&rest), false) ||
		    !read_program(&rest, true, envelope)) {
			if (!read_unversioned(line, envelope))
				envelope->text = first;
			return;
		}
	}
	envelope->layering = LAYER_SYSLOG;
	envelope->text = rest;
}

/* Skips stamps, priorities and facilities before the host. There may be several: a container's log
 * with times, socklog behind multilog. */
static bool read_stamps(struct span *line, struct envelope *envelope)
{
	struct stamp stamp;
	bool found = false;

	for (unsigned i = 0; i < MOST_LAYERS; i++) {
		if (line->size && *line->at == '<')
			skip_priority(line);
		/* A stamp begins with a blank only where nothing stands before it. */
		if (line->size && *line->at == ' ' &&
		    (found || envelope->layers || envelope->wrapping))
			break;
		if (stamp_may_begin(*line) && stamp_read(line, &stamp)) {
			take_stamp(envelope, &stamp);
			found = true;
		} else if (!line->size || !isalpha((unsigned char)*line->at) ||
			   !envelope_skip_facility(line)) {
			break;
		}
	}
	return found;
}

/* Reads "host program[pid]: " of a mail server without a stamp, as fail2ban takes lines from the
 * journal: the program's own stamp must follow. */
static bool read_unstamped(struct span *line, struct envelope *envelope)
{
	struct envelope inner = *envelope;
	struct span rest = *line;

	if (!envelope_skip_host(&rest) || !read_program(&rest, true, &inner) || !inner.pid ||
	    !envelope_is_mail(inner.program) || !stamp_may_begin(rest))
		return false;
	*envelope = inner;
	*line = rest;
	return true;
}

/* Reads one layer. `unstamped`: it needs no stamp, since it came out of a container. */
static void read_layer(struct span line, bool unstamped, struct envelope *envelope)
{
	struct span rest;

	if (line.size && *line.at == '<')
		skip_priority(&line);
	if (line.size > 20 && line.at[0] == '1' && line.at[1] == ' ' && read_5424(line, envelope))
		return;
	if (read_stamps(&line, envelope)) {
		if (line.size > 20 && line.at[0] == '1' && read_5424(line, envelope))
			return;
		envelope->whole = line;
		/* These stamps are written by the program itself. */
		if (envelope->stamp_kind == STAMP_TAI64N || envelope->stamp_kind == STAMP_CLF) {
			envelope->bare = rest = line;
			envelope->layering = LAYER_OWN;
			read_program(&rest, false, envelope);
			envelope->text = rest;
			return;
		}
		read_words(line, envelope);
		return;
	}
	if (line.size && *line.at == '[' && !envelope->layers)
		unstamped |= envelope_skip_monotonic(&line);
	envelope->whole = envelope->bare = envelope->text = rest = line;
	envelope->layering = LAYER_BARE;
	if (read_program(&rest, false, envelope) ||
	    (!envelope->layers && read_unstamped(&rest, envelope)) ||
	    (unstamped && envelope_skip_host(&rest) && read_program(&rest, true, envelope))) {
		envelope->text = rest;
		envelope->layering = LAYER_PROGRAM;
	}
}

/* Checks single characters first, since most programs are none. */
static bool may_be_container(struct span program)
{
	const char *at = program.at;
	size_t size = program.size;

	return size >= 4 &&
	       (size == 12 || size == 64 || at[2] == 'c' || at[2] == 'd' || *at == 'c' ||
		isdigit((unsigned char)at[size - 1]) || (size > 13 && at[size - 13] == '/'));
}

/* "dovecot: Nov 21 10:00:00 ", as version 1 begins each line of its own file, or "dovecot-info: ",
 * as a collector may ship the file of later versions. */
static bool is_own_file(const struct envelope *envelope)
{
	return !envelope->pid && span_starts(envelope->program, "dovecot");
}

/* Whether the message of the layer read last may be a line with a header of its own. */
static bool may_go_on(const struct envelope *envelope, struct span text, bool *unstamped)
{
	bool header = stamp_may_begin(text) ||
		      (text.size > 20 && (text.at[0] == '<' || !memcmp(text.at, "1 ", 2)));

	*unstamped = may_be_container(envelope->program) &&
		     envelope_is_container(envelope->program);
	if (*unstamped)
		return true;
	if (!header)
		return false;
	if (is_own_file(envelope))
		return true;
	/* A relay that puts its own stamp and name before the line that it got. */
	if (!envelope->program.size)
		return envelope->stamp_kind == STAMP_YEARLESS || envelope->stamp_kind == STAMP_DATE;
	return envelope_may_hold(envelope->program, envelope->pid);
}

/* Whether `inner`, read within `outer`, is really a layer. */
static bool is_layer(const struct envelope *outer, const struct envelope *inner)
{
	switch (inner->layering) {
	case LAYER_BARE:
		return outer->contained || outer->wrapping;
	case LAYER_PROGRAM:
		return envelope_is_mail(inner->program);
	case LAYER_OWN:
		/* Exim's own file names no program, and never comes through a relay. */
		return outer->program.size &&
		       (inner->program.size || inner->stamp_kind == STAMP_DATE);
	case LAYER_SYSLOG:
	case LAYER_5424:
		return inner->program.size && (outer->contained || !is_own_file(outer));
	}
	return false;
}

static void go_on(struct envelope *envelope)
{
	while (envelope->layers < MOST_LAYERS && envelope->text.size) {
		struct envelope inner = *envelope;
		struct span text = envelope->text;
		bool unstamped;

		if (!may_go_on(envelope, text, &unstamped))
			return;
		if (unstamped && envelope_skip_compose(&text))
			inner.wrapping = WRAP_COMPOSE;
		inner.program = inner.bare = (struct span){ text.at, 0 };
		inner.stamp = (struct span){ text.at, 0 };
		inner.stamp_kind = STAMP_NONE;
		inner.pid = 0;
		inner.contained |= unstamped || envelope->program.size;
		read_layer(text, unstamped, &inner);
		if (!is_layer(envelope, &inner))
			return;
		inner.layers++;
		*envelope = inner;
		read_text(envelope);
	}
}

/* Without a time before the program, the one that Exim itself puts before its message. */
static void take_exim_clock(struct envelope *envelope)
{
	struct span text = envelope->text;
	struct stamp stamp;

	if (span_starts(envelope->program, "exim") && stamp_may_begin(text) &&
	    stamp_read(&text, &stamp))
		envelope->clock = stamp;
}

void envelope_read(struct span line, enum wrapping wrapping, const struct stamp *clock,
		   struct envelope *envelope)
{
	bool unstamped = wrapping == WRAP_DOCKER_JSON || wrapping == WRAP_CRI ||
			 wrapping == WRAP_JSON_CONTAINER;

	*envelope = (struct envelope){ .repeat = 1,
				       .program = { line.at, 0 },
				       .bare = { line.at, 0 },
				       .stamp = { line.at, 0 },
				       .wrapping = wrapping,
				       .contained = unstamped };
	if (clock)
		envelope->clock = *clock;
	if (line.size && line.at[line.size - 1] == '\r')
		line.size--;
	read_layer(line, unstamped, envelope);
	if (envelope->layering == LAYER_BARE && envelope_skip_compose(&line)) {
		envelope->wrapping = WRAP_COMPOSE;
		envelope->contained = true;
		read_layer(line, true, envelope);
	}
	envelope->layers = envelope->layering != LAYER_BARE;
	read_text(envelope);
	go_on(envelope);
	if (!envelope->clock.kind)
		take_exim_clock(envelope);
}
