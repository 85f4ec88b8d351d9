// SPDX-License-Identifier: GPL-2.0-or-later
/* The reading half of an engine: first the snapshots, then the new entries of each stream. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/engine_parts.h"

#define BLOCK_TEXT   "2000" /* ms that a read waits in the engine */
#define READ_AT_ONCE 2048   /* entries, of all streams together */
#define READ_LEAST   4
#define READ_MOST    128
/* Pause between two XREADs, for each stream. An XREAD names all streams. If members write all the
 * time, each XREAD is answered at once, and the engine's work grows with the cube of the number of
 * members. */
#define PACE_MS 1

/* ---- asking ---- */

void engine_snapshot_key(const struct engine *engine, size_t stream, char key[ENGINE_KEY_SIZE])
{
	snprintf(key, ENGINE_KEY_SIZE, "%.160s:snapshot", engine->streams[stream].key);
}

void engine_greet(struct engine *engine, struct wire *wire, bool *greeting, int64_t now_ms)
{
	const char *words[3] = { "AUTH", engine->user, engine->password };

	*greeting = engine->password != NULL;
	if (!engine->password)
		return;
	if (!engine->user)
		words[1] = engine->password;
	wire_send(wire, engine->user ? 3 : 2, words, NULL, now_ms);
}

/* Done once: only a member that has nothing yet needs a snapshot. */
static void ask_snapshots(struct engine *engine, int64_t now_ms)
{
	char key[ENGINE_KEY_SIZE];
	const char *words[] = { "GET", key };

	for (size_t i = 0; i < engine->settings.stream_count && engine->reader.context; i++) {
		engine_snapshot_key(engine, i, key);
		wire_send(&engine->reader, 2, words, NULL, now_ms);
	}
}

static void ask_last(struct engine *engine, int64_t now_ms)
{
	for (size_t i = 0; i < engine->settings.stream_count && engine->reader.context; i++) {
		const char *words[] = {
			"XREVRANGE", engine->streams[i].key, "+", "-", "COUNT", "1"
		};

		wire_send(&engine->reader, 6, words, NULL, now_ms);
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
	engine->read_most = each;
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
	engine->ask_ms = 0;
	engine->next_ask_ms = now_ms + (int64_t)count * PACE_MS;
	wire_send(&engine->reader, 6 + 2 * count, words, NULL, now_ms);
	free(words);
}

void engine_read_on(struct engine *engine, int64_t now_ms)
{
	if (engine->ask_ms && now_ms >= engine->ask_ms)
		ask_entries(engine, now_ms);
}

void engine_read_begin(struct engine *engine, int64_t now_ms)
{
	engine->asked = engine->begun ? engine->settings.stream_count : 0;
	engine->reading = false;
	engine->ask_ms = 0;
	engine->caught_up = false;
	engine_greet(engine, &engine->reader, &engine->greeting[0], now_ms);
	if (!engine->begun)
		ask_snapshots(engine, now_ms);
	ask_last(engine, now_ms);
}

/* ---- answers ---- */

static void take_snapshot(struct engine *engine, const redisReply *reply)
{
	size_t stream = engine->asked++;

	if (reply->type == REDIS_REPLY_STRING)
		engine->settings.snapshot(stream, (const uint8_t *)reply->str, (size_t)reply->len,
					  engine->settings.context);
}

/* The last entry of the engine's stream. If it is before what was read, the engine has lost entries
 * or is another one, and its stream is read from the beginning. What was seen already is not taken
 * twice. */
static void take_last(struct engine *engine, const redisReply *reply)
{
	struct stream_at *stream =
		&engine->streams[engine->asked++ - engine->settings.stream_count];
	const char *last = "0-0";

	if (reply->type == REDIS_REPLY_ARRAY && reply->elements &&
	    reply->element[0]->type == REDIS_REPLY_ARRAY && reply->element[0]->elements &&
	    reply->element[0]->element[0]->type == REDIS_REPLY_STRING)
		last = reply->element[0]->element[0]->str;
	if (stream_id_is_before(last, stream->id))
		strcpy(stream->id, "0-0");
}

/* Takes one entry: its id and its fields. Only the value of the first is used. */
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
		if (reply->element[1]->elements >= engine->read_most)
			engine->caught_up = false; /* the stream may have more */
		for (size_t j = 0; j < reply->element[1]->elements; j++)
			take_entry(engine, i, reply->element[1]->element[j]);
	}
}

void engine_read_take(struct engine *engine, const redisReply *reply, int64_t now_ms)
{
	size_t count = engine->settings.stream_count;

	if (reply->type == REDIS_REPLY_ERROR && (engine->asked >= count || engine->greeting[0])) {
		wire_fail(&engine->reader, reply->str, now_ms);
		return;
	}
	*engine->reader.fault = '\0';
	if (engine->greeting[0]) {
		engine->greeting[0] = false;
		return;
	}
	if (engine->asked < count) { /* without the right to GET only snapshots are missing */
		take_snapshot(engine, reply);
		return;
	}
	if (engine->asked < 2 * count) {
		take_last(engine, reply);
		if (engine->asked == 2 * count)
			ask_entries(engine, now_ms);
	} else {
		engine->begun = true;
		/* Caught up unless a stream may have more. Where a member writes all the time, no
		 * answer is ever empty. */
		engine->caught_up = true;
		for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
			take_stream(engine, reply->element[i]);
		engine->ask_ms = engine->caught_up ? engine->next_ask_ms : now_ms;
		engine->reader.asked_ms = 0; /* no answer is due */
		engine_read_on(engine, now_ms);
	}
}
