// SPDX-License-Identifier: GPL-2.0-or-later
/* See engine.h: what is asked of the engine, and what becomes of its answers. */
#include "fleet/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/engine_wire.h"
#include "fleet/statement.h"
#include "fleet/stream_id.h"

#define BLOCK_TEXT   "2000" /* ms that a read waits at the engine */
#define READ_AT_ONCE 2048   /* entries, of all streams together */
#define READ_LEAST   4
#define READ_MOST    128
#define KEY_SIZE     192
#define WORK_REPLIES 256 /* handled before others have their turn */

struct stream_at {
	char key[KEY_SIZE];
	char id[STREAM_ID_SIZE]; /* of the last entry that was read */
};

struct batch_out {
	size_t size;
	uint8_t bytes[FLEET_BATCH_SIZE];
};

struct engine {
	struct engine_settings settings;
	char *server, *user, *password;
	struct wire reader, writer;
	struct stream_at *streams;
	size_t asked;	       /* streams whose last entry is being asked for */
	bool greeting[2];      /* an answer to AUTH is owed, of the reader and the writer */
	bool reading;	       /* an XREAD is under way */
	bool caught_up, told;  /* told: connected() was called since both stand */
	struct batch_out *out; /* a ring of ENGINE_IN_FLIGHT */
	size_t out_at, out_count, out_sent;
	int64_t trim_wall_ms, hold_ms; /* hold: after an error not before then */
	uint64_t entries_read, appended, refused;
};

