/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of an engine share: engine_hiredis.c, the writing half, engine_read_hiredis.c, the
 * reading half, and engine_entries_hiredis.c, the entries in its answers. Private to them.
 */
#ifndef SEKISHO_ENGINE_PARTS_H
#define SEKISHO_ENGINE_PARTS_H

#include "fleet/engine_wire.h"
#include "fleet/fleet_snapshot.h"
#include "fleet/statement.h"
#include "fleet/stream_id.h"

#define ENGINE_KEY_SIZE 192

/* What something is kept from, for ever longer if its faults go on. */
struct engine_hold {
	int64_t until_ms, pause_ms; /* 0: there was no fault yet */
};

struct stream_at {
	char key[ENGINE_KEY_SIZE];
	char id[STREAM_ID_SIZE]; /* of the last entry that was read */
	bool begun;		 /* its snapshot was taken, or is done without */
	bool compared;		 /* its last entry was looked at on this connection */
	bool apart;		 /* it has an XREAD of its own */
	bool asked;		 /* an answer about it is owed */
	bool leap;		 /* what is before its last entry is too long */
	struct engine_hold hold; /* it cannot be read, and is left out */
};

/* What is asked of each stream, in this order; the first two when the connection begins. */
enum engine_phase {
	ENGINE_SNAPSHOTS, /* GET each */
	ENGINE_LASTS,	  /* XREVRANGE each */
	ENGINE_APART,	  /* XREAD each */
	ENGINE_TOGETHER,  /* XREAD all others, which waits for one that comes */
	ENGINE_PAUSE,	  /* nothing is asked until `ask_ms` */
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
	enum engine_phase phase;
	size_t together_most, apart_most; /* entries that are asked for of each stream */
	bool more;			  /* a stream has more than was asked for */
	bool greeting[2];    /* an answer to AUTH is owed to the reader, to the writer */
	bool reading;	     /* a stream is read, now or at `ask_ms` */
	int64_t ask_ms;	     /* when streams are asked next; 0: an answer is owed, or none yet */
	int64_t next_ask_ms; /* earliest time of the next, unless a stream has more */
	struct engine_hold apart; /* no stream is read together with others */
	uint64_t excused;	  /* failures that are no reason to try the next server */
	bool caught_up, told;	  /* told: connected() was called since both are open */
	struct batch_out *out;	  /* a ring of ENGINE_IN_FLIGHT */
	size_t out_at, out_count, out_sent;
	size_t keep_behind; /* XADDs whose answers come before that of a SET; 0: see keeping */
	bool keeping;	    /* an answer to a SET is owed */
	int64_t trim_wall_ms, hold_ms; /* hold: the earliest time after an error */
	uint64_t entries_read, appended, refused;
};

/* ---- engine_entries_hiredis.c ---- */
/* Takes an answer to XREVRANGE: the last entry of the engine's stream. */
void engine_take_last(struct engine *engine, size_t index, const redisReply *reply);
/* Takes an answer to XREAD, of up to `most` entries of each stream. True: one may have more. */
bool engine_take_entries(struct engine *engine, const redisReply *reply, size_t most);

/* ---- engine_read_hiredis.c ---- */
void engine_greet(struct engine *engine, struct wire *wire, bool *greeting, int64_t now_ms);
/* The key of a stream's snapshot. */
void engine_snapshot_key(const struct engine *engine, size_t stream, char key[ENGINE_KEY_SIZE]);
/* To be called when the connection begins: asks for what must be known before entries are read. */
void engine_read_begin(struct engine *engine, int64_t now_ms);
void engine_read_take(struct engine *engine, const redisReply *reply, int64_t now_ms);
/* To be called when the connection has failed: puts it down to a stream if one is the cause. */
void engine_read_failed(struct engine *engine, int64_t now_ms);
/* Asks for entries once it is time to. */
void engine_read_on(struct engine *engine, int64_t now_ms);

#endif
