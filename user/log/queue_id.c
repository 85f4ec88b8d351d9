// SPDX-License-Identifier: GPL-2.0-or-later
/* See queue_id.h. Pure. */
#include "log/queue_id.h"

#include <string.h>

#define UPPER_HEX      "0123456789ABCDEF"
#define DIGITS_LETTERS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define NO_VOWELS_NO_Z "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxy"

/* Postfix: five digits for microseconds, and the inode. */
#define POSTFIX_SHORT_LEAST 6
#define POSTFIX_SHORT_MOST  (5 + 16)
/* With enable_long_queue_ids: six digits or more for seconds, four for microseconds, and behind a
 * 'z' the inode, in which there is none. */
#define POSTFIX_LONG_TIME 10

static bool is_postfix(const char *queue, size_t size)
{
	const char *inode = strrchr(queue, 'z');

	if (strspn(queue, UPPER_HEX) == size)
		return size >= POSTFIX_SHORT_LEAST && size <= POSTFIX_SHORT_MOST;
	return inode && inode - queue >= POSTFIX_LONG_TIME && inode[1] &&
	       strspn(queue, NO_VOWELS_NO_Z "z") == size;
}

/* Whether there are three parts of these sizes, with dashes between them. */
static bool has_parts(const char *queue, size_t size, const size_t parts[3])
{
	const char *at = queue;

	if (size != parts[0] + parts[1] + parts[2] + 2)
		return false;
	for (unsigned i = 0; i < 3; i++) {
		if (strspn(at, DIGITS_LETTERS) != parts[i])
			return false;
		at += parts[i] + 1;
	}
	return true;
}

/* Exim: seconds, process and fraction; longer from 4.97 on. A part ends at a
 * dash, or at the end of the text. */
static bool is_exim(const char *queue, size_t size)
{
	static const size_t old[] = { 6, 6, 2 }, now[] = { 6, 11, 4 };

	return strspn(queue, DIGITS_LETTERS "-") == size &&
	       (has_parts(queue, size, old) || has_parts(queue, size, now));
}

enum event_daemon queue_id_daemon(const char *queue)
{
	size_t size = strlen(queue);

	if (size >= EVENT_QUEUE_SIZE)
		return EVENT_DAEMON_UNKNOWN;
	return is_postfix(queue, size) ? EVENT_DAEMON_POSTFIX
	       : is_exim(queue, size)  ? EVENT_DAEMON_EXIM
				       : EVENT_DAEMON_UNKNOWN;
}