static bool copy(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

int engine_new(const struct engine_settings *settings, int64_t now_ms, struct engine **result,
	       struct fault *fault)
{
	struct engine *engine;

	(void)now_ms;
	if (settings->tls)
		return fault_set(
			fault, -ENOTSUP,
			"'tls = yes' needs a build with hiredis_ssl, which this one is not; "
			"put stunnel between, or use a Unix socket or a VPN, and leave "
			"'tls' away");
	engine = calloc(1, sizeof(*engine));
	if (!engine)
		return fault_set(fault, -ENOMEM, "out of memory");
	engine->settings = *settings;
	engine->streams = calloc(settings->stream_count, sizeof(*engine->streams));
	engine->out = calloc(ENGINE_IN_FLIGHT, sizeof(*engine->out));
	if (!engine->streams || !engine->out || !copy(&engine->server, settings->server) ||
	    !copy(&engine->user, settings->user) || !copy(&engine->password, settings->password)) {
		engine_free(engine);
		return fault_set(fault, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < settings->stream_count; i++) {
		snprintf(engine->streams[i].key, KEY_SIZE, "sekisho:%s:%s", settings->prefix,
			 settings->stream_name(i, settings->context));
		strcpy(engine->streams[i].id, "0-0");
	}
	*result = engine;
	return 0;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	wire_close(&engine->reader);
	wire_close(&engine->writer);
	free(engine->streams);
	free(engine->out);
	free(engine->server);
	free(engine->user);
	if (engine->password)
		fleet_wipe(engine->password, strlen(engine->password));
	free(engine->password);
	free(engine);
}

/* ---- asking ---- */

static void send_words(struct wire *wire, size_t count, const char **words, int64_t now_ms)
{
	wire_send(wire, count, words, NULL, now_ms);
}

static void greet(struct engine *engine, struct wire *wire, bool *greeting, int64_t now_ms)
{
	const char *words[3] = { "AUTH", engine->user, engine->password };

	*greeting = engine->password != NULL;
	if (!engine->password)
		return;
	if (!engine->user)
		words[1] = engine->password;
	send_words(wire, engine->user ? 3 : 2, words, now_ms);
}

static void ask_last(struct engine *engine, int64_t now_ms)
{
	for (size_t i = 0; i < engine->settings.stream_count && engine->reader.context; i++) {
		const char *words[] = {
			"XREVRANGE", engine->streams[i].key, "+", "-", "COUNT", "1"
		};

		send_words(&engine->reader, 6, words, now_ms);
	}
}

static void ask_entries(struct engine *engine, int64_t now_ms)
{
	size_t count = engine->settings.stream_count, each = READ_AT_ONCE / count;
	const char **words = calloc(6 + 2 * count, sizeof(*words));
	char most[24];

	if (!words) {
		wire_fail(&engine->reader, "out of memory", now_ms);
		return;
	}
	each = each < READ_LEAST ? READ_LEAST : each > READ_MOST ? READ_MOST : each;
	snprintf(most, sizeof(most), "%zu", each);
	words[0] = "XREAD";
	words[1] = "COUNT";
	words[2] = most;
	words[3] = "BLOCK";
	words[4] = BLOCK_TEXT;
	words[5] = "STREAMS";
	for (size_t i = 0; i < count; i++) {
		words[6 + i] = engine->streams[i].key;
		words[6 + count + i] = engine->streams[i].id;
	}
	engine->reading = true;
	send_words(&engine->reader, 6 + 2 * count, words, now_ms);
	free(words);
}

static void send_out(struct engine *engine, int64_t now_ms)
{
	char trim[24];

	if (now_ms < engine->hold_ms)
		return;
	snprintf(trim, sizeof(trim), "%" PRId64, engine->trim_wall_ms);
	while (engine->out_sent < engine->out_count && engine->writer.context) {
		struct batch_out *batch =
			&engine->out[(engine->out_at + engine->out_sent) % ENGINE_IN_FLIGHT];
		const char *words[] = { "XADD",	 engine->streams[engine->settings.own].key,
					"MINID", "~",
					trim,	 "*",
					"b",	 (const char *)batch->bytes };
		size_t sizes[8];

		for (size_t i = 0; i < 7; i++)
			sizes[i] = strlen(words[i]);
		sizes[7] = batch->size;
		if (!wire_send(&engine->writer, 8, words, sizes, now_ms))
			return;
		engine->out_sent++;
	}
}

/* ---- answers ---- */

/* The last entry that the engine has: if it is before what was read, it has lost some, or is
 * another engine, and its stream is read from its beginning. What was seen is not taken twice. */
static void take_last(struct engine *engine, const redisReply *reply)
{
	struct stream_at *stream = &engine->streams[engine->asked++];
	const char *last = "0-0";

	if (reply->type == REDIS_REPLY_ARRAY && reply->elements &&
	    reply->element[0]->type == REDIS_REPLY_ARRAY && reply->element[0]->elements &&
	    reply->element[0]->element[0]->type == REDIS_REPLY_STRING)
		last = reply->element[0]->element[0]->str;
	if (stream_id_is_before(last, stream->id))
		strcpy(stream->id, "0-0");
}

/* One entry: its id and its fields, of which the first is wanted. */
static void take_entry(struct engine *engine, size_t index, const redisReply *entry)
{
	const redisReply *fields;
	uint64_t ms, serial;

	if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
	    entry->element[0]->type != REDIS_REPLY_STRING ||
	    !stream_id_read(entry->element[0]->str, &ms, &serial))
		return;
	snprintf(engine->streams[index].id, STREAM_ID_SIZE, "%" PRIu64 "-%" PRIu64, ms, serial);
	engine->entries_read++;
	fields = entry->element[1];
	if (fields->type == REDIS_REPLY_ARRAY && fields->elements == 2 &&
	    fields->element[1]->type == REDIS_REPLY_STRING)
		engine->settings.entry(index, (const uint8_t *)fields->element[1]->str,
				       (size_t)fields->element[1]->len, engine->settings.context);
}

static void take_stream(struct engine *engine, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_ARRAY)
		return;
	for (size_t i = 0; i < engine->settings.stream_count; i++) {
		if (strcmp(engine->streams[i].key, reply->element[0]->str))
			continue;
		for (size_t j = 0; j < reply->element[1]->elements; j++)
			take_entry(engine, i, reply->element[1]->element[j]);
	}
}

/* False: it was an error, and the connection is closed. */
static bool check_reply(struct wire *wire, const redisReply *reply, int64_t now_ms)
{
	if (reply->type != REDIS_REPLY_ERROR)
		return true;
	wire_fail(wire, reply->str, now_ms);
	return false;
}

static void take_read_reply(struct engine *engine, const redisReply *reply, int64_t now_ms)
{
	if (!check_reply(&engine->reader, reply, now_ms))
		return;
	*engine->reader.fault = '\0';
	if (engine->greeting[0]) {
		engine->greeting[0] = false;
		return;
	}
	if (engine->asked < engine->settings.stream_count) {
		take_last(engine, reply);
	} else {
		engine->reading = false;
		engine->caught_up = reply->type == REDIS_REPLY_NIL;
		for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
			take_stream(engine, reply->element[i]);
	}
	if (engine->asked == engine->settings.stream_count && !engine->reading)
		ask_entries(engine, now_ms);
}

/* A full engine, or one that may not be written to, is asked again in a second: what is refused now
 * stays the first in the queue. */
