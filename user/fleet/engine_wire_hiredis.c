// SPDX-License-Identifier: GPL-2.0-or-later
/* See engine_wire.h. */
#include "fleet/engine_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_FIRST_MS 200
#define PAUSE_MOST_MS  1000 /* the longest pause between two attempts to connect */
#define READS_AT_ONCE  256  /* of 16 KiB each */

void wire_close(struct wire *wire)
{
	if (wire->context)
		redisFree(wire->context);
	wire->context = NULL;
	wire->session = NULL;
	wire->answer_bytes = 0;
	wire->connected = wire->wants_write = false;
	wire->asked_ms = 0;
}

void wire_fail(struct wire *wire, const char *why, int64_t now_ms)
{
	snprintf(wire->fault, sizeof(wire->fault), "%s",
		 why && *why ? why : "the connection ended");
	/* The engine's own words may be anything, even what JSON cannot hold. */
	for (char *at = wire->fault; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	wire_close(wire);
	wire->too_long = wire->broke_off = false;
	wire->failures++;
	wire->pause_ms = wire->pause_ms ? 2 * wire->pause_ms : PAUSE_FIRST_MS;
	if (wire->pause_ms > PAUSE_MOST_MS)
		wire->pause_ms = PAUSE_MOST_MS;
	wire->retry_ms = now_ms + wire->pause_ms;
}

static redisContext *connect_to(struct wire *wire, const char *server)
{
	const char *colon = strrchr(server, ':');
	size_t size;

	if (!strncmp(server, "unix:", 5))
		return redisConnectUnixNonBlock(server + 5);
	size = colon ? (size_t)(colon - server) : strlen(server);
	if (*server == '[' && size > 2) { /* "[::1]:6379" */
		server++;
		size -= 2;
	}
	snprintf(wire->host, sizeof(wire->host), "%.*s", (int)size, server);
	return redisConnectNonBlock(wire->host, colon ? atoi(colon + 1) : 6379);
}

bool wire_connect(struct wire *wire, const char *server, int64_t now_ms)
{
	char fault[160];

	wire->context = connect_to(wire, server);
	if (!wire->context) {
		wire_fail(wire, "out of memory", now_ms);
		return false;
	}
	if (wire->context->err) {
		snprintf(fault, sizeof(fault), "cannot connect: %s", wire->context->errstr);
		wire_fail(wire, fault, now_ms);
		return false;
	}
	wire->asked_ms = now_ms;
	return true;
}

bool wire_send(struct wire *wire, size_t count, const char **words, const size_t *sizes,
	       int64_t now_ms)
{
	if (!wire->context)
		return false;
	if (redisAppendCommandArgv(wire->context, (int)count, words, sizes) != REDIS_OK) {
		wire_fail(wire, wire->context->errstr, now_ms);
		return false;
	}
	wire->wants_write = true;
	if (!wire->asked_ms)
		wire->asked_ms = now_ms;
	return true;
}

static bool write_some(struct wire *wire, int64_t now_ms)
{
	int done = 0;

	if (redisBufferWrite(wire->context, &done) != REDIS_OK) {
		wire_fail(wire, wire->context->errstr, now_ms);
		return false;
	}
	wire->wants_write = !done;
	return true;
}

/* The same for what is not the fault of a whole answer. */
static void fail_midway(struct wire *wire, const char *why, int64_t now_ms)
{
	bool midway = wire->answer_bytes > 0;

	wire_fail(wire, why, now_ms);
	wire->broke_off = midway;
}

/* hiredis 0.14 does not tell how much it has read; it reads at most 16 KiB at a time. */
static bool read_some(struct wire *wire, int64_t now_ms)
{
	for (unsigned i = 0; i < READS_AT_ONCE; i++) {
		size_t before = wire->context->reader->len;

		if (redisBufferRead(wire->context) != REDIS_OK) {
			fail_midway(wire, wire->context->errstr, now_ms);
			return false;
		}
		if (wire->context->reader->len == before)
			return true;
		wire->bytes_read += wire->context->reader->len - before;
		/* The reader frees what it has parsed, even of an endless answer, so its length is
		 * no bound. */
		wire->answer_bytes += wire->context->reader->len - before;
	}
	return true;
}

short wire_events(const struct wire *wire)
{
	if (wire->session && !wire->connected)
		return wire_tls_events(wire->session);
	return wire->wants_write || !wire->connected ? POLLIN | POLLOUT : POLLIN;
}

/* Opens the connection; TLS may take several rounds. False: it has failed. */
static bool open_some(struct wire *wire, int64_t now_ms)
{
	enum wire_tls_state state = WIRE_TLS_STANDS;
	char fault[WIRE_TLS_FAULT_SIZE];

	if (wire->tls && !wire->session)
		wire->session = wire_tls_begin(wire->tls, wire->context,
					       wire->name ? wire->name : wire->host, fault);
	if (wire->tls)
		state = wire->session ? wire_tls_go_on(wire->session, fault) : WIRE_TLS_FAILED;
	if (state == WIRE_TLS_FAILED) {
		wire_fail(wire, fault, now_ms);
		return false;
	}
	wire->connected = state == WIRE_TLS_STANDS;
	wire->connects += wire->connected;
	return true;
}

bool wire_work(struct wire *wire, short events, int64_t now_ms)
{
	if (wire->asked_ms && now_ms - wire->asked_ms > ENGINE_PATIENCE_MS) {
		/* A port without TLS behaves like this: it waits for the end of a line. */
		fail_midway(wire,
			    wire->session && !wire->connected
				    ? "no TLS with the engine: it does not answer"
				    : "the engine does not answer",
			    now_ms);
		return false;
	}
	if (!wire->connected && events & (POLLOUT | POLLIN) && !open_some(wire, now_ms))
		return false;
	if (wire->session && !wire->connected)
		return true;
	if (wire->connected && wire->wants_write && !write_some(wire, now_ms))
		return false;
	if (events & (POLLIN | POLLHUP | POLLERR))
		return read_some(wire, now_ms);
	return true;
}

redisReply *wire_reply(struct wire *wire, int64_t now_ms)
{
	void *reply = NULL;

	if (redisGetReplyFromReader(wire->context, &reply) != REDIS_OK) {
		wire_fail(wire, wire->context->errstr, now_ms);
		return NULL;
	}
	if (reply) {
		wire->asked_ms = now_ms; /* the next answer has its own time limit */
		/* What is left are the next answers' first bytes. */
		wire->answer_bytes = wire->context->reader->len - wire->context->reader->pos;
	} else if (wire->answer_bytes > wire->answer_most) {
		wire_fail(wire, "an answer of the engine is too long", now_ms);
		wire->too_long = true;
	}
	return reply;
}
