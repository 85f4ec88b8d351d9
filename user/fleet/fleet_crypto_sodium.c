// SPDX-License-Identifier: GPL-2.0-or-later
/* See fleet_crypto.h. */
#include "fleet/fleet_crypto.h"

#include <sodium.h>
#include <string.h>

_Static_assert(FLEET_KEY_SIZE == crypto_sign_SEEDBYTES, "Ed25519");
_Static_assert(FLEET_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(FLEET_SIGNATURE_SIZE == crypto_sign_BYTES, "Ed25519");
_Static_assert(FLEET_NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "XChaCha20");
_Static_assert(FLEET_TAG_SIZE == crypto_aead_xchacha20poly1305_ietf_ABYTES, "Poly1305");

bool fleet_crypto_ready(void)
{
	return sodium_init() >= 0;
}

void fleet_random(void *bytes, size_t size)
{
	randombytes_buf(bytes, size);
}

void fleet_wipe(void *bytes, size_t size)
{
	sodium_memzero(bytes, size);
}

void fleet_signer_derive(struct fleet_signer *signer)
{
	uint8_t pair[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(signer->public, pair, signer->seed);
	sodium_memzero(pair, sizeof(pair));
}

/* libsodium's secret key is the seed followed by the public key. */
void fleet_sign(const struct fleet_signer *signer, const void *bytes, size_t size,
		uint8_t signature[FLEET_SIGNATURE_SIZE])
{
	uint8_t pair[crypto_sign_SECRETKEYBYTES];

	memcpy(pair, signer->seed, FLEET_KEY_SIZE);
	memcpy(pair + FLEET_KEY_SIZE, signer->public, FLEET_KEY_SIZE);
	crypto_sign_detached(signature, NULL, bytes, size, pair);
	sodium_memzero(pair, sizeof(pair));
}

bool fleet_verify(const uint8_t public[FLEET_KEY_SIZE], const void *bytes, size_t size,
		  const uint8_t signature[FLEET_SIGNATURE_SIZE])
{
	return !crypto_sign_verify_detached(signature, bytes, size, public);
}

void fleet_seal(const uint8_t key[FLEET_KEY_SIZE], const uint8_t nonce[FLEET_NONCE_SIZE],
		const void *extra, size_t extra_size, const void *text, size_t size, uint8_t *out)
{
	crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, text, size, extra, extra_size, NULL,
						   nonce, key);
}

bool fleet_open(const uint8_t key[FLEET_KEY_SIZE], const uint8_t nonce[FLEET_NONCE_SIZE],
		const void *extra, size_t extra_size, const uint8_t *sealed, size_t size,
		uint8_t *out)
{
	return !crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, size, extra,
							   extra_size, nonce, key);
}

void fleet_hash(const uint8_t key[FLEET_KEY_SIZE], const void *bytes, size_t size, uint8_t *out,
		size_t out_size)
{
	crypto_generichash(out, out_size, bytes, size, key, key ? FLEET_KEY_SIZE : 0);
}
