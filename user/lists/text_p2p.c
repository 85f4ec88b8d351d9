// SPDX-License-Identifier: GPL-2.0-or-later
/* P2P text: "Name: with colons:1.2.3.4-1.2.3.9"; the last colon ends the name. See list_reader.h. */
#include "lists/list_reader.h"

#include <string.h>

/* Four numbers, strict or not: peers pad with zeros, which others read as octal. What begins like
 * an address is one, or refused. */
static bool resembles_quad(const char *at, const char *end)
{
	unsigned dots = 0;

	if (at == end || *at == '.')
		return false;
	for (; at < end; at++) {
		if (*at == '.')
			dots++;
		else if (*at < '0' || *at > '9')
			return false;
	}
	return dots == 3;
}

bool list_p2p(struct list_reader *reader, const struct list_line *line)
{
	const char *colon = memrchr(line->text, ':', line->size), *end = line->text + line->size;
	const char *dash = colon ? memchr(colon, '-', (size_t)(end - colon)) : NULL;

	if (!dash || !resembles_quad(colon + 1, dash) || !resembles_quad(dash + 1, end))
		return false;
	list_take_range(reader, line->number, colon + 1, (size_t)(dash - colon - 1), dash + 1,
			(size_t)(end - dash - 1));
	return true;
}
