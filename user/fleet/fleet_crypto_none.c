// SPDX-License-Identifier: GPL-2.0-or-later
/* A build without libsodium has no fleet, and never takes anything for verified. */
#include "fleet/fleet_crypto.h"

#include <string.h>

bool fleet_crypto_ready(void)
{
	return false;
}

void fleet_random(void *bytes, size_t size)
{
	memset(bytes, 0, size);
}

void fleet_wipe(void *bytes, size_t size)
{
	explicit_bzero(bytes, size);
}

void fleet_signer_derive(struct fleet_signer *signer)
{
	memset(signer->public, 0, sizeof(signer->public));
}

void fleet_sign(const struct fleet_signer *signer, const void *bytes, size_t size,
		uint8_t signature[FLEET_SIGNATURE_SIZE])
{
	(void)signer;
	(void)bytes;
	(void)size;
	memset(signature, 0, FLEET_SIGNATURE_SIZE);
}

bool fleet_verify(const uint8_t public[FLEET_KEY_SIZE], const void *bytes, size_t size,
		  const uint8_t signature[FLEET_SIGNATURE_SIZE])
{
	(void)public;
	(void)bytes;
	(void)size;
	(void)signature;
	return false;
}

void fleet_seal(const uint8_t key[FLEET_KEY_SIZE], const uint8_t nonce[FLEET_NONCE_SIZE],
		const void *extra, size_t extra_size, const void *text, size_t size, uint8_t *out)
{
	(void)key;
	(void)nonce;
	(void)extra;
	(void)extra_size;
	(void)text;
	memset(out, 0, size + FLEET_TAG_SIZE);
}

bool fleet_open(const uint8_t key[FLEET_KEY_SIZE], const uint8_t nonce[FLEET_NONCE_SIZE],
		const void *extra, size_t extra_size, const uint8_t *sealed, size_t size,
		uint8_t *out)
{
	(void)key;
	(void)nonce;
	(void)extra;
	(void)extra_size;
	(void)sealed;
	(void)size;
	(void)out;
	return false;
}

void fleet_hash(const uint8_t key[FLEET_KEY_SIZE], const void *bytes, size_t size, uint8_t *out,
		size_t out_size)
{
	(void)key;
	(void)bytes;
	(void)size;
	memset(out, 0, out_size);
}
