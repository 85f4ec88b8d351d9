// SPDX-License-Identifier: GPL-2.0-or-later
/* See engine.h: the requests to the engine, and what is done with the answers. */
#include "fleet/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/engine_parts.h"

#define WORK_REPLIES 256      /* handled in one turn */
#define NEXT_MS	     200      /* until the next server is tried */
#define KEPT_TEXT    "600000" /* ms that a snapshot is kept: older ones are not adopted */

static bool copy(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

/* Copies "A, B"; the first is tried first. */
static bool copy_servers(struct engine *engine, const char *list)
{
	static const char between[] = ", ";

	for (list += strspn(list, between); *list && engine->server_count < ENGINE_SERVERS;
	     list += strspn(list, between)) {
		size_t size = strcspn(list, between);
		char *server = strndup(list, size);

		if (!server)
			return false;
		engine->servers[engine->server_count++] = server;
		list += size;
	}
	return true;
}

bool engine_has_tls(void)
{
	return wire_tls_has();
}

int engine_new(const struct engine_settings *settings, int64_t now_ms, struct engine **result,
	       struct fault *fault)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	int error;

	(void)now_ms;
	if (!engine)
		return fault_set(fault, -ENOMEM, "out of memory");
	engine->settings = *settings;
	error = settings->tls ? wire_tls_new(settings->ca_file, &engine->tls, fault) : 0;
	if (error) {
		engine_free(engine);
		return error;
	}
	engine->streams = calloc(settings->stream_count, sizeof(*engine->streams));
	engine->out = calloc(ENGINE_IN_FLIGHT, sizeof(*engine->out));
	if (!engine->streams || !engine->out || !copy_servers(engine, settings->server) ||
	    !copy(&engine->user, settings->user) || !copy(&engine->password, settings->password) ||
	    !copy(&engine->tls_name, settings->tls_name)) {
		engine_free(engine);
		return fault_set(fault, -ENOMEM, "out of memory");
	}
	engine->reader.tls = engine->writer.tls = engine->tls;
	engine->writer.answer_most = ENGINE_REPLY_MOST;
	engine->reader.name = engine->writer.name = engine->tls_name;
	for (size_t i = 0; i < settings->stream_count; i++) {
		snprintf(engine->streams[i].key, ENGINE_KEY_SIZE, "sekisho:%s:%s", settings->prefix,
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
	for (size_t i = 0; i < engine->server_count; i++)
		free(engine->servers[i]);
	wire_tls_free(engine->tls);
	free(engine->tls_name);
	free(engine->user);
	if (engine->password)
		fleet_wipe(engine->password, strlen(engine->password));
	free(engine->password);
	free(engine);
}

/* ---- asking ---- */

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

/* The answer to storing a snapshot is the one that was stored before, which should be this
 * member's. If the engine refuses snapshots, statements are still appended; but a replica accepts
 * nothing at all. */
static void take_kept(struct engine *engine, const redisReply *reply, int64_t now_ms)
{
	engine->keeping = false;
	if (reply->type == REDIS_REPLY_ERROR) {
		engine->refused++;
		if (!strncmp(reply->str, "READONLY", 8))
			wire_fail(&engine->writer, reply->str, now_ms);
	} else if (reply->type == REDIS_REPLY_STRING) {
		engine->settings.snapshot(engine->settings.own, (const uint8_t *)reply->str,
					  (size_t)reply->len, engine->settings.context);
	}
}

/* If the engine is full or read-only, it is asked again in a second: the refused statement stays
 * the first in the queue. */
static void take_added(struct engine *engine, const redisReply *reply, int64_t now_ms)
{
	if (engine->greeting[1]) {
		if (reply->type == REDIS_REPLY_ERROR)
			wire_fail(&engine->writer, reply->str, now_ms);
		else
			engine->greeting[1] = false;
		return;
	}
	if (engine->keeping && !engine->keep_behind) {
		take_kept(engine, reply, now_ms);
		return;
	}
	if (reply->type == REDIS_REPLY_ERROR) {
		engine->refused++;
		engine->hold_ms = now_ms + 1000;
		wire_fail(&engine->writer, reply->str, now_ms);
		return;
	}
	*engine->writer.fault = '\0';
	engine->writer.pause_ms = 0;
	if (!engine->out_sent)
		return;
	engine->out_at = (engine->out_at + 1) % ENGINE_IN_FLIGHT;
	engine->out_count--;
	engine->out_sent--;
	engine->appended++;
	if (engine->keep_behind)
		engine->keep_behind--;
}

/* ---- work ---- */

static bool stands(const struct wire *wire)
{
	return wire->context && wire->connected;
}

static void begin(struct engine *engine, struct wire *wire, int64_t now_ms)
{
	if (wire->context || now_ms < wire->retry_ms ||
	    !wire_connect(wire, engine->servers[engine->at], now_ms))
		return;
	engine->told = false;
	if (wire == &engine->reader) {
		engine_read_begin(engine, now_ms);
		return;
	}
	engine->out_sent = engine->keep_behind = 0;
	engine->keeping = false;
	engine_greet(engine, wire, &engine->greeting[1], now_ms);
}

static uint64_t failures_of(const struct engine *engine)
{
	return engine->reader.failures + engine->writer.failures - engine->excused;
}

/* If a server fails, or is a replica, both connections go to the next one. */
static void look_for_next(struct engine *engine, uint64_t failures, int64_t now_ms)
{
	if (engine->server_count == 1 || failures_of(engine) == failures)
		return;
	engine->at = (engine->at + 1) % engine->server_count;
	wire_close(&engine->reader);
	wire_close(&engine->writer);
	engine->reader.retry_ms = engine->writer.retry_ms = now_ms + NEXT_MS;
	engine->hold_ms = 0;
}

static void work_wire(struct engine *engine, struct wire *wire, short events, int64_t now_ms,
		      void (*take)(struct engine *engine, const redisReply *reply, int64_t now_ms))
{
	if (!wire->context)
		return;
	(void)wire_work(wire, events, now_ms);
	for (unsigned i = 0; i < WORK_REPLIES && wire->context; i++) {
		redisReply *reply = wire_reply(wire, now_ms);

		if (!reply)
			break;
		take(engine, reply, now_ms);
		freeReplyObject(reply);
	}
	if (wire == &engine->reader && !wire->context)
		engine_read_failed(engine, now_ms);
	if (wire == &engine->writer && stands(wire) && !engine->greeting[1] && !engine->out_sent &&
	    !engine->keeping)
		wire->asked_ms = 0; /* no answer is due */
}

void engine_polls(struct engine *engine, struct pollfd polls[ENGINE_POLLS])
{
	struct wire *wires[] = { &engine->reader, &engine->writer };

	for (size_t i = 0; i < ENGINE_POLLS; i++) {
		polls[i].fd = wires[i]->context ? wires[i]->context->fd : -1;
		polls[i].events = wire_events(wires[i]);
		polls[i].revents = 0;
	}
}

int engine_wait_ms(const struct engine *engine, int64_t now_ms, int most_ms)
{
	int64_t left_ms = engine->ask_ms - now_ms;

	if (!stands(&engine->reader) || !engine->ask_ms || left_ms >= most_ms)
		return most_ms;
	return left_ms < 0 ? 0 : (int)left_ms;
}

void engine_work(struct engine *engine, const struct pollfd polls[ENGINE_POLLS], int64_t now_ms)
{
	uint64_t failures = failures_of(engine);

	begin(engine, &engine->reader, now_ms);
	begin(engine, &engine->writer, now_ms);
	work_wire(engine, &engine->reader, polls[0].revents, now_ms, engine_read_take);
	if (stands(&engine->reader))
		engine_read_on(engine, now_ms);
	work_wire(engine, &engine->writer, polls[1].revents, now_ms, take_added);
	look_for_next(engine, failures, now_ms);
	if (!engine->told && stands(&engine->writer) && !engine->greeting[1] && engine->reading) {
		engine->told = true;
		engine->settings.connected(engine->settings.context);
	}
	if (stands(&engine->writer) && !engine->greeting[1])
		send_out(engine, now_ms);
}

void engine_keep(struct engine *engine, const uint8_t *bytes, size_t size, int64_t now_ms)
{
	char key[ENGINE_KEY_SIZE];
	const char *words[] = { "SET", key, (const char *)bytes, "PX", KEPT_TEXT, "GET" };
	size_t sizes[6];

	if (!stands(&engine->writer) || engine->greeting[1] || engine->keeping)
		return;
	engine_snapshot_key(engine, engine->settings.own, key);
	for (size_t i = 0; i < 6; i++)
		sizes[i] = i == 2 ? size : strlen(words[i]);
	if (!wire_send(&engine->writer, 6, words, sizes, now_ms))
		return;
	engine->keeping = true;
	engine->keep_behind = engine->out_sent;
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
		.server = engine->servers[engine->at],
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
