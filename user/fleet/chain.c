// SPDX-License-Identifier: GPL-2.0-or-later
/* See chain.h. */
#include "fleet/chain.h"

#include <string.h>

void chain_hash(const uint8_t *bytes, size_t size, uint8_t hash[FLEET_HASH_SIZE])
{
	fleet_hash(NULL, bytes, size, hash, FLEET_HASH_SIZE);
}

static enum chain_verdict judge(const struct fleet_chain *chain, uint64_t incarnation,
				uint64_t sequence, const uint8_t hash[FLEET_HASH_SIZE])
{
	static const uint8_t never[FLEET_HASH_SIZE];
	const uint8_t *seen = chain->hashes[sequence % CHAIN_REMEMBERED];

	if (incarnation != chain->incarnation)
		return incarnation < chain->incarnation ? CHAIN_STALE : CHAIN_NEW;
	if (sequence > chain->sequence)
		return CHAIN_NEW;
	if (chain->sequence - sequence >= CHAIN_REMEMBERED || !memcmp(seen, never, sizeof(never)))
		return CHAIN_SEEN; /* too long ago, or that batch never came */
	return memcmp(seen, hash, FLEET_HASH_SIZE) ? CHAIN_FORK : CHAIN_SEEN;
}

enum chain_verdict chain_look(const struct fleet_chain *chain, const struct fleet_header *header,
			      const uint8_t hash[FLEET_HASH_SIZE])
{
	return judge(chain, header->incarnation, header->sequence, hash);
}

static void stand_at(struct fleet_chain *chain, const struct fleet_batch *batch,
		     const uint8_t hash[FLEET_HASH_SIZE])
{
	chain->incarnation = batch->incarnation;
	chain->sequence = batch->sequence;
	chain->by_snapshot = batch->snapshot;
	memcpy(chain->hashes[batch->sequence % CHAIN_REMEMBERED], hash, FLEET_HASH_SIZE);
}

enum chain_verdict chain_take(struct fleet_chain *chain, const struct fleet_batch *batch,
			      const uint8_t hash[FLEET_HASH_SIZE])
{
	enum chain_verdict verdict = judge(chain, batch->incarnation, batch->sequence, hash);
	bool fresh = batch->incarnation != chain->incarnation;
	uint64_t skipped;

	if (verdict != CHAIN_NEW)
		return verdict;
	if (!fresh && batch->sequence == chain->sequence + 1 &&
	    memcmp(batch->previous, chain->hashes[chain->sequence % CHAIN_REMEMBERED],
		   FLEET_HASH_SIZE))
		return CHAIN_FORK;
	skipped = fresh ? 0 : batch->sequence - chain->sequence - 1;
	chain->missing += skipped;
	if (fresh || skipped >= CHAIN_REMEMBERED)
		memset(chain->hashes, 0, sizeof(chain->hashes));
	else
		for (uint64_t i = 1; i <= skipped; i++)
			memset(chain->hashes[(chain->sequence + i) % CHAIN_REMEMBERED], 0,
			       FLEET_HASH_SIZE);
	stand_at(chain, batch, hash);
	return CHAIN_NEW;
}

enum chain_verdict chain_begin(struct fleet_chain *chain, const struct fleet_batch *part)
{
	bool same = chain->by_snapshot && part->incarnation == chain->incarnation &&
		    part->sequence == chain->sequence &&
		    !memcmp(part->previous, chain->hashes[part->sequence % CHAIN_REMEMBERED],
			    FLEET_HASH_SIZE);

	if (chain->sequence && !same)
		return CHAIN_SEEN;
	stand_at(chain, part, part->previous);
	return CHAIN_NEW;
}
