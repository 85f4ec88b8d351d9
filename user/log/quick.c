// SPDX-License-Identifier: GPL-2.0-or-later
/* See quick.h. */
#include "log/quick.h"

/* 1: of hosts and programs; 2: of programs alone. */
static const unsigned char kinds[256] = {
	['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['-'] = 1, ['_'] = 1, ['/'] = 2,
};

#define BEGINS(at, size, text) ((size) >= sizeof(text) - 1 && !memcmp(at, text, sizeof(text) - 1))

/* "4Wq8Zs1xTzz3hN: " */
static size_t queue_id(const char *at, size_t size)
{
	size_t end = 0;

	while (end < size && end < 32 && kinds[(unsigned char)at[end]] == 1 && at[end] != '-' &&
	       at[end] != '_')
		end++;
	return end >= 4 && end + 1 < size && at[end] == ':' && at[end + 1] == ' ' ? end + 2 : 0;
}

/* "to=<x@example.net>, relay=..., status=sent (..." : that recipient has no quotes. */
static bool is_sent(const char *at, size_t size)
{
	static const char status[] = ", status=";
	const char *found;

	if (!BEGINS(at, size, "to=<") || size < 5 || at[4] == '"')
		return false;
	found = memmem(at, size, status, sizeof(status) - 1);
	return found && BEGINS(found, size - (size_t)(found - at), ", status=sent (");
}

static bool is_queued(const char *at, size_t size)
{
	static const char tail[] = " (queue active)", count[] = ", nrcpt=";
	const char *found;

	if (size < sizeof(tail) + sizeof(count) ||
	    memcmp(at + size - sizeof(tail) + 1, tail, sizeof(tail) - 1) != 0)
		return false;
	/* One digit, as nearly all have. */
	found = at + size - sizeof(tail) - sizeof(count) + 1;
	return !memcmp(found, count, sizeof(count) - 1) && found[sizeof(count) - 1] >= '0' &&
	       found[sizeof(count) - 1] <= '9';
}

/* `name`: of the program, behind its last slash. */
static bool is_nothing_of_postfix(const char *name, size_t name_size, const char *at, size_t size,
				  bool *missed)
{
	size_t id;

	*missed = true;
	if (name_size == 5 && !memcmp(name, "smtpd", 5))
		return BEGINS(at, size, "connect from ") ||
		       (BEGINS(at, size, "disconnect from ") && !memmem(at, size, " auth=", 6));
	id = queue_id(at, size);
	if (!id)
		return false;
	at += id;
	size -= id;
	if (name_size == 7 && !memcmp(name, "cleanup", 7))
		return BEGINS(at, size, "message-id=");
	*missed = false;
	if (name_size == 4 && !memcmp(name, "qmgr", 4)) {
		*missed = size == 7 && !memcmp(at, "removed", 7);
		return *missed || is_queued(at, size);
	}
	return ((name_size == 4 && (!memcmp(name, "smtp", 4) || !memcmp(name, "lmtp", 4) ||
				    !memcmp(name, "pipe", 4))) ||
		(name_size == 5 && !memcmp(name, "local", 5)) ||
		(name_size == 7 && !memcmp(name, "virtual", 7))) &&
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
	if (at == pid || end - at < 4 || memcmp(at, "]: ", 3) != 0)
		return false;
	return is_nothing_of_postfix(name, (size_t)(pid - 1 - name), at + 3, (size_t)(end - at) - 3,
				     missed) &&
	       (*missed || !deliveries);
}
