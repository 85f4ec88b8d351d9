/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes that members exchange: batches of statements, sealed with the fleet's secret and signed
 * by their member. Pure; all input is hostile. Not here: whether a batch is new (chain.h), what
 * happens with a statement (adoption.h).
 *
 * A batch, all numbers big endian:
 * - "SKF1", then 8 bytes that name the signing key: the first of its BLAKE2b hash.
 * - 8 bytes incarnation of the member, 8 bytes sequence number of the batch, both from 1.
 * - 24 bytes nonce, then the sealed part, bound to all before it, with its tag of 16 bytes:
 *   32 bytes BLAKE2b of the whole batch before this one (0s in the first of an incarnation),
 *   8 bytes when it was made (ms since 1970), 1 byte how many statements follow (0 .. 128; a batch
 *   without statements says that its member is alive), each with a byte of kind and one of size.
 * - 64 bytes Ed25519 signature of all before it.
 *
 * "SKS1" in place of "SKF1" marks a part of a snapshot (fleet_snapshot.h): `sequence` is that of
 * the last batch before it, and the hash is that batch's own. Neither is ever taken for the other.
 */
#ifndef SEKISHO_STATEMENT_H
#define SEKISHO_STATEMENT_H

#include "fleet/fleet_crypto.h"
#include "net/address.h"

#define FLEET_STATEMENTS_MAX 128
#define FLEET_SECRETS_MAX    2 /* the second one while the secret is being replaced */
#define FLEET_KEYS_MAX	     2 /* of a member, likewise */
/* 28 + 24 + (41 + 128 * (2 + 51)) + 16 + 64, rounded up. */
#define FLEET_BATCH_SIZE 7168

enum fleet_kind {
	FLEET_BAN = 1,	/* its maker bans `prefix` from `services` until time_ms; also a renewal */
	FLEET_REVOKE,	/* its maker no longer bans it */
	FLEET_SIGHTING, /* something happened to an account that is new to it */
};

/* What was new to an account. */
enum fleet_sight {
	FLEET_SIGHT_LOGIN = 1, /* a login from a new provider, network or country */
	FLEET_SIGHT_FAILURE,   /* a stranger's failed login */
	FLEET_SIGHT_OLD,       /* a stranger knew an old password */
	FLEET_SIGHT_OVER,      /* its strangers have spent their budget of recipients; not said */
	FLEET_SIGHT_COUNT,
};

struct fleet_statement {
	enum fleet_kind kind;
	struct prefix prefix; /* of a sighting: the network of the source */
	uint8_t services;     /* enum ban_services: of a ban or revocation; not 0 */
	uint8_t rule;	      /* enum ban_rule, of a ban; names nothing beyond RULE_COUNT */
	int64_t time_ms;      /* wall clock: the end of a ban, the moment of a sighting */
	/* Of a sighting: */
	uint8_t account[FLEET_ACCOUNT_SIZE]; /* fleet_account() */
	enum fleet_sight sight;
	uint32_t provider; /* autonomous system; 0: not known */
	uint16_t country;  /* index of contract.h, below COUNTRY_COUNT */
};

struct fleet_batch {
	bool snapshot;
	uint64_t incarnation, sequence;
	uint8_t previous[FLEET_HASH_SIZE];
	int64_t made_ms; /* wall clock of its maker */
	size_t count;
	struct fleet_statement statements[FLEET_STATEMENTS_MAX];
};

/* The keys that follow from the fleet's secret. */
struct fleet_secret {
	uint8_t seal[FLEET_KEY_SIZE], account[FLEET_KEY_SIZE];
	char stream[17]; /* hexadecimal: the fleet's name at the engine, which reveals nothing */
};

/* Each key is a keyed hash of its own purpose: none reveals another, nor the secret. */
void fleet_secret_derive(const uint8_t secret[FLEET_KEY_SIZE], struct fleet_secret *keys);

/* The account as others see it: keyed, so that only members can try names. A-Z are a-z. */
void fleet_account(const struct fleet_secret *secret, const char *name,
		   uint8_t account[FLEET_ACCOUNT_SIZE]);

#define FLEET_ID_SIZE 8
/* The beginning of a public key's hash, by which a sealed message names its sender. */
void fleet_key_id(const uint8_t public[FLEET_KEY_SIZE], uint8_t id[FLEET_ID_SIZE]);

/* Returns the size. batch->count is 0 .. FLEET_STATEMENTS_MAX. */
size_t fleet_batch_seal(const struct fleet_batch *batch, const struct fleet_signer *signer,
			const struct fleet_secret *secret, uint8_t bytes[FLEET_BATCH_SIZE]);

/* What can be read before anything is verified; not to be trusted. */
struct fleet_header {
	bool snapshot;
	uint8_t key[FLEET_ID_SIZE];
	uint64_t incarnation, sequence;
};

/* -EPROTO: no batch of this version. */
int fleet_header_read(const uint8_t *bytes, size_t size, struct fleet_header *header);

/* Checks the signature, then the seal, then the format: only a member's own bytes fill *batch.
 * -EKEYREJECTED: not signed by this key; -ENOKEY: sealed with none of these secrets; -EPROTO:
 * signed by the member, but malformed. */
int fleet_batch_open(const uint8_t *bytes, size_t size, const uint8_t public[FLEET_KEY_SIZE],
		     const struct fleet_secret *secrets, size_t secret_count,
		     struct fleet_batch *batch);

#endif
