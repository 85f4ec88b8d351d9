// SPDX-License-Identifier: GPL-2.0-or-later
/* Which client a line of Postfix is about. Pure. */
#include "log/postfix.h"

#define HOST_MOST 260 /* a domain name, and room to spare */

bool postfix_read_client(struct span *text, struct client *client)
{
	size_t open = 0, close;
	struct span address;
	uint32_t port;

	while (open < text->size && open < HOST_MOST && text->at[open] > ' ' &&
	       text->at[open] != '[' && text->at[open] != ']')
		open++;
	if (open >= text->size || text->at[open] != '[')
		return false;
	address = span_from(*text, open + 1);
	close = span_find_char(address, ']');
	if (close == SPAN_NONE || close >= ADDRESS_TEXT_SIZE + 5)
		return false;
	*text = span_from(address, close + 1);
	address.size = close;
	client->has_address = span_address(address, &client->address);
	if (!client->has_address && !span_is(address, "unknown"))
		return false;
	if (text->size > 1 && text->at[0] == ':' && text->at[1] >= '0' && text->at[1] <= '9') {
		*text = span_from(*text, 1);
		if (!span_number(text, &port))
			return false;
	}
	return true;
}

void postfix_set_client(struct parsed_line *parsed, const struct client *client)
{
	parsed->has_source = client->has_address;
	parsed->source = client->address;
}
