/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files that read Exim's lines. The name that the client gave itself is before the
 * address, the name that it logged in as behind it. Exim checks the former for blanks unless it is
 * told not to (helo_accept_junk_hosts), and never the latter. So if two places could be the address
 * and nothing decides between them, the line counts as nothing.
 */
#ifndef SEKISHO_LOG_EXIM_H
#define SEKISHO_LOG_EXIM_H

#include "log/exim_habits.h"
#include "log/format.h"

struct exim_place {
	struct address address;
	uint32_t port;	/* our port that the client came to; 0: the line has none */
	bool from_port; /* the line has the client's port */
};

/* Sets the event's source and, by our port, its service. */
void exim_set_place(struct parsed_line *parsed, const struct exim_place *place);

/* The same for a login, which can be on any port: without our port no service is known. */
void exim_set_login_place(struct parsed_line *parsed, const struct exim_place *place);

/* Finds the client's address in text that begins with "h.example (helo) [192.0.2.7]:2129
 * I=[198.51.100.1]:465", perhaps behind "H=". Looks at every bracket that could be the client's,
 * whatever follows it. If two differ, what the log has shown of its Exim may decide
 * (exim_habits.h). Moves behind the client's bracket; false: there is none, or nothing decides. */
bool exim_only_place(struct exim_habits *habits, struct span *text, struct exim_place *place);

/* The same for a line "<= SENDER H=...". What stands behind the address is the client's login, so
 * only one place may be left, even if several have the same address. */
bool exim_message_place(struct exim_habits *habits, struct span *text, struct exim_place *place);

/* Reads "H=h.example (helo) [192.0.2.7]:2129 I=[...]:587" as Exim writes it with its checks on;
 * moves behind it. */
bool exim_read_host(struct span *text, struct exim_place *place);

/* Reads "... [192.0.2.7]:2129 I=[...]:25", if the address is at the end of the text. */
bool exim_place_at_end(struct span text, struct exim_place *place);

/* Whether no bracket of the text has another address, other than our own ones. */
bool exim_no_other(struct span text, const struct address *address);

/* Reads "a@example.com H=h.example (helo) [192.0.2.7] P=esmtpsa A=login:bob S=1234 ...", behind
 * "<= ": a message of a client that has logged in, or, without a login, of another server. Fills
 * *parsed; without an account, if several could be meant. */
bool exim_read_message(struct exim_habits *habits, struct span text, struct parsed_line *parsed);

/* Reads a line about something that Exim refused or cut off, behind the prefix and without a
 * message's id. Fills *parsed; *known: the line is of such a kind. */
bool exim_read_refusal(struct exim_habits *habits, struct span text, bool *known,
		       struct parsed_line *parsed);

/* The same for a refusal behind a message's id. */
bool exim_read_refused_message(struct exim_habits *habits, struct span text,
			       struct parsed_line *parsed);

#endif
