// SPDX-License-Identifier: GPL-2.0-or-later
/* The reading half of an engine: first the snapshots, then the new entries of each stream. What one
 * member writes to its own keys keeps no other member's entries from being read: if an answer about
 * all streams is a fault, each is asked by itself, and one that cannot be read is left out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/engine_parts.h"

#define BLOCK_TEXT	 "2000" /* ms that a read waits in the engine */
#define BLOCK_SHORT_TEXT "1"	/* the same if a stream read apart has more */
#define READ_AT_ONCE	 2048	/* entries, of all streams together */
#define READ_LEAST	 4
#define READ_MOST	 128
/* Pause between two XREADs, for each stream. An XREAD names all streams. If members write all the
 * time, each XREAD is answered at once, and the engine's work grows with the cube of the number of
 * members. */
#define PACE_MS	      1
#define APART_PACE_MS 100  /* the least pause if no XREAD waits in the engine */
#define IDLE_PACE_MS  1000 /* if there is no stream that can be read */
/* How long an unreadable stream is left out, and all are read apart: twice as long each time,
 * unless there was no fault for an hour. */
#define SKIP_FIRST_MS  1000
#define APART_FIRST_MS 2000
#define HOLD_MOST_MS   600000
#define HOLD_FORGET_MS 3600000
#define ENTRY_MOST     (FLEET_BATCH_SIZE + 256) /* bytes of an entry with a batch */

static void hold_on(struct engine_hold *hold, int64_t first_ms, int64_t now_ms)
{
	bool again = hold->pause_ms && now_ms - hold->until_ms < HOLD_FORGET_MS;

	hold->pause_ms = again ? 2 * hold->pause_ms : first_ms;
	if (hold->pause_ms > HOLD_MOST_MS)
		hold->pause_ms = HOLD_MOST_MS;
	hold->until_ms = now_ms + hold->pause_ms;
}

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

static bool is_asked(const struct stream_at *stream, enum engine_phase phase, int64_t now_ms)
{
	switch (phase) {
	case ENGINE_SNAPSHOTS: /* once: only a member that has nothing yet needs it */
		return !stream->begun;
	case ENGINE_LASTS:
		return !stream->compared && now_ms >= stream->hold.until_ms;
	case ENGINE_APART:
		return stream->compared && stream->apart;
	case ENGINE_TOGETHER:
		return stream->compared && !stream->apart;
	default:
		return false;
	}
}

/* Marks the streams that are asked in this phase; returns how many they are. */
static size_t choose(struct engine *engine, int64_t now_ms)
{
	size_t chosen = 0;

	for (size_t i = 0; i < engine->settings.stream_count; i++) {
		struct stream_at *stream = &engine->streams[i];

		stream->asked = is_asked(stream, engine->phase, now_ms);
		chosen += stream->asked;
	}
	return chosen;
}

/* Asks about each of the chosen streams by itself, so that each answer is one stream's. */
static void ask_each(struct engine *engine, int64_t now_ms)
{
	struct wire *wire = &engine->reader;
	char most[24], key[ENGINE_KEY_SIZE];

	snprintf(most, sizeof(most), "%zu", engine->apart_most);
	for (size_t i = 0; i < engine->settings.stream_count && wire->context; i++) {
		struct stream_at *stream = &engine->streams[i];
		const char *get[] = { "GET", key };
		const char *last[] = { "XREVRANGE", stream->key, "+", "-", "COUNT", "1" };
		const char *read[] = { "XREAD", "COUNT", most, "STREAMS", stream->key, stream->id };

		if (!stream->asked)
			continue;
		engine_snapshot_key(engine, i, key);
		if (engine->phase == ENGINE_SNAPSHOTS)
			wire_send(wire, 2, get, NULL, now_ms);
		else
			wire_send(wire, 6, engine->phase == ENGINE_LASTS ? last : read, NULL,
				  now_ms);
	}
}

static void ask_together(struct engine *engine, size_t count, int64_t now_ms)
{
	const char **words = calloc(6 + 2 * count, sizeof(*words));
	char most[24];
	size_t at = 6;

	if (!words) {
		wire_fail(&engine->reader, "out of memory", now_ms);
		return;
	}
	snprintf(most, sizeof(most), "%zu", engine->together_most);
	words[0] = "XREAD";
	words[1] = "COUNT";
	words[2] = most;
	words[3] = "BLOCK";
	words[4] = engine->more ? BLOCK_SHORT_TEXT : BLOCK_TEXT;
	words[5] = "STREAMS";
	for (size_t i = 0; i < engine->settings.stream_count; i++) {
		if (!engine->streams[i].asked)
			continue;
		words[at + count] = engine->streams[i].id;
		words[at++] = engine->streams[i].key;
	}
	wire_send(&engine->reader, 6 + 2 * count, words, NULL, now_ms);
	free(words);
}

