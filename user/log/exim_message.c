// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exim's line of a message that it took, "<= SENDER H=HOST (HELO) [ADDRESS] P=... S=...": which
 * client sent it, and as whom that had logged in. The message's size comes before what stands in
 * the message itself (id=, T=, from), so nothing behind it is read. Pure.
 */
#include "log/exim.h"

/* The size of the sender, as Exim reads an address: it ends at the first blank outside of quotes.
 * These begin at the begin of the address or behind a dot; `anywhere`: wherever they stand. A
 * backslash takes the next character's meaning, inside and outside of them. */
static size_t sender_size(struct span text, bool anywhere)
{
	bool quoted = false, begins = true;
	size_t at = 0;

	while (at < text.size && (quoted || text.at[at] != ' ')) {
		char c = text.at[at];

		if (c == '"' && (quoted || begins || anywhere))
			quoted = !quoted;
		begins = c == '.';
		at += c == '\\' ? 2 : 1;
	}
	return at < text.size ? at : SPAN_NONE;
}

static bool skip_sender(struct span *text)
{
	size_t size = sender_size(*text, false), other;

	if (!size || size == SPAN_NONE)
		return false;
	/* Exim takes no address with quotes elsewhere; if they could hold a blank, it is not sure
	 * where this one ends. */
	if (span_find_char(span_cut(*text, 0, size), '"') != SPAN_NONE) {
		other = sender_size(*text, true);
		if (other != SPAN_NONE && other != size)
			return false;
	}
	*text = span_from(*text, size + 1);
	return true;
}

static bool take_word(struct span *text, struct span *word)
{
	size_t size;

	span_skip(text, " ");
	size = span_find_char(*text, ' ');
	size = size == SPAN_NONE ? text->size : size;
	*word = span_cut(*text, 0, size);
	*text = span_from(*text, size);
	return size;
}

static void drop_from(struct span *text, const char *begin)
{
	size_t at = span_find_last(*text, begin);

	text->size = at == SPAN_NONE ? text->size : at;
}

/* The name in "A=login:bob PRDR PRX=192.0.2.1 K S=1234", or with smtp_mailauth in
 * "A=login:bob:sender@example.com S=1234". Only these words stand before the size, so that a name
 * with a blank is read whole. */
static struct span read_id(struct span text)
{
	size_t end = span_find(text, " S="), colon;
	struct span id;

	if (end == SPAN_NONE)
		end = span_find_char(text, ' ');
	text.size = end == SPAN_NONE ? text.size : end;
	if (span_ends(text, " K"))
		text.size -= strlen(" K");
	drop_from(&text, " PRX=");
	if (span_ends(text, " PRDR"))
		text.size -= strlen(" PRDR");
	colon = span_find_char(text, ':');
	id = span_from(text, colon == SPAN_NONE ? text.size : colon + 1);
	end = span_find_char(id, ':');
	id.size = end == SPAN_NONE ? id.size : end;
	return id;
}

/* Whether Exim may have written " A=" behind this: it is the end of a quoted name of TLS, or a name
 * without quotes around it. */
static bool may_precede_login(struct span before)
{
	size_t blank = span_last_char(before, ' ');

	return span_ends(before, "\"") ||
	       span_starts(span_from(before, blank == SPAN_NONE ? 0 : blank + 1), "SNI=");
}

/*
 * The name in "DN="/CN=x" SNI="mail.example" A=login:bob S=1234 id=x@y". Exim escapes no quotes in
 * what a certificate says, nor in the name that a client asks for in TLS, and newer releases put
 * none around the latter: SNI="x may be all of it, or go on with any text. The login stands
 * directly behind the two. If that can be in several places of the line, there is no name.
 */
static struct span read_id_behind_names(struct span text)
{
	static const char login[] = " A=";
	size_t first = span_find(text, login), next;
	struct span none = { text.at, 0 };

	if (first == SPAN_NONE || !may_precede_login(span_cut(text, 0, first)))
		return none;
	for (size_t at = first + 1; (next = span_find(span_from(text, at), login)) != SPAN_NONE;
	     at++) {
		at += next;
		if (may_precede_login(span_cut(text, 0, at)))
			return none;
	}
	return read_id(span_from(text, first + 1));
}

/* Whether the protocol is that of a client that has logged in: "esmtpa", "esmtpsa", "asmtp". */
static bool is_logged_in(struct span protocol)
{
	return span_ends(protocol, "a") || span_starts(protocol, "a");
}

/* What an ident server says stands before the protocol, and may hold one. */
static bool is_other_protocol(struct span word, struct span rest)
{
	return span_starts(word, "U=") && span_find(rest, " P=") != span_find_last(rest, " P=");
}

/* Reads "U=x P=esmtpsa X=TLS1.3:... CV=no A=login:bob S=1234", behind the client's address. */
static bool read_fields(struct span text, struct parsed_line *parsed, bool *logged_in)
{
	bool has_protocol = false;
	struct span word, rest;

	*logged_in = false;
	for (rest = text; take_word(&text, &word); rest = text) {
		if (is_other_protocol(word, text))
			return false;
		if (!has_protocol) {
			has_protocol = span_skip(&word, "P=");
			*logged_in = has_protocol && is_logged_in(word);
			continue;
		}
		if (span_starts(word, "S=") || !*logged_in)
			break;
		if (span_starts(word, "A=")) {
			parsed->account = read_id(span_from(rest, 1));
			return parsed->account.size;
		}
		if (span_starts(word, "DN=\"") || span_starts(word, "SNI=\"")) {
			parsed->account = read_id_behind_names(span_from(rest, 1));
			return true;
		}
	}
	return has_protocol && !*logged_in;
}

bool exim_read_message(struct exim_habits *habits, struct span text, struct parsed_line *parsed)
{
	struct exim_place place;
	bool logged_in;

	if (!skip_sender(&text))
		return false;
	span_skip(&text, "DS "); /* the host's name was verified by DNSSEC */
	if (!span_starts(text, "H=") || !exim_message_place(habits, &text, &place) ||
	    !read_fields(text, parsed, &logged_in))
		return false;
	parsed->kind = logged_in ? EVENT_MESSAGE : EVENT_ACCEPTED;
	if (logged_in) {
		exim_set_login_place(parsed, &place);
		return true;
	}
	exim_set_place(parsed, &place);
	parsed->queue.size = 0;
	return parsed->service == EVENT_SERVICE_SMTP;
}
