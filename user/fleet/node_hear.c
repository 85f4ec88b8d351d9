// SPDX-License-Identifier: GPL-2.0-or-later
/* What a node hears from the others: who said it, and whether it is new. See node.h. */
#include <errno.h>
#include <string.h>

#include "fleet/allowance.h"
#include "fleet/fleet_snapshot.h"
#include "fleet/node_internal.h"

#define TROUBLE_QUIET_MS 3600000 /* the least time between two reports of a trouble */
#define JUMP_MOST	 65536

static void trouble(struct node *node, enum node_trouble what, uint16_t member, int64_t now_ms)
{
	struct peer *peer = &node->peers[member];
	int64_t told_ms = peer->told_ms[what];

	peer->counts.refused[what]++;
	if (told_ms && now_ms >= told_ms && now_ms - told_ms < TROUBLE_QUIET_MS)
		return;
	peer->told_ms[what] = now_ms;
	if (node->settings.troubled)
		node->settings.troubled(what, member, node->settings.context);
}

static void suspend(struct node *node, uint16_t member, int64_t now_ms)
{
	node->peers[member].counts.suspended = true;
	adoption_suspend(node->adoption, member, now_ms);
	trouble(node, NODE_FORK, member, now_ms);
}

/* The key with this id; NULL: the member has no such key. */
static const uint8_t *find_key(const struct node_member *member, const uint8_t id[FLEET_ID_SIZE])
{
	uint8_t other[FLEET_ID_SIZE];

	for (size_t i = 0; i < member->key_count; i++) {
		fleet_key_id(member->keys[i], other);
		if (!memcmp(id, other, sizeof(other)))
			return member->keys[i];
	}
	return NULL;
}

static void take_statement(struct node *node, uint16_t member,
			   const struct fleet_statement *statement, int64_t made_ms, int64_t now_ms)
{
	struct node_counts *counts = &node->peers[member].counts;

	counts->statements++;
	if (statement->kind != FLEET_SIGHTING) {
		counts->verdicts[adoption_take(node->adoption, member, statement, made_ms,
					       now_ms)]++;
		return;
	}
	if (statement->time_ms < now_ms - FLEET_OLD_MS ||
	    statement->time_ms > now_ms + FLEET_AHEAD_MS)
		return;
	/* A member that sends sightings without end takes neither other members' share nor the
	 * daemon's time. */
	if (!allowance_take(&node->peers[member].sightings_ms, now_ms, FLEET_SIGHTING_MS,
			    FLEET_SIGHTINGS)) {
		counts->too_many++;
		return;
	}
	counts->sightings++;
	if (node->settings.sighted)
		node->settings.sighted(member, statement, node->settings.context);
}

/* A batch with this member's own signature that this process has not made. If this process has said
 * nothing yet, an earlier one made it, with a clock that was ahead. Otherwise a stranger has this
 * member's key. The node goes on at a random place in the minute (65,536 ms) behind the batch's
 * incarnation. The next number would be the same for each process that begins there: if the engine
 * lost what the first of two had said, they would look like a key in two hands. */
static void meet_own(struct node *node, const struct fleet_batch *batch, int64_t now_ms)
{
	uint8_t random[2];

	if (node->sequence)
		trouble(node, NODE_OWN_KEY, node->settings.self, now_ms);
	if (batch->incarnation < node->incarnation || batch->incarnation > UINT64_MAX - JUMP_MOST)
		return;
	fleet_random(random, sizeof(random));
	node_begin_incarnation(node,
			       batch->incarnation + 1 + (uint64_t)(random[0] << 8 | random[1]));
	node_restate(node, now_ms);
}

static void take_batch(struct node *node, uint16_t member, const struct fleet_batch *batch,
		       const uint8_t hash[FLEET_HASH_SIZE], int64_t now_ms)
{
	struct peer *peer = &node->peers[member];
	bool newcomer = batch->incarnation != peer->chain.incarnation &&
			now_ms - peer->counts.last_ms > FLEET_OLD_MS;
	enum chain_verdict verdict;

	if (member == node->settings.self) {
		meet_own(node, batch, now_ms);
		return;
	}
	verdict = chain_take(&peer->chain, batch, hash);
	if (verdict == CHAIN_FORK)
		suspend(node, member, now_ms);
	if (verdict != CHAIN_NEW)
		return;
	peer->counts.batches++;
	peer->counts.missing = peer->chain.missing;
	peer->counts.last_ms = now_ms;
	peer->counts.made_ms = batch->made_ms;
	if (batch->made_ms > now_ms + FLEET_AHEAD_MS)
		trouble(node, NODE_CLOCK, member, now_ms);
	for (size_t i = 0; i < batch->count; i++)
		take_statement(node, member, &batch->statements[i], batch->made_ms, now_ms);
	if (newcomer)
		node_restate(node, now_ms);
}

