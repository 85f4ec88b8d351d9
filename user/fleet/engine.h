/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fleet's mailbox: streams of Redis or Valkey. One connection appends to this member's stream,
 * another reads all of them; both come back by themselves, and what was appended and not confirmed
 * is appended again. Of several servers, a primary and its replicas, the one is used that takes
 * what is appended; when it fails, the next. Nothing that comes from there is trusted or understood
 * here, only bounded. By hiredis (engine_hiredis.c); where that is missing nothing is reached
 * (engine_none.c).
 */
#ifndef SEKISHO_ENGINE_H
#define SEKISHO_ENGINE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

#define ENGINE_POLLS	   2
#define ENGINE_SERVERS	   4
#define ENGINE_IN_FLIGHT   64	      /* batches that are appended and not confirmed yet */
#define ENGINE_REPLY_MOST  (32 << 20) /* bytes; of more the connection is closed */
#define ENGINE_KEEP_MS	   7200000    /* 2 h: older entries may be trimmed from our stream */
#define ENGINE_PATIENCE_MS 10000      /* without an answer the connection is closed */

struct engine;

struct engine_settings {
	const char *server; /* "unix:/PATH" or "HOST:PORT"; "[::1]:6379"; several: "A, B" */
	bool tls;
	const char *ca_file;	     /* whom to believe by TLS; NULL: whom the system believes */
	const char *tls_name;	     /* that the certificate must be for; NULL: the server's own */
	const char *user, *password; /* NULL: none */
	const char *prefix;	     /* of the streams' keys: "PREFIX:NAME" */
	size_t stream_count, own;
	const char *(*stream_name)(size_t stream, void *context); /* lives on */
	/* An entry of a stream came; `bytes` are the engine's word for it. */
	void (*entry)(size_t stream, const uint8_t *bytes, size_t size, void *context);
	/* What is kept as the snapshot of a stream's member: of all, when the engine is first read;
	 * of our own, what engine_keep() replaced. */
	void (*snapshot)(size_t stream, const uint8_t *bytes, size_t size, void *context);
	/* Both connections stand again: what was appended before may be lost there. */
	void (*connected)(void *context);
	void *context;
};

/* Whether `tls` is in this build. */
bool engine_has_tls(void);
/* -ENOMEM; -EINVAL: `ca_file` has no certificates; -ENOTSUP: `tls`, or all of it, is not in this
 * build; the fault has the remedy. */
int engine_new(const struct engine_settings *settings, int64_t now_ms, struct engine **engine,
	       struct fault *fault);
void engine_free(struct engine *engine);

/* What to wait for. Unused ones have fd -1. */
void engine_polls(struct engine *engine, struct pollfd polls[ENGINE_POLLS]);
/* How many milliseconds to wait for it, at most `most_ms`: where many speak all the time it is not
 * read at once, but a millisecond later for each stream. */
int engine_wait_ms(const struct engine *engine, int64_t now_ms, int most_ms);
/* Does what can be done without waiting; `now_ms` by a clock that only goes forward. */
void engine_work(struct engine *engine, const struct pollfd polls[ENGINE_POLLS], int64_t now_ms);

/* How many batches may be appended now; 0 while there is no connection. */
size_t engine_room(const struct engine *engine);
void engine_append(struct engine *engine, const uint8_t *bytes, size_t size, int64_t now_ms,
		   int64_t now_wall_ms);

/* Keeps our snapshot in place of the one before; nothing while there is no connection. */
void engine_keep(struct engine *engine, const uint8_t *bytes, size_t size, int64_t now_ms);

struct engine_state {
	bool reads, appends; /* the connection stands */
	const char *server;  /* the one in use, or tried */
	bool caught_up;	     /* there was nothing more to read, the last time it was asked */
	uint64_t connects, failures;			      /* of connections */
	uint64_t bytes_read, entries_read, appended, refused; /* XADDs with an error */
	size_t in_flight;
	char fault[200]; /* the last one: the engine's own words, hostile; "": none since then */
};
/* All zero where the build has no client. */
void engine_get_state(const struct engine *engine, struct engine_state *state);

#endif
