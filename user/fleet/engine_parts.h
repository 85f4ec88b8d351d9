/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What engine_hiredis.c and engine_read_hiredis.c share, the writing and the reading half of an
 * engine. Private to both.
 */
#ifndef SEKISHO_ENGINE_PARTS_H
#define SEKISHO_ENGINE_PARTS_H

#include "fleet/engine_wire.h"
#include "fleet/statement.h"
#include "fleet/stream_id.h"

#define ENGINE_KEY_SIZE 192

struct stream_at {
	char key[ENGINE_KEY_SIZE];
	char id[STREAM_ID_SIZE]; /* of the last entry that was read */
};

struct batch_out {
	size_t size;
	uint8_t bytes[FLEET_BATCH_SIZE];
};

struct engine {
	struct engine_settings settings;
	char *servers[ENGINE_SERVERS], *user, *password, *tls_name;
	struct wire_tls *tls;	 /* NULL: none */
	size_t server_count, at; /* at: the server in use */
	struct wire reader, writer;
	struct stream_at *streams;
	size_t read_most;      /* entries that were asked for of each stream */
	size_t asked;	       /* answers that came, about snapshots and then about last entries */
	bool begun;	       /* snapshots were asked for once */
	bool greeting[2];      /* an answer to AUTH is owed to the reader, to the writer */
	bool reading;	       /* an XREAD is under way, or is sent at `ask_ms` */
	int64_t ask_ms;	       /* when the next XREAD is sent; 0: one is under way, or none yet */
	int64_t next_ask_ms;   /* earliest time of the next, unless a stream has more */
	bool caught_up, told;  /* told: connected() was called since both are open */
	struct batch_out *out; /* a ring of ENGINE_IN_FLIGHT */
	size_t out_at, out_count, out_sent;
	size_t keep_behind; /* XADDs whose answers come before that of a SET; 0: see keeping */
	bool keeping;	    /* an answer to a SET is owed */
	int64_t trim_wall_ms, hold_ms; /* hold: the earliest time after an error */
	uint64_t entries_read, appended, refused;
};

/* ---- engine_read_hiredis.c ---- */
void engine_greet(struct engine *engine, struct wire *wire, bool *greeting, int64_t now_ms);
/* The key of a stream's snapshot. */
void engine_snapshot_key(const struct engine *engine, size_t stream, char key[ENGINE_KEY_SIZE]);
/* To be called when the connection begins: asks for what must be known before entries are read. */
void engine_read_begin(struct engine *engine, int64_t now_ms);
void engine_read_take(struct engine *engine, const redisReply *reply, int64_t now_ms);
/* Asks for entries once it is time to. */
void engine_read_on(struct engine *engine, int64_t now_ms);

#endif
