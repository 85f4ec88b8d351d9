// SPDX-License-Identifier: GPL-2.0-or-later
/* See fleet_snapshot.h. */
#include "fleet/fleet_snapshot.h"

#include <errno.h>
#include <stdlib.h>

#define SIZE_BYTES 2

_Static_assert(FLEET_BATCH_SIZE < 65536, "its size fits into two bytes");

struct snapshot_writer {
	struct fleet_batch part;
	const struct fleet_signer *signer;
	const struct fleet_secret *secret;
	uint8_t *bytes;
	size_t size, room;
	bool failed;
};

static bool make_room(struct snapshot_writer *writer)
{
	size_t room = 2 * writer->room + SIZE_BYTES + FLEET_BATCH_SIZE;
	uint8_t *larger;

	if (writer->room - writer->size >= SIZE_BYTES + FLEET_BATCH_SIZE)
		return true;
	larger = realloc(writer->bytes, room);
	if (!larger)
		return false;
	writer->bytes = larger;
	writer->room = room;
	return true;
}

static void end_part(struct snapshot_writer *writer)
{
	uint8_t *at;
	size_t size;

	if (!make_room(writer)) {
		writer->failed = true;
		return;
	}
	at = writer->bytes + writer->size;
	size = fleet_batch_seal(&writer->part, writer->signer, writer->secret, at + SIZE_BYTES);
	at[0] = (uint8_t)(size >> 8);
	at[1] = (uint8_t)size;
	writer->size += SIZE_BYTES + size;
	writer->part.count = 0;
}

static void add(void *context, const struct fleet_statement *ban)
{
	struct snapshot_writer *writer = context;

	if (writer->failed)
		return;
	writer->part.statements[writer->part.count++] = *ban;
	if (writer->part.count == FLEET_STATEMENTS_MAX)
		end_part(writer);
}

int snapshot_make(struct own_bans *own, const struct fleet_batch *place,
		  const struct fleet_signer *signer, const struct fleet_secret *secret,
		  uint8_t **bytes, size_t *size)
{
	struct snapshot_writer writer = { .part = *place, .signer = signer, .secret = secret };

	writer.part.snapshot = true;
	writer.part.count = 0;
	own_each(own, place->made_ms, add, &writer);
	/* A snapshot without bans still says where the member's chain is. */
	if (!writer.failed && (writer.part.count || !writer.size))
		end_part(&writer);
	if (writer.failed) {
		free(writer.bytes);
		return -ENOMEM;
	}
	*bytes = writer.bytes;
	*size = writer.size;
	return 0;
}

const uint8_t *snapshot_part(const uint8_t **bytes, size_t *size, size_t *part_size)
{
	const uint8_t *part = *bytes + SIZE_BYTES;

	if (*size < SIZE_BYTES)
		return NULL;
	*part_size = (size_t)(*bytes)[0] << 8 | (*bytes)[1];
	if (!*part_size || *part_size > *size - SIZE_BYTES)
		return NULL;
	*bytes = part + *part_size;
	*size -= SIZE_BYTES + *part_size;
	return part;
}