/* The bytes of an answer to one question of this phase if all members are honest. */
static size_t answer_most(const struct engine *engine, size_t chosen)
{
	switch (engine->phase) {
	case ENGINE_SNAPSHOTS:
		return FLEET_SNAPSHOT_MOST + ENTRY_MOST;
	case ENGINE_LASTS:
		return ENTRY_MOST;
	case ENGINE_APART:
		return engine->apart_most * ENTRY_MOST + ENTRY_MOST;
	default:
		return chosen * (engine->together_most * ENTRY_MOST + ENTRY_MOST);
	}
}

static bool reads_some(const struct engine *engine)
{
	for (size_t i = 0; i < engine->settings.stream_count; i++)
		if (engine->streams[i].compared)
			return true;
	return false;
}

/* All streams were asked. Caught up unless one may have more; where a member writes all the time,
 * no answer is ever empty. */
static void end_round(struct engine *engine, bool waited, int64_t now_ms)
{
	engine->phase = ENGINE_PAUSE;
	(void)choose(engine, now_ms);
	engine->caught_up = engine->reading && !engine->more;
	engine->ask_ms = now_ms;
	if (!waited)
		engine->ask_ms += engine->reading ? APART_PACE_MS : IDLE_PACE_MS;
	if (engine->ask_ms < engine->next_ask_ms)
		engine->ask_ms = engine->next_ask_ms;
	if (engine->more)
		engine->ask_ms = now_ms;
	engine->reader.asked_ms = 0; /* no answer is due */
	if (engine->reading)
		engine->reader.pause_ms = 0;
}

/* Asks in this phase, or the first one after it in which there is something to ask. */
static void ask(struct engine *engine, int64_t now_ms)
{
	size_t chosen;

	while (!(chosen = choose(engine, now_ms)) && engine->phase < ENGINE_TOGETHER)
		engine->phase++;
	if (engine->phase >= ENGINE_APART)
		engine->reading = reads_some(engine);
	engine->reader.answer_most = answer_most(engine, chosen);
	if (!chosen)
		end_round(engine, false, now_ms);
	else if (engine->phase == ENGINE_TOGETHER)
		ask_together(engine, chosen, now_ms);
	else
		ask_each(engine, now_ms);
}

static void begin_round(struct engine *engine, enum engine_phase phase, int64_t now_ms)
{
	size_t count = engine->settings.stream_count, each = READ_AT_ONCE / count;

	each = each < READ_LEAST ? READ_LEAST : each > READ_MOST ? READ_MOST : each;
	engine->together_most = each;
	if (engine->apart_most > each)
		engine->apart_most = each;
	engine->more = false;
	engine->ask_ms = 0;
	engine->next_ask_ms = now_ms + (int64_t)count * PACE_MS;
	engine->phase = phase;
	ask(engine, now_ms);
}

void engine_read_on(struct engine *engine, int64_t now_ms)
{
	if (engine->ask_ms && now_ms >= engine->ask_ms)
		begin_round(engine, ENGINE_LASTS, now_ms);
}

void engine_read_begin(struct engine *engine, int64_t now_ms)
{
	for (size_t i = 0; i < engine->settings.stream_count; i++)
		engine->streams[i].compared = false;
	engine->reading = false;
	engine->caught_up = false;
	engine_greet(engine, &engine->reader, &engine->greeting[0], now_ms);
	begin_round(engine, ENGINE_SNAPSHOTS, now_ms);
}

/* ---- faults of one stream ---- */

/* From here on each stream is asked by itself for a while, for few entries at first: one answer to
 * all does not tell whose fault it is, and the stream may be in order again when it is asked. */
static void read_apart(struct engine *engine, int64_t now_ms)
{
	for (size_t i = 0; i < engine->settings.stream_count; i++)
		engine->streams[i].apart = true;
	engine->apart_most = READ_LEAST;
	hold_on(&engine->apart, APART_FIRST_MS, now_ms);
}

