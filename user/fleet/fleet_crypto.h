/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few primitives that the fleet needs: Ed25519 (RFC 8032), XChaCha20-Poly1305, BLAKE2b
 * (RFC 7693). By libsodium (fleet_crypto_sodium.c); without it every function fails
 * (fleet_crypto_none.c), and `sekisho fleet` says so. Not here: what they are applied to.
 */
#ifndef SEKISHO_FLEET_CRYPTO_H
#define SEKISHO_FLEET_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLEET_KEY_SIZE	     32 /* seed of a private key, public key, secret */
#define FLEET_HASH_SIZE	     32
#define FLEET_SIGNATURE_SIZE 64
#define FLEET_NONCE_SIZE     24
#define FLEET_TAG_SIZE	     16 /* sealed text is longer by this */
#define FLEET_ACCOUNT_SIZE   16 /* of a hashed account name */

struct fleet_signer {
	uint8_t seed[FLEET_KEY_SIZE], public[FLEET_KEY_SIZE];
};

/* False: this build has no libsodium, or it does not start. To be called before anything else. */
bool fleet_crypto_ready(void);

/* `size` bytes of the kernel's randomness; never fails. Without libsodium all zero. */
void fleet_random(void *bytes, size_t size);
/* Overwrites a secret; the compiler does not optimise this away. */
void fleet_wipe(void *bytes, size_t size);

/* Fills `public` from `seed`. */
void fleet_signer_derive(struct fleet_signer *signer);
void fleet_sign(const struct fleet_signer *signer, const void *bytes, size_t size,
		uint8_t signature[FLEET_SIGNATURE_SIZE]);
bool fleet_verify(const uint8_t public[FLEET_KEY_SIZE], const void *bytes, size_t size,
		  const uint8_t signature[FLEET_SIGNATURE_SIZE]);

/* `out` has FLEET_TAG_SIZE bytes more than `text`; `extra` is bound to it and stays readable. */
void fleet_seal(const uint8_t key[FLEET_KEY_SIZE], const uint8_t nonce[FLEET_NONCE_SIZE],
		const void *extra, size_t extra_size, const void *text, size_t size, uint8_t *out);
/* `size` is that of the sealed text, tag included; `out` has FLEET_TAG_SIZE bytes fewer. */
bool fleet_open(const uint8_t key[FLEET_KEY_SIZE], const uint8_t nonce[FLEET_NONCE_SIZE],
		const void *extra, size_t extra_size, const uint8_t *sealed, size_t size,
		uint8_t *out);

/* `key` NULL: without one. `out_size` is 16 .. 32. */
void fleet_hash(const uint8_t key[FLEET_KEY_SIZE], const void *bytes, size_t size, uint8_t *out,
		size_t out_size);

#endif