static void take_added(struct engine *engine, const redisReply *reply, int64_t now_ms)
{
	if (engine->greeting[1]) {
		if (check_reply(&engine->writer, reply, now_ms))
			engine->greeting[1] = false;
		return;
	}
	if (reply->type == REDIS_REPLY_ERROR) {
		engine->refused++;
		engine->hold_ms = now_ms + 1000;
		wire_fail(&engine->writer, reply->str, now_ms);
		return;
	}
	*engine->writer.fault = '\0';
	if (!engine->out_sent)
		return;
	engine->out_at = (engine->out_at + 1) % ENGINE_IN_FLIGHT;
	engine->out_count--;
	engine->out_sent--;
	engine->appended++;
}

/* ---- work ---- */

static bool stands(const struct wire *wire)
{
	return wire->context && wire->connected;
}

static void begin(struct engine *engine, struct wire *wire, int64_t now_ms)
{
	if (wire->context || now_ms < wire->retry_ms || !wire_connect(wire, engine->server, now_ms))
		return;
	engine->told = false;
	if (wire == &engine->writer) {
		engine->out_sent = 0;
		greet(engine, wire, &engine->greeting[1], now_ms);
		return;
	}
	engine->asked = 0;
	engine->reading = false;
	engine->caught_up = false;
	greet(engine, wire, &engine->greeting[0], now_ms);
	ask_last(engine, now_ms);
}

static void work_wire(struct engine *engine, struct wire *wire, short events, int64_t now_ms,
		      void (*take)(struct engine *engine, const redisReply *reply, int64_t now_ms))
{
	if (!wire->context || !wire_work(wire, events, now_ms))
		return;
	for (unsigned i = 0; i < WORK_REPLIES && wire->context; i++) {
		redisReply *reply = wire_reply(wire, now_ms);

		if (!reply)
			break;
		take(engine, reply, now_ms);
		freeReplyObject(reply);
	}
	if (wire == &engine->writer && stands(wire) && !engine->greeting[1] && !engine->out_sent)
		wire->asked_ms = 0; /* nothing is owed */
}

void engine_polls(struct engine *engine, struct pollfd polls[ENGINE_POLLS])
{
	struct wire *wires[] = { &engine->reader, &engine->writer };

	for (size_t i = 0; i < ENGINE_POLLS; i++) {
		polls[i].fd = wires[i]->context ? wires[i]->context->fd : -1;
		polls[i].events = POLLIN;
		if (wires[i]->wants_write || !wires[i]->connected)
			polls[i].events |= POLLOUT;
		polls[i].revents = 0;
	}
}

void engine_work(struct engine *engine, const struct pollfd polls[ENGINE_POLLS], int64_t now_ms)
{
	begin(engine, &engine->reader, now_ms);
	begin(engine, &engine->writer, now_ms);
	work_wire(engine, &engine->reader, polls[0].revents, now_ms, take_read_reply);
	work_wire(engine, &engine->writer, polls[1].revents, now_ms, take_added);
	if (!engine->told && stands(&engine->writer) && engine->reading) {
		engine->told = true;
		engine->settings.connected(engine->settings.context);
	}
	if (stands(&engine->writer) && !engine->greeting[1])
		send_out(engine, now_ms);
}

size_t engine_room(const struct engine *engine)
{
	return stands(&engine->writer) && !engine->greeting[1]
		       ? ENGINE_IN_FLIGHT - engine->out_count
		       : 0;
}

void engine_append(struct engine *engine, const uint8_t *bytes, size_t size, int64_t now_ms,
		   int64_t now_wall_ms)
{
	struct batch_out *batch;

	if (engine->out_count == ENGINE_IN_FLIGHT || size > sizeof(batch->bytes))
		return;
	batch = &engine->out[(engine->out_at + engine->out_count++) % ENGINE_IN_FLIGHT];
	batch->size = size;
	memcpy(batch->bytes, bytes, size);
	engine->trim_wall_ms = now_wall_ms > ENGINE_KEEP_MS ? now_wall_ms - ENGINE_KEEP_MS : 0;
	send_out(engine, now_ms);
}

void engine_get_state(const struct engine *engine, struct engine_state *state)
{
	const char *fault = *engine->writer.fault ? engine->writer.fault : engine->reader.fault;

	*state = (struct engine_state){
		.reads = stands(&engine->reader) && engine->reading,
		.appends = stands(&engine->writer) && !engine->greeting[1],
		.caught_up = engine->caught_up,
		.connects = engine->reader.connects + engine->writer.connects,
		.failures = engine->reader.failures + engine->writer.failures,
		.bytes_read = engine->reader.bytes_read,
		.entries_read = engine->entries_read,
		.appended = engine->appended,
		.refused = engine->refused,
		.in_flight = engine->out_count,
	};
	snprintf(state->fault, sizeof(state->fault), "%s", fault);
}
