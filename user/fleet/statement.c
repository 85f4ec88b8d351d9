// SPDX-License-Identifier: GPL-2.0-or-later
/* See statement.h. */
#include "fleet/statement.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "detect/detect.h"

static const char magics[2][4] = { { 'S', 'K', 'F', '1' }, { 'S', 'K', 'S', '1' } };

#define HEADER_SIZE  (sizeof(magics[0]) + FLEET_ID_SIZE + 8 + 8)
#define SEALED_AT    (HEADER_SIZE + FLEET_NONCE_SIZE)
#define PREFIX_SIZE  17
#define BAN_SIZE     (PREFIX_SIZE + 2 + 8)
#define REVOKE_SIZE  (PREFIX_SIZE + 1)
#define SIGHT_SIZE   (PREFIX_SIZE + FLEET_ACCOUNT_SIZE + 1 + 4 + 2 + 8)
#define PAYLOAD_HEAD (FLEET_HASH_SIZE + 8 + 1)
#define PAYLOAD_MOST (PAYLOAD_HEAD + FLEET_STATEMENTS_MAX * (2 + SIGHT_SIZE))
#define SIZE_LEAST   (SEALED_AT + PAYLOAD_HEAD + FLEET_TAG_SIZE + FLEET_SIGNATURE_SIZE)

_Static_assert(SEALED_AT + PAYLOAD_MOST + FLEET_TAG_SIZE + FLEET_SIGNATURE_SIZE <= FLEET_BATCH_SIZE,
	       "the largest batch fits");

/* Any clock's times are below this, so that their sums do not overflow. */
#define TIME_MOST_MS (1LL << 53)

/* ---- keys ---- */

static void derive(const uint8_t secret[FLEET_KEY_SIZE], const char *use, uint8_t *key, size_t size)
{
	fleet_hash(secret, use, strlen(use), key, size);
}

void fleet_secret_derive(const uint8_t secret[FLEET_KEY_SIZE], struct fleet_secret *keys)
{
	uint8_t name[16];

	derive(secret, "sekisho fleet 1: seal", keys->seal, sizeof(keys->seal));
	derive(secret, "sekisho fleet 1: account", keys->account, sizeof(keys->account));
	derive(secret, "sekisho fleet 1: stream", name, sizeof(name));
	for (size_t i = 0; i < (sizeof(keys->stream) - 1) / 2; i++)
		snprintf(keys->stream + 2 * i, 3, "%02x", name[i]);
}

void fleet_account(const struct fleet_secret *secret, const char *name,
		   uint8_t account[FLEET_ACCOUNT_SIZE])
{
	char folded[EVENT_ACCOUNT_SIZE];
	size_t size = 0;

	for (; size < sizeof(folded) && name[size]; size++)
		folded[size] = name[size] >= 'A' && name[size] <= 'Z' ? (char)(name[size] + 32)
								      : name[size];
	fleet_hash(secret->account, folded, size, account, FLEET_ACCOUNT_SIZE);
}

void fleet_key_id(const uint8_t public[FLEET_KEY_SIZE], uint8_t id[FLEET_ID_SIZE])
{
	uint8_t hash[FLEET_HASH_SIZE];

	fleet_hash(NULL, public, FLEET_KEY_SIZE, hash, sizeof(hash));
	memcpy(id, hash, FLEET_ID_SIZE);
}

/* ---- out ---- */

struct batch_writer {
	uint8_t *at;
};

static void put(struct batch_writer *writer, const void *bytes, size_t size)
{
	memcpy(writer->at, bytes, size);
	writer->at += size;
}

static void put_number(struct batch_writer *writer, uint64_t value, size_t size)
{
	uint64_t big = htobe64(value);

	put(writer, (const uint8_t *)&big + sizeof(big) - size, size);
}

static void put_prefix(struct batch_writer *writer, const struct prefix *prefix)
{
	put_number(writer, prefix->length, 1);
	put(writer, prefix->address.byte, sizeof(prefix->address.byte));
}

