/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a member's batches: which ones were seen, and whether each names the one before.
 * A missing batch was trimmed or withheld; nobody can distinguish these. Two batches of one number
 * prove that two parties have the member's key. Pure.
 */
#ifndef SEKISHO_CHAIN_H
#define SEKISHO_CHAIN_H

#include "fleet/statement.h"

#ifndef CHAIN_REMEMBERED
#define CHAIN_REMEMBERED 512 /* hashes of the last batches */
#endif

struct fleet_chain {
	uint64_t incarnation, sequence; /* of the last batch that was taken; 0: none */
	uint64_t missing;		/* batches that never came, since the start */
	bool by_snapshot;		/* a snapshot put it where it is */
	uint8_t hashes[CHAIN_REMEMBERED][FLEET_HASH_SIZE]; /* by sequence % CHAIN_REMEMBERED */
};

enum chain_verdict {
	CHAIN_NEW,   /* to be taken */
	CHAIN_SEEN,  /* it, or a later one, was taken already: a replay, or read again */
	CHAIN_STALE, /* of an incarnation that is over */
	CHAIN_FORK,  /* contradicts what the same member signed before */
};

/* The hash of a whole signed message, by which the next one names its predecessor. */
void chain_hash(const uint8_t *bytes, size_t size, uint8_t hash[FLEET_HASH_SIZE]);

/* Without looking at the signature: CHAIN_SEEN and CHAIN_STALE are to be dropped; CHAIN_NEW and
 * CHAIN_FORK only mean something once the batch was opened and chain_take() was asked. */
enum chain_verdict chain_look(const struct fleet_chain *chain, const struct fleet_header *header,
			      const uint8_t hash[FLEET_HASH_SIZE]);
/* Takes a batch that was opened. Changes the chain if the batch is CHAIN_NEW. */
enum chain_verdict chain_take(struct fleet_chain *chain, const struct fleet_batch *batch,
			      const uint8_t hash[FLEET_HASH_SIZE]);

/* Takes a part of a snapshot that was opened: CHAIN_NEW if nothing of the member was taken before
 * except parts of the same snapshot; the chain then goes on behind it. */
enum chain_verdict chain_begin(struct fleet_chain *chain, const struct fleet_batch *part);

#endif
