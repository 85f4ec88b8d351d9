/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fleet's mailbox: streams of Redis or Valkey. One connection appends to this member's stream,
 * another reads all streams. Both reconnect by themselves, and batches that were not confirmed are
 * appended again. Of several servers, a primary and its replicas, the engine uses the one that
 * accepts appended entries; if it fails, the next. Here, data from a server is only bounded,
 * neither trusted nor understood. By hiredis (engine_hiredis.c); without it nothing is reached
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
#define ENGINE_REPLY_MOST  (32 << 20) /* bytes; a longer reply to the writer closes it */
#define ENGINE_KEEP_MS	   7200000    /* 2 h: older entries may be trimmed from our stream */
#define ENGINE_PATIENCE_MS 10000      /* without an answer the connection is closed */

struct engine;

struct engine_settings {
	const char *server; /* "unix:/PATH" or "HOST:PORT"; "[::1]:6379"; several: "A, B" */
	bool tls;
	const char *ca_file;	     /* of trusted CAs; NULL: the system's */
	const char *tls_name;	     /* name in the certificate; NULL: the server's own */
	const char *user, *password; /* NULL: none */
	const char *prefix;	     /* of the streams' keys: "PREFIX:NAME" */
	size_t stream_count, own;
	const char *(*stream_name)(size_t stream, void *context); /* lives on */
	/* An entry of a stream came; nothing proves yet that `bytes` are the member's. */
	void (*entry)(size_t stream, const uint8_t *bytes, size_t size, void *context);
	/* The engine's snapshot of a stream's member came: of every member, when the engine is
	 * first read; of our own, the one that engine_keep() replaced. */
	void (*snapshot)(size_t stream, const uint8_t *bytes, size_t size, void *context);
	/* A stream or a snapshot of the engine cannot be read: it is of another type, or longer
	 * than its member may make it. It is left out, and tried again ever later. */
	void (*unreadable)(size_t stream, void *context);
	/* Both connections are open again: the server may have lost earlier entries. */
	void (*connected)(void *context);
	void *context;
};

/* Whether `tls` is in this build. */
bool engine_has_tls(void);
/* -ENOMEM; -EINVAL: `ca_file` has no certificates; -ENOTSUP: this build has no TLS, or no client at
 * all; the fault has the remedy. */
int engine_new(const struct engine_settings *settings, int64_t now_ms, struct engine **engine,
	       struct fault *fault);
void engine_free(struct engine *engine);

/* Fills in what to wait for. Unused ones have fd -1. */
void engine_polls(struct engine *engine, struct pollfd polls[ENGINE_POLLS]);
/* How many milliseconds to wait for it, at most `most_ms`. If many members write all the time, the
 * engine is not read at once, but a millisecond later for each stream. */
int engine_wait_ms(const struct engine *engine, int64_t now_ms, int most_ms);
/* Does what can be done without waiting; `now_ms` by a clock that only goes forward. */
void engine_work(struct engine *engine, const struct pollfd polls[ENGINE_POLLS], int64_t now_ms);

/* How many batches may be appended now; 0 while there is no connection. */
size_t engine_room(const struct engine *engine);
void engine_append(struct engine *engine, const uint8_t *bytes, size_t size, int64_t now_ms,
		   int64_t now_wall_ms);

/* Stores our snapshot in place of the one before; does nothing while there is no connection. */
void engine_keep(struct engine *engine, const uint8_t *bytes, size_t size, int64_t now_ms);

struct engine_state {
	bool reads, appends;	     /* whether the connection for that is open */
	const char *server;	     /* the one in use, or tried */
	bool caught_up;		     /* the last replies to reads had nothing more */
	uint64_t connects, failures; /* of connections */
	uint64_t bytes_read, entries_read, appended, refused; /* XADDs with an error */
	size_t in_flight;
	char fault[200]; /* the last one: the engine's own words, hostile; "": none since then */
};
/* All zero if the build has no client. */
void engine_get_state(const struct engine *engine, struct engine_state *state);

#endif
