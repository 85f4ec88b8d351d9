// SPDX-License-Identifier: GPL-2.0-or-later
/* Where Exim writes the client's address, and whether another one may stand there; see exim.h.
 * Pure. */
#include "log/exim.h"

#include <ctype.h>

/* Only a crafted line has more candidates than this; nothing is taken from it. */
#define MOST_PLACES 64

/* "[192.0.2.7]:2129"; the port may be missing. */
static bool read_bracket(struct span *text, struct address *address, uint32_t *port)
{
	struct span rest = *text;
	size_t close;

	*port = 0;
	if (!span_skip(&rest, "["))
		return false;
	close = span_find_char(rest, ']');
	if (close == SPAN_NONE || close > ADDRESS_TEXT_SIZE ||
	    !span_address(span_cut(rest, 0, close), address))
		return false;
	rest = span_from(rest, close + 1);
	if (rest.size > 1 && rest.at[0] == ':' && isdigit((unsigned char)rest.at[1])) {
		rest = span_from(rest, 1);
		if (!span_number(&rest, port))
			return false;
	}
	*text = rest;
	return true;
}

/* "[192.0.2.7]:2129 I=[198.51.100.1]:465 Ci=3" */
static bool read_place(struct span *text, struct exim_place *place)
{
	struct address own;
	uint32_t port, number;

	place->port = 0;
	if (!read_bracket(text, &place->address, &port))
		return false;
	place->from_port = port;
	if (span_skip(text, " I=") && !read_bracket(text, &own, &place->port))
		return false;
	return !span_skip(text, " Ci=") || span_number(text, &number);
}

static enum event_service service_of(const struct exim_place *place)
{
	return place->port == 465 || place->port == 587 ? EVENT_SERVICE_SUBMISSION
							: EVENT_SERVICE_SMTP;
}

void exim_set_place(struct parsed_line *parsed, const struct exim_place *place)
{
	parsed->has_source = true;
	parsed->source = place->address;
	parsed->service = service_of(place);
}

void exim_set_login_place(struct parsed_line *parsed, const struct exim_place *place)
{
	exim_set_place(parsed, place);
	if (!place->port)
		parsed->service = EVENT_SERVICE_UNKNOWN;
}

/* Whether Exim may write this before the address: a checked host name, a name that the client gave
 * in round brackets, or both. */
static bool may_precede(struct span before)
{
	if (!before.size || span_ends(before, ") "))
		return true;
	return *before.at != '(' && span_find_char(before, ' ') == before.size - 1;
}

struct candidate {
	struct exim_place place;
	size_t behind; /* where in the line the text behind the place begins */
};

/* ": 3 Time(s)", as a program that counts equal lines writes. */
static bool is_sum(struct span rest)
{
	uint32_t times;

	return span_skip(&rest, ": ") && span_number(&rest, &times) && span_is(rest, " Time(s)");
}

/* Whether Exim may write this behind a client's address. In a message: that TCP was opened fast,
 * what an ident server says, or the protocol. Behind a refused password: nothing, or the name and a
 * bracket that ends the line. `named`: the line has a name, so it may end in a client's text. */
static bool may_follow(struct span rest, bool message, bool named)
{
	if (message)
		return span_starts(rest, " P=") || span_starts(rest, " U=") ||
		       span_starts(rest, " TFO");
	if (span_skip(&rest, ": 535 Incorrect authentication data"))
		return !rest.size || (span_starts(rest, " (set_id=") && span_ends(rest, ")")) ||
		       (!named && is_sum(rest));
	return !rest.size || *rest.at == ':' || *rest.at == ' ';
}

/* Finds all that reads as a client's address; returns more than MOST_PLACES if there are too
 * many. */
static unsigned find_places(struct span line, bool message, struct candidate *candidates)
{
	bool named = !message && span_find(line, "set_id=") != SPAN_NONE;
	unsigned count = 0;
	size_t next;

	for (size_t at = 0; (next = span_find_char(span_from(line, at), '[')) != SPAN_NONE; at++) {
		struct span rest;
		struct exim_place one;

		at += next;
		rest = span_from(line, at);
		if (!may_precede(span_cut(line, 0, at)) || !read_place(&rest, &one) ||
		    !may_follow(rest, message, named))
			continue;
		if (count < MOST_PLACES)
			candidates[count] = (struct candidate){ one, (size_t)(rest.at - line.at) };
		if (count++ == MOST_PLACES)
			break;
	}
	return count;
}