/* A snapshot is not asked for again: the member's bans come by its stream within FLEET_RENEW_MS. */
static void blame(struct engine *engine, size_t index, int64_t now_ms)
{
	struct stream_at *stream = &engine->streams[index];

	engine->settings.unreadable(index, engine->settings.context);
	if (engine->phase == ENGINE_SNAPSHOTS) {
		stream->begun = true;
		return;
	}
	stream->compared = false;
	stream->apart = true;
	engine->apart_most = READ_LEAST;
	hold_on(&stream->hold, SKIP_FIRST_MS, now_ms);
}

/* The stream of the next answer; the number of streams: none is owed. */
static size_t next_asked(const struct engine *engine)
{
	size_t i = 0;

	while (i < engine->settings.stream_count && !engine->streams[i].asked)
		i++;
	return i;
}

static bool is_any_left(const struct engine *engine, int64_t now_ms)
{
	for (size_t i = 0; i < engine->settings.stream_count; i++)
		if (now_ms >= engine->streams[i].hold.until_ms)
			return true;
	return false;
}

void engine_read_failed(struct engine *engine, int64_t now_ms)
{
	struct wire *wire = &engine->reader;
	size_t index = next_asked(engine);

	if ((!wire->too_long && !wire->broke_off) || index == engine->settings.stream_count)
		return;
	if (engine->phase == ENGINE_TOGETHER) {
		read_apart(engine, now_ms);
	} else if (wire->too_long) {
		blame(engine, index, now_ms);
		engine->streams[index].leap = engine->phase == ENGINE_APART;
		snprintf(wire->fault, sizeof(wire->fault),
			 "an answer of the engine is too long: the %s of member %.100s",
			 engine->phase == ENGINE_SNAPSHOTS ? "snapshot" : "stream",
			 engine->settings.stream_name(index, engine->settings.context));
	} else if (engine->phase == ENGINE_SNAPSHOTS) {
		engine->streams[index].begun = true; /* the line is too slow for it */
	}
	/* Another server has the same streams; unless it is this one that answers nonsense. */
	if (wire->too_long && is_any_left(engine, now_ms))
		engine->excused++;
}

/* ---- answers ---- */

static void take_apart(struct engine *engine, struct stream_at *stream, const redisReply *reply,
		       int64_t now_ms)
{
	bool more = engine_take_entries(engine, reply, engine->apart_most);

	engine->more |= more;
	if (!more && now_ms >= engine->apart.until_ms)
		stream->apart = false;
}

static bool is_of_another_type(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR && !strncmp(reply->str, "WRONGTYPE", 9);
}

static void take_together(struct engine *engine, const redisReply *reply, int64_t now_ms)
{
	if (is_of_another_type(reply)) {
		read_apart(engine, now_ms);
		engine->more = true;
	} else {
		engine->more |= engine_take_entries(engine, reply, engine->together_most);
	}
	end_round(engine, true, now_ms);
}

/* Takes the answer to the question about one stream. */
static void take_each(struct engine *engine, size_t index, const redisReply *reply, int64_t now_ms)
{
	struct stream_at *stream = &engine->streams[index];

	if (is_of_another_type(reply)) {
		blame(engine, index, now_ms);
	} else if (engine->phase == ENGINE_LASTS) {
		engine_take_last(engine, index, reply);
	} else if (engine->phase == ENGINE_APART) {
		take_apart(engine, stream, reply, now_ms);
	} else if (reply->type != REDIS_REPLY_ERROR) { /* without the right to GET it is missing */
		stream->begun = true;
		if (reply->type == REDIS_REPLY_STRING)
			engine->settings.snapshot(index, (const uint8_t *)reply->str,
						  (size_t)reply->len, engine->settings.context);
	}
	stream->asked = false;
	if (next_asked(engine) < engine->settings.stream_count)
		return;
	if (engine->phase == ENGINE_APART)
		engine->apart_most *= 2;
	engine->phase++;
	ask(engine, now_ms);
}

void engine_read_take(struct engine *engine, const redisReply *reply, int64_t now_ms)
{
	size_t index = next_asked(engine);
	bool error = reply->type == REDIS_REPLY_ERROR;

	if (error && (engine->greeting[0] ||
		      (engine->phase != ENGINE_SNAPSHOTS && !is_of_another_type(reply)))) {
		wire_fail(&engine->reader, reply->str, now_ms);
		return;
	}
	*engine->reader.fault = '\0';
	if (engine->greeting[0])
		engine->greeting[0] = false;
	else if (index == engine->settings.stream_count)
		wire_fail(&engine->reader, "an answer that nobody asked for", now_ms);
	else if (engine->phase == ENGINE_TOGETHER)
		take_together(engine, reply, now_ms);
	else
		take_each(engine, index, reply, now_ms);
}
