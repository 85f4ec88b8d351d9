// SPDX-License-Identifier: GPL-2.0-or-later
/* See quick.h. */
#include "log/quick.h"

#include "log/envelope.h"
#include "log/text_block.h"

/* In whose names a character may be. */
enum { OF_HOST = 1, OF_PROGRAM = 2, OF_ID = 4, OF_ALL = 7 };

static const unsigned char kinds[256] = {
	['0' ... '9'] = OF_ALL,	      ['A' ... 'Z'] = OF_ALL,	    ['a' ... 'z'] = OF_ALL,
	['-'] = OF_HOST | OF_PROGRAM, ['_'] = OF_HOST | OF_PROGRAM, ['/'] = OF_PROGRAM,
};

/* Compares as two words of 2, 4 or 8 bytes that may overlap, which needs no call. */
#define SIZE(text) (sizeof(text) - 1)
#define WORD(text) (SIZE(text) >= 8 ? 8U : SIZE(text) >= 4 ? 4U : 2U)
#define SAME(at, text)                    \
	(!memcmp(at, text, WORD(text)) && \
	 !memcmp((at) + (SIZE(text) - WORD(text)), &(text)[SIZE(text) - WORD(text)], WORD(text)))
#define BEGINS(at, size, text) ((size) >= SIZE(text) && SAME(at, text))
#define IS(at, size, text)     ((size) == SIZE(text) && SAME(at, text))

/* The size of "4Wq8Zs1xTzz3hN: ", or 0. */
static size_t queue_id(const char *at, size_t size)
{
	size_t end = 0;

	while (end < size && end < 32 && kinds[(unsigned char)at[end]] & OF_ID)
		end++;
	return end >= 4 && end + 1 < size && at[end] == ':' && at[end + 1] == ' ' ? end + 2 : 0;
}

/* Whether it is "to=<x@example.net>, relay=..., status=sent (...". The recipient has no quotes, and
 * the first bracket is the one behind the status. */
static bool is_sent(const char *at, size_t size)
{
	const char *open;

	if (size < 32 || !BEGINS(at, size, "to=<") || at[4] == '"')
		return false;
	open = memchr(at, '(', size);
	return open && open - at > 20 && SAME(open - 14, ", status=sent ");
}

/* Whether " auth=" is among the counts of a client's commands. */
static bool has_auth(const char *at, size_t size)
{
	const char *end = at + size;

	/* Few other words have a 'u'. */
	for (const char *u = block_search(at, end, 'u', 'u'); u < end;
	     u = block_search(u + 1, end, 'u', 'u'))
		if (u - at >= 2 && end - u >= 4 && SAME(u - 2, " auth="))
			return true;
	return false;
}

static bool is_queued(const char *at, size_t size)
{
	/* Only counts of one digit are recognised; nearly all have one. */
	return size > 40 && SAME(at + size - 15, " (queue active)") &&
	       SAME(at + size - 24, ", nrcpt=") && at[size - 16] >= '0' && at[size - 16] <= '9';
}

static bool is_nothing_of_postfix(struct span program, const char *at, size_t size, bool *missed)
{
	size_t name_size = 0, id;
	const char *name = program.at + program.size;

	/* Find the name behind the last slash. */
	while (name[-1] != '/') {
		name--;
		name_size++;
	}
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

/* Skips "<22>1 ". */
static bool skip_version(struct span *line)
{
	uint32_t priority;

	return span_skip(line, "<") && span_number(line, &priority) && span_skip(line, ">1 ");
}

static bool skip_word(const char **at, const char *end, struct span *word)
{
	const char *blank = *at < end ? memchr(*at, ' ', (size_t)(end - *at)) : NULL;

	if (!blank)
		return false;
	*word = (struct span){ *at, (size_t)(blank - *at) };
	*at = blank + 1;
	return true;
}

/* Skips what follows the stamp in RFC 5424: "mx postfix/smtpd 812 - - ". */
static bool skip_header_5424(const char **at, const char *end, struct span *program)
{
	struct span word;

	if (!skip_word(at, end, &word) || !skip_word(at, end, program) ||
	    !skip_word(at, end, &word) || !skip_word(at, end, &word) || !skip_word(at, end, &word))
		return false;
	return word.size == 1 && *word.at == '-';
}

/* Skips what follows a stamp: "mx postfix/smtpd[812]: ", "mx dovecot: ". */
static inline bool skip_header(const char **line, const char *end, struct span *program)
{
	const char *at = *line, *name, *pid;

	while (at < end && kinds[(unsigned char)*at] & OF_HOST)
		at++;
	if (at == *line || end - at < 20 || *at++ != ' ')
		return false;
	name = at;
	if (BEGINS(at, (size_t)(end - at), "postfix/"))
		at += 8;
	while (at < end && kinds[(unsigned char)*at] & OF_PROGRAM)
		at++;
	*program = (struct span){ name, (size_t)(at - name) };
	if (!program->size || program->size > ENVELOPE_PROGRAM_MOST || end - at < 16)
		return false;
	if (*at == '[') {
		for (pid = ++at; at < end && at - pid < 8 && *at >= '0' && *at <= '9';)
			at++;
		if (at == pid || end - at < 3 || *at++ != ']')
			return false;
	}
	if (at[0] != ':' || at[1] != ' ')
		return false;
	*line = at + 2;
	return true;
}

bool quick_is_nothing(struct span line, bool deliveries, struct stamp *clock, bool *missed)
{
	struct span program;
	const char *at, *end = line.at + line.size;
	struct stamp within, *stamp = clock;
	bool framed;

	if (line.size < 48 ||
	    (!stamp_may_begin(line) && *line.at != '<' && !envelope_skip_compose(&line)))
		return false;
	for (unsigned layers = 0; layers < 2; layers++) {
		framed = line.size && *line.at == '<';
		if ((framed && !skip_version(&line)) || !stamp_may_begin(line) ||
		    !stamp_read(&line, stamp) ||
		    (stamp->kind != STAMP_YEARLESS && stamp->kind != STAMP_DATE &&
		     stamp->kind != STAMP_UNIX))
			return false;
		if (stamp->zoned && !clock->zoned)
			*clock = *stamp;
		stamp = &within;
		at = line.at;
		if (framed ? !skip_header_5424(&at, end, &program)
			   : !skip_header(&at, end, &program))
			return false;
		line = (struct span){ at, (size_t)(end - at) };
		if (IS(program.at, program.size, "dovecot"))
			return is_nothing_of_dovecot(line.at, line.size, missed);
		if (BEGINS(program.at, program.size, "postfix/"))
			return is_nothing_of_postfix(program, line.at, line.size, missed) &&
			       (*missed || !deliveries);
		/* Docker's syslog driver sends what a container wrote. */
		if (!envelope_is_container(program))
			return false;
	}
	return false;
}
