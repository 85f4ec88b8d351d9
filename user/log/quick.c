// SPDX-License-Identifier: GPL-2.0-or-later
/* See quick.h. */
#include "log/quick.h"

/* 1: of hosts and programs; 2: of programs alone. */
static const unsigned char kinds[256] = {
	['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['-'] = 1, ['_'] = 1, ['/'] = 2,
};

/* As two words of 2, 4 or 8 bytes that may overlap: a comparison of these costs no call. */
#define SIZE(text) (sizeof(text) - 1)
#define WORD(text) (SIZE(text) >= 8 ? 8U : SIZE(text) >= 4 ? 4U : 2U)
#define SAME(at, text)                    \
	(!memcmp(at, text, WORD(text)) && \
	 !memcmp((at) + (SIZE(text) - WORD(text)), &(text)[SIZE(text) - WORD(text)], WORD(text)))
#define BEGINS(at, size, text) ((size) >= SIZE(text) && SAME(at, text))
#define IS(at, size, text)     ((size) == SIZE(text) && SAME(at, text))

/* "4Wq8Zs1xTzz3hN: " */
static size_t queue_id(const char *at, size_t size)
{
	size_t end = 0;

	while (end < size && end < 32 && kinds[(unsigned char)at[end]] == 1 && at[end] != '-' &&
	       at[end] != '_')
		end++;
	return end >= 4 && end + 1 < size && at[end] == ':' && at[end + 1] == ' ' ? end + 2 : 0;
}

/* "to=<x@example.net>, relay=..., status=sent (...": that recipient has no quotes, and no bracket
 * is before the status's. */
static bool is_sent(const char *at, size_t size)
{
	const char *open;

	if (size < 32 || !BEGINS(at, size, "to=<") || at[4] == '"')
		return false;
	open = memchr(at, '(', size);
	return open && open - at > 20 && SAME(open - 14, ", status=sent ");
}

/* " auth=1", among what a client has said. */
static bool has_auth(const char *at, size_t size)
{
	const char *end = at + size, *blank;

	while ((blank = memchr(at, ' ', (size_t)(end - at)))) {
		at = blank + 1;
		if (BEGINS(at, (size_t)(end - at), "auth="))
			return true;
	}
	return false;
}

static bool is_queued(const char *at, size_t size)
{
	/* One digit, as nearly all have. */
	return size > 40 && SAME(at + size - 15, " (queue active)") &&
	       SAME(at + size - 24, ", nrcpt=") && at[size - 16] >= '0' && at[size - 16] <= '9';
}

/* `name`: of the program, behind its last slash. */
static bool is_nothing_of_postfix(const char *name, size_t name_size, const char *at, size_t size,
				  bool *missed)
{
	size_t id;

	*missed = true;
	if (IS(name, name_size, "smtpd"))
		return BEGINS(at, size, "connect from ") ||
		       (BEGINS(at, size, "disconnect from ") && !has_auth(at, size));
	id = queue_id(at, size);
	if (!id)
		return false;
	at += id;
	size -= id;
	if (IS(name, name_size, "cleanup"))
		return BEGINS(at, size, "message-id=");
	*missed = false;
	if (IS(name, name_size, "qmgr")) {
		*missed = IS(at, size, "removed");
		return *missed || is_queued(at, size);
	}
	return (IS(name, name_size, "smtp") || IS(name, name_size, "lmtp") ||
		IS(name, name_size, "pipe") || IS(name, name_size, "local") ||
		IS(name, name_size, "virtual")) &&
	       is_sent(at, size);
}

static bool is_nothing_of_dovecot(const char *at, size_t size, bool *missed)
{
	*missed = true;
	return BEGINS(at, size, "imap(") || BEGINS(at, size, "pop3(") ||
	       BEGINS(at, size, "lmtp(") || BEGINS(at, size, "managesieve(");
}

bool quick_is_nothing(struct span line, bool deliveries, struct stamp *clock, bool *missed)
{
	const char *at, *end, *name, *pid;

	if (line.size < 48 || !stamp_may_begin(line) || !stamp_read(&line, clock) ||
	    (clock->kind != STAMP_YEARLESS && clock->kind != STAMP_DATE))
		return false;
	at = line.at;
	end = at + line.size;
	while (at < end && kinds[(unsigned char)*at] == 1)
		at++;
	if (at == line.at || end - at < 20 || *at++ != ' ')
		return false;
	if (BEGINS(at, (size_t)(end - at), "dovecot: "))
		return is_nothing_of_dovecot(at + 9, (size_t)(end - at) - 9, missed);
	if (!BEGINS(at, (size_t)(end - at), "postfix/"))
		return false;
	name = at += 8;
	for (; at < end && kinds[(unsigned char)*at]; at++)
		if (*at == '/')
			name = at + 1;
	if (end - at < 16 || at - line.at > 256 || *at != '[')
		return false;
	for (pid = ++at; at < end && at - pid < 8 && *at >= '0' && *at <= '9';)
		at++;
	if (at == pid || end - at < 4 || !SAME(at, "]: "))
		return false;
	return is_nothing_of_postfix(name, (size_t)(pid - 1 - name), at + 3, (size_t)(end - at) - 3,
				     missed) &&
	       (*missed || !deliveries);
}
