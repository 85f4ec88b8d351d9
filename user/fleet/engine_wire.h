/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection to the engine that never waits: commands go out as the socket takes them, replies
 * come in order. Private to engine_hiredis.c, which knows what they mean.
 */
#ifndef SEKISHO_ENGINE_WIRE_H
#define SEKISHO_ENGINE_WIRE_H

#include <hiredis/hiredis.h>

#include "fleet/engine.h"
#include "fleet/wire_tls.h"

struct wire {
	redisContext *context; /* NULL: not connected, nor about to be */
	bool connected;	       /* by TCP, and TLS; the engine may not have answered yet */
	struct wire_tls *tls;  /* the engine's; NULL: none */
	const char *name;      /* name in its certificate; NULL: the server's own */
	struct wire_tls_session *session; /* NULL: none begun */
	char host[256];			  /* of the server */
	bool wants_write;
	int64_t asked_ms;    /* since when an answer is owed; 0: none is */
	int64_t retry_ms;    /* the earliest time for the next connection */
	int64_t pause_ms;    /* before the next try; grows */
	size_t answer_bytes; /* read since the last whole answer */
	size_t answer_most;  /* a longer answer ends the connection */
	/* Why the last connection ended: an answer was too long, or broke off. */
	bool too_long, broke_off;
	uint64_t bytes_read, connects, failures;
	char fault[200]; /* "": none since the last good answer */
};

/* What to wait for. */
short wire_events(const struct wire *wire);
/* Begins to connect. False: it failed at once, `fault` says how. */
bool wire_connect(struct wire *wire, const char *server, int64_t now_ms);
void wire_close(struct wire *wire);
/* The same after a fault, which is kept; the connection is tried again later. */
void wire_fail(struct wire *wire, const char *why, int64_t now_ms);
/* Queues a command of `count` words. False: out of memory; the connection is closed. */
bool wire_send(struct wire *wire, size_t count, const char **words, const size_t *sizes,
	       int64_t now_ms);
/* Sends and reads as far as possible without waiting. False: it has failed. */
bool wire_work(struct wire *wire, short events, int64_t now_ms);
/* The next reply, the caller's (freeReplyObject()); NULL: none yet, or it has failed. */
redisReply *wire_reply(struct wire *wire, int64_t now_ms);

#endif