/* Reads and verifies a batch. False, and counted: it is not the member's, or not readable. */
static bool open_batch(struct node *node, uint16_t member, const struct fleet_header *header,
		       const uint8_t *bytes, size_t size, int64_t now_ms, struct fleet_batch *batch)
{
	const uint8_t *key = find_key(&node->settings.members[member], header->key);
	int error = key ? fleet_batch_open(bytes, size, key, node->settings.secrets,
					   node->settings.secret_count, batch)
			: -EKEYREJECTED;

	if (error)
		trouble(node,
			error == -EKEYREJECTED ? NODE_SIGNATURE
			: error == -ENOKEY     ? NODE_SECRET
					       : NODE_FORMAT,
			member, now_ms);
	return !error;
}

void node_receive(struct node *node, uint16_t member, const uint8_t *bytes, size_t size,
		  int64_t now_ms)
{
	struct peer *peer = &node->peers[member];
	struct fleet_header header;
	struct fleet_batch batch;
	uint8_t hash[FLEET_HASH_SIZE];

	if (peer->counts.suspended)
		return;
	/* Anybody who can write to the engine can write this; it comes from no member. */
	if (fleet_header_read(bytes, size, &header) || header.snapshot) {
		trouble(node, NODE_SIGNATURE, member, now_ms);
		return;
	}
	chain_hash(bytes, size, hash);
	switch (chain_look(&peer->chain, &header, hash)) {
	case CHAIN_SEEN:
	case CHAIN_STALE:
		peer->counts.repeated++;
		return;
	default:
		break;
	}
	if (open_batch(node, member, &header, bytes, size, now_ms, &batch))
		take_batch(node, member, &batch, hash, now_ms);
}

/* False: the rest of this snapshot is not wanted. */
static bool take_part(struct node *node, uint16_t member, const struct fleet_batch *part,
		      int64_t now_ms)
{
	struct peer *peer = &node->peers[member];
	struct fleet_header place = { .incarnation = part->incarnation,
				      .sequence = part->sequence };
	bool own = member == node->settings.self;

	/* A snapshot that this process stored is never ahead of what it has said. */
	if (own && chain_look(&peer->chain, &place, part->previous) != CHAIN_SEEN &&
	    part->incarnation >= node->incarnation)
		meet_own(node, part, now_ms);
	if (own || chain_begin(&peer->chain, part) != CHAIN_NEW)
		return false;
	peer->counts.last_ms = now_ms;
	peer->counts.made_ms = part->made_ms;
	for (size_t i = 0; i < part->count; i++)
		if (part->statements[i].kind == FLEET_BAN)
			take_statement(node, member, &part->statements[i], part->made_ms, now_ms);
	return true;
}

void node_begin(struct node *node, uint16_t member, const uint8_t *bytes, size_t size,
		int64_t now_ms)
{
	struct peer *peer = &node->peers[member];
	struct fleet_header header;
	struct fleet_batch part;
	const uint8_t *at;
	size_t part_size;

	if (size > FLEET_SNAPSHOT_MOST) {
		trouble(node, NODE_SIGNATURE, member, now_ms);
		return;
	}
	while (!peer->counts.suspended && (at = snapshot_part(&bytes, &size, &part_size))) {
		if (fleet_header_read(at, part_size, &header) || !header.snapshot) {
			trouble(node, NODE_SIGNATURE, member, now_ms);
			return;
		}
		if (!open_batch(node, member, &header, at, part_size, now_ms, &part) ||
		    !take_part(node, member, &part, now_ms))
			return;
	}
	if (size && !peer->counts.suspended)
		trouble(node, NODE_SIGNATURE, member, now_ms); /* cut short, or junk at its end */
}

void node_unreadable(struct node *node, uint16_t member, int64_t now_ms)
{
	trouble(node, NODE_UNREADABLE, member, now_ms);
}

void node_revoke(struct node *node, uint16_t member, int64_t now_ms)
{
	node->peers[member].counts.suspended = true;
	adoption_suspend(node->adoption, member, now_ms);
}
