// SPDX-License-Identifier: GPL-2.0-or-later
/* What several formats read alike; see format.h. Pure. */
#include "log/format.h"

#include <ctype.h>

#define HOST_MOST 260 /* a domain name, and room to spare */

bool format_client(struct span *text, struct address *address)
{
	size_t open = 0, close;
	struct span inside;

	while (open < text->size && open < HOST_MOST &&
	       (isalnum((unsigned char)text->at[open]) || strchr("-._", text->at[open])) &&
	       text->at[open])
		open++;
	if (open && open < text->size && text->at[open] == ' ')
		open++;
	if (open >= text->size || text->at[open] != '[')
		return false;
	inside = span_from(*text, open + 1);
	close = span_find_char(inside, ']');
	if (close == SPAN_NONE || close >= ADDRESS_TEXT_SIZE + 5 ||
	    !span_address(span_cut(inside, 0, close), address))
		return false;
	*text = span_from(inside, close + 1);
	return true;
}

bool format_is_sasl_fault(struct span reason)
{
	static const char *const faults[] = {
		"generic failure", /* saslauthd or the database cannot be reached */
		"no mechanism available",
		"no memory available",
		"transient failure",
		"mechanism too weak for this user",
		"encryption needed to use mechanism",
		"version mismatch with plug-in",
		"remote authentication server unavailable",
		"user exists, but no verifier for user",
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		if (reason.size && *reason.at == *faults[i] && span_starts(reason, faults[i]))
			return true;
	return false;
}

enum event_service format_service(struct span name)
{
	static const struct {
		const char *name;
		enum event_service service;
	} names[] = {
		{ "smtp", EVENT_SERVICE_SMTP },
		{ "25", EVENT_SERVICE_SMTP },
		{ "submission", EVENT_SERVICE_SUBMISSION },
		{ "submissions", EVENT_SERVICE_SUBMISSION },
		{ "smtps", EVENT_SERVICE_SUBMISSION },
		{ "587", EVENT_SERVICE_SUBMISSION },
		{ "465", EVENT_SERVICE_SUBMISSION },
		{ "imap", EVENT_SERVICE_IMAP },
		{ "imaps", EVENT_SERVICE_IMAP },
		{ "143", EVENT_SERVICE_IMAP },
		{ "993", EVENT_SERVICE_IMAP },
		{ "pop3", EVENT_SERVICE_POP3 },
		{ "pop3s", EVENT_SERVICE_POP3 },
		{ "110", EVENT_SERVICE_POP3 },
		{ "995", EVENT_SERVICE_POP3 },
		{ "sieve", EVENT_SERVICE_SIEVE },
		{ "4190", EVENT_SERVICE_SIEVE },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (span_is(name, names[i].name))
			return names[i].service;
	return EVENT_SERVICE_UNKNOWN;
}
