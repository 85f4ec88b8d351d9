// SPDX-License-Identifier: GPL-2.0-or-later
/* The entries in the engine's answers, all hostile: any shape but the right one is passed over. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fleet/engine_parts.h"

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

/* If the last entry is before what was read, the engine has lost entries or is another one, and its
 * stream is read from the beginning. What was seen already is not taken twice. */
void engine_take_last(struct engine *engine, size_t index, const redisReply *reply)
{
	struct stream_at *stream = &engine->streams[index];
	const redisReply *entry =
		reply->type == REDIS_REPLY_ARRAY && reply->elements ? reply->element[0] : NULL;
	const char *last = "0-0";

	if (entry && entry->type == REDIS_REPLY_ARRAY && entry->elements &&
	    entry->element[0]->type == REDIS_REPLY_STRING)
		last = entry->element[0]->str;
	if (stream_id_is_before(last, stream->id))
		strcpy(stream->id, "0-0");
	else if (stream->leap && stream_id_is_before(stream->id, last))
		take_entry(engine, index, entry);
	stream->leap = false;
	stream->compared = stream->begun = true;
}

/* Takes the entries of one of the streams that were asked. True: it may have more. */
static bool take_stream(struct engine *engine, const redisReply *reply, size_t most)
{
	const redisReply *entries;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_ARRAY)
		return false;
	entries = reply->element[1];
	for (size_t i = 0; i < engine->settings.stream_count; i++) {
		if (!engine->streams[i].asked ||
		    strcmp(engine->streams[i].key, reply->element[0]->str))
			continue;
		for (size_t j = 0; j < entries->elements; j++)
			take_entry(engine, i, entries->element[j]);
		return entries->elements >= most;
	}
	return false;
}

bool engine_take_entries(struct engine *engine, const redisReply *reply, size_t most)
{
	bool more = false;

	for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
		more |= take_stream(engine, reply->element[i], most);
	return more;
}