/* Keeps the candidates that have the client's address, if it is known; else those that Exim can
 * have written. */
static unsigned drop_places(const struct exim_habits *habits, struct candidate *candidates,
			    unsigned count)
{
	const struct address *caller = exim_habits_caller(habits);
	unsigned left = 0, known = 0;
	bool local = false;

	for (unsigned i = 0; i < count; i++) {
		known += caller && !address_compare(caller, &candidates[i].place.address);
		local |= i && address_is_lan(&candidates[i].place.address);
	}
	/* From hosts of its own network Exim may accept any name. */
	if (!known && !local && exim_habits_strict(habits) &&
	    !exim_habits_exclude(habits, candidates[0].place.from_port))
		return 1;
	for (unsigned i = 0; i < count; i++)
		if (known ? !address_compare(caller, &candidates[i].place.address)
			  : !exim_habits_exclude(habits, candidates[i].place.from_port))
			candidates[left++] = candidates[i];
	return left;
}

static bool all_equal(const struct candidate *candidates, unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		if (address_compare(&candidates[i].place.address, &candidates[0].place.address))
			return false;
	return count > 0;
}

static bool choose_place(struct exim_habits *habits, bool message, struct span *text,
			 struct exim_place *place)
{
	struct candidate candidates[MOST_PLACES];
	struct span line = *text;
	unsigned count;

	span_skip(&line, "H=");
	count = find_places(line, message, candidates);
	if (!count || count > MOST_PLACES)
		return false;
	if (count == 1)
		exim_habits_learn(habits, candidates[0].place.from_port);
	if (message ? count > 1 : !all_equal(candidates, count)) {
		count = drop_places(habits, candidates, count);
		if (message ? count != 1 : !all_equal(candidates, count))
			return false;
	}
	*place = candidates[0].place;
	*text = span_from(line, candidates[0].behind);
	return true;
}

bool exim_only_place(struct exim_habits *habits, struct span *text, struct exim_place *place)
{
	return choose_place(habits, false, text, place);
}

bool exim_message_place(struct exim_habits *habits, struct span *text, struct exim_place *place)
{
	return choose_place(habits, true, text, place);
}

bool exim_place_at_end(struct span text, struct exim_place *place)
{
	size_t open = span_last_char(text, '[');

	if (open != SPAN_NONE && open > 3 && !memcmp(text.at + open - 3, " I=", 3))
		open = span_last_char(span_cut(text, 0, open), '[');
	if (open == SPAN_NONE || (open && !strchr(" =", text.at[open - 1])))
		return false;
	text = span_from(text, open);
	return read_place(&text, place) && !text.size;
}

bool exim_read_host(struct span *text, struct exim_place *place)
{
	struct span rest = *text;
	size_t size;

	if (!span_skip(&rest, "H="))
		return false;
	if (!span_starts(rest, "(") && !span_starts(rest, "[")) {
		size = span_find_char(rest, ' ');
		if (size == SPAN_NONE)
			return false;
		rest = span_from(rest, size + 1);
	}
	if (span_starts(rest, "(")) {
		size = span_find_char(rest, ' ');
		if (size == SPAN_NONE || rest.at[size - 1] != ')')
			return false;
		rest = span_from(rest, size + 1);
	}
	if (!read_place(&rest, place))
		return false;
	*text = rest;
	return true;
}

bool exim_no_other(struct span text, const struct address *address)
{
	struct address other, own;
	uint32_t port;
	size_t next;

	for (size_t at = 0; (next = span_find_char(span_from(text, at), '[')) != SPAN_NONE; at++) {
		struct span rest;

		at += next;
		rest = span_from(text, at);
		if (!read_bracket(&rest, &other, &port))
			continue;
		if (address_compare(&other, address) != 0)
			return false;
		if (span_skip(&rest, " I=") && read_bracket(&rest, &own, &port))
			at = (size_t)(rest.at - text.at) - 1;
	}
	return true;
}