static void put_statement(struct batch_writer *writer, const struct fleet_statement *statement)
{
	static const uint8_t sizes[] = {
		[FLEET_BAN] = BAN_SIZE, [FLEET_REVOKE] = REVOKE_SIZE, [FLEET_SIGHTING] = SIGHT_SIZE
	};

	put_number(writer, statement->kind, 1);
	put_number(writer, sizes[statement->kind], 1);
	put_prefix(writer, &statement->prefix);
	if (statement->kind == FLEET_SIGHTING) {
		put(writer, statement->account, sizeof(statement->account));
		put_number(writer, statement->sight, 1);
		put_number(writer, statement->provider, 4);
		put_number(writer, statement->country, 2);
	} else {
		put_number(writer, statement->services, 1);
	}
	if (statement->kind == FLEET_BAN)
		put_number(writer, statement->rule, 1);
	if (statement->kind != FLEET_REVOKE)
		put_number(writer, (uint64_t)statement->time_ms, 8);
}

size_t fleet_batch_seal(const struct fleet_batch *batch, const struct fleet_signer *signer,
			const struct fleet_secret *secret, uint8_t bytes[FLEET_BATCH_SIZE])
{
	uint8_t payload[PAYLOAD_MOST], id[FLEET_ID_SIZE];
	struct batch_writer head = { bytes }, writer = { payload };
	size_t size;

	fleet_key_id(signer->public, id);
	put(&head, magics[batch->snapshot], sizeof(magics[0]));
	put(&head, id, sizeof(id));
	put_number(&head, batch->incarnation, 8);
	put_number(&head, batch->sequence, 8);
	fleet_random(head.at, FLEET_NONCE_SIZE);
	put(&writer, batch->previous, sizeof(batch->previous));
	put_number(&writer, (uint64_t)batch->made_ms, 8);
	put_number(&writer, batch->count, 1);
	for (size_t i = 0; i < batch->count; i++)
		put_statement(&writer, &batch->statements[i]);
	size = (size_t)(writer.at - payload);
	fleet_seal(secret->seal, bytes + HEADER_SIZE, bytes, HEADER_SIZE, payload, size,
		   bytes + SEALED_AT);
	size += SEALED_AT + FLEET_TAG_SIZE;
	fleet_sign(signer, bytes, size, bytes + size);
	return size + FLEET_SIGNATURE_SIZE;
}

/* ---- in ---- */

struct batch_reader {
	const uint8_t *at, *end;
	bool bad; /* it ended too early, or a value is not valid */
};

static void take(struct batch_reader *reader, void *bytes, size_t size)
{
	if ((size_t)(reader->end - reader->at) < size) {
		reader->bad = true;
		memset(bytes, 0, size);
		return;
	}
	memcpy(bytes, reader->at, size);
	reader->at += size;
}

static uint64_t take_number(struct batch_reader *reader, size_t size)
{
	uint64_t big = 0;

	take(reader, (uint8_t *)&big + sizeof(big) - size, size);
	return be64toh(big);
}

static int64_t take_time(struct batch_reader *reader)
{
	uint64_t value = take_number(reader, 8);

	if (value > TIME_MOST_MS)
		reader->bad = true;
	return reader->bad ? 0 : (int64_t)value;
}

/* Only the canonical form is accepted, so that each prefix has one form. */
static void take_prefix(struct batch_reader *reader, struct prefix *prefix)
{
	struct address masked;

	prefix->length = (uint32_t)take_number(reader, 1);
	take(reader, prefix->address.byte, sizeof(prefix->address.byte));
	if (prefix->length > 128) {
		reader->bad = true;
		return;
	}
	masked = address_mask(&prefix->address, prefix->length);
	if (address_compare(&masked, &prefix->address))
		reader->bad = true;
}

