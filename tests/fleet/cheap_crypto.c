// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stands in for user/fleet/fleet_crypto_sodium.c in the simulation, a hundred times cheaper: what
 * was changed on its way is noticed, and who does not have a key cannot use it because the
 * simulation does not let him. Never part of the product.
 */
#include "fleet/fleet_crypto.h"

#include <string.h>

#include "chance.h"

bool fleet_crypto_ready(void)
{
	return true;
}

void fleet_random(void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)bytes)[i] = (uint8_t)chance_number(256);
}

void fleet_wipe(void *bytes, size_t size)
{
	memset(bytes, 0, size);
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint64_t word;

	for (; size >= 8; at += 8, size -= 8) {
		memcpy(&word, at, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	for (; size; at++, size--)
		hash = (hash ^ *at) * 0x100000001b3ULL;
	return hash ^ hash >> 32;
}

static void spread(uint64_t hash, uint8_t *out, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (i % 8 == 0)
			hash = (hash + 0x632be59bd9b4e019ULL) * 0xbf58476d1ce4e5b9ULL;
		out[i] = (uint8_t)(hash >> i % 8 * 8);
	}
}

void fleet_hash(const uint8_t key[FLEET_KEY_SIZE], const void *bytes, size_t size, uint8_t *out,
		size_t out_size)
{
	uint64_t hash = key ? mix(1, key, FLEET_KEY_SIZE) : 2;

	spread(mix(hash, bytes, size), out, out_size);
}

void fleet_signer_derive(struct fleet_signer *signer)
{
	memcpy(signer->public, signer->seed, FLEET_KEY_SIZE);
}

void fleet_sign(const struct fleet_signer *signer, const void *bytes, size_t size,
		uint8_t signature[FLEET_SIGNATURE_SIZE])
{
	spread(mix(mix(3, signer->public, FLEET_KEY_SIZE), bytes, size), signature,
	       FLEET_SIGNATURE_SIZE);
}

bool fleet_verify(const uint8_t public[FLEET_KEY_SIZE], const void *bytes, size_t size,
		  const uint8_t signature[FLEET_SIGNATURE_SIZE])
{
	uint8_t expected[FLEET_SIGNATURE_SIZE];

	spread(mix(mix(3, public, FLEET_KEY_SIZE), bytes, size), expected, sizeof(expected));
	return !memcmp(expected, signature, sizeof(expected));
}

void fleet_seal(const uint8_t key[FLEET_KEY_SIZE], const uint8_t nonce[FLEET_NONCE_SIZE],
		const void *extra, size_t extra_size, const void *text, size_t size, uint8_t *out)
{
	(void)nonce;
	memcpy(out, text, size);
	spread(mix(mix(mix(4, key, FLEET_KEY_SIZE), extra, extra_size), text, size), out + size,
	       FLEET_TAG_SIZE);
}

bool fleet_open(const uint8_t key[FLEET_KEY_SIZE], const uint8_t nonce[FLEET_NONCE_SIZE],
		const void *extra, size_t extra_size, const uint8_t *sealed, size_t size,
		uint8_t *out)
{
	uint8_t expected[FLEET_TAG_SIZE];

	(void)nonce;
	size -= FLEET_TAG_SIZE;
	spread(mix(mix(mix(4, key, FLEET_KEY_SIZE), extra, extra_size), sealed, size), expected,
	       sizeof(expected));
	memcpy(out, sealed, size);
	return !memcmp(expected, sealed + size, sizeof(expected));
}