static void take_statement(struct batch_reader *whole, struct fleet_statement *statement)
{
	uint64_t kind = take_number(whole, 1), size = take_number(whole, 1);
	struct batch_reader reader = { whole->at, whole->at, false };

	*statement = (struct fleet_statement){ 0 };
	if (kind < FLEET_BAN || kind > FLEET_SIGHTING || (size_t)(whole->end - whole->at) < size) {
		whole->bad = true;
		return;
	}
	reader.end += size;
	whole->at += size;
	statement->kind = (enum fleet_kind)kind;
	take_prefix(&reader, &statement->prefix);
	if (kind == FLEET_SIGHTING) {
		take(&reader, statement->account, sizeof(statement->account));
		statement->sight = (enum fleet_sight)take_number(&reader, 1);
		statement->provider = (uint32_t)take_number(&reader, 4);
		statement->country = (uint16_t)take_number(&reader, 2);
		reader.bad |= !statement->sight || statement->sight >= FLEET_SIGHT_COUNT ||
			      statement->country >= COUNTRY_COUNT;
	} else {
		statement->services = (uint8_t)take_number(&reader, 1);
		reader.bad |= !statement->services || statement->services & ~BAN_ALL;
	}
	if (kind == FLEET_BAN)
		statement->rule = (uint8_t)take_number(&reader, 1);
	if (kind != FLEET_REVOKE)
		statement->time_ms = take_time(&reader);
	whole->bad |= reader.bad || reader.at != reader.end;
}

static bool read_payload(const uint8_t *payload, size_t size, struct fleet_batch *batch)
{
	struct batch_reader reader = { payload, payload + size, false };

	take(&reader, batch->previous, sizeof(batch->previous));
	batch->made_ms = take_time(&reader);
	batch->count = take_number(&reader, 1);
	if (batch->count > FLEET_STATEMENTS_MAX)
		return false;
	for (size_t i = 0; i < batch->count && !reader.bad; i++)
		take_statement(&reader, &batch->statements[i]);
	return !reader.bad && reader.at == reader.end;
}

int fleet_header_read(const uint8_t *bytes, size_t size, struct fleet_header *header)
{
	struct batch_reader reader = { bytes, bytes + size, false };
	char begin[sizeof(magics[0])];
	bool batch;

	if (size < SIZE_LEAST || size > FLEET_BATCH_SIZE)
		return -EPROTO;
	take(&reader, begin, sizeof(begin));
	take(&reader, header->key, sizeof(header->key));
	header->incarnation = take_number(&reader, 8);
	header->sequence = take_number(&reader, 8);
	batch = !memcmp(begin, magics[false], sizeof(begin));
	header->snapshot = !memcmp(begin, magics[true], sizeof(begin));
	return batch == header->snapshot || !header->incarnation || !header->sequence ? -EPROTO : 0;
}

int fleet_batch_open(const uint8_t *bytes, size_t size, const uint8_t public[FLEET_KEY_SIZE],
		     const struct fleet_secret *secrets, size_t secret_count,
		     struct fleet_batch *batch)
{
	uint8_t payload[FLEET_BATCH_SIZE];
	size_t signed_size, sealed_size;
	struct fleet_header header;
	bool opened = false;

	if (fleet_header_read(bytes, size, &header))
		return -EPROTO;
	signed_size = size - FLEET_SIGNATURE_SIZE;
	sealed_size = signed_size - SEALED_AT;
	if (!fleet_verify(public, bytes, signed_size, bytes + signed_size))
		return -EKEYREJECTED;
	for (size_t i = 0; i < secret_count && !opened; i++)
		opened = fleet_open(secrets[i].seal, bytes + HEADER_SIZE, bytes, HEADER_SIZE,
				    bytes + SEALED_AT, sealed_size, payload);
	if (!opened)
		return -ENOKEY;
	batch->snapshot = header.snapshot;
	batch->incarnation = header.incarnation;
	batch->sequence = header.sequence;
	return read_payload(payload, sealed_size - FLEET_TAG_SIZE, batch) ? 0 : -EPROTO;
}
