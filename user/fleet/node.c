// SPDX-License-Identifier: GPL-2.0-or-later
/* See node.h. */
#include "fleet/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/chain.h"
#include "fleet/own_bans.h"
#include "fleet/fleet_snapshot.h"

#define SWEEP_BUCKETS	 512
#define TROUBLE_QUIET_MS 3600000 /* so often one is told */

struct peer {
	struct fleet_chain chain;
	struct node_counts counts;
	int64_t told_ms[NODE_TROUBLES]; /* 0: never */
};

struct node {
	struct node_settings settings;
	struct adoption *adoption;
	struct peer *peers; /* by number; the own one's chain is what was said */
	struct own_bans own;
	uint64_t incarnation, sequence;
	uint8_t previous[FLEET_HASH_SIZE];
	int64_t restated_ms; /* 0: never */
	bool restate_due;
	int64_t snapshot_ms; /* when the last one was made; 0: none yet */
	int64_t said_ms;     /* when the last batch was made; 0: none yet */
	bool alive_due;
};

const char *node_trouble_name(enum node_trouble trouble)
{
	static const char *const names[NODE_TROUBLES] = {
		"fork", "bad-signature", "other-secret", "bad-format", "clock", "own-key",
	};

	return names[trouble];
}

static void begin_incarnation(struct node *node, uint64_t incarnation)
{
	node->incarnation = incarnation;
	node->peers[node->settings.self].chain.incarnation = incarnation;
	node->sequence = 0;
	memset(node->previous, 0, sizeof(node->previous));
}

struct node *node_new(const struct node_settings *settings, uint64_t incarnation)
{
	struct adoption_settings adoption = { .quorum = settings->quorum,
					      .budget = settings->budget,
					      .members = settings->member_count,
					      .vetoed = settings->vetoed,
					      .changed = settings->changed,
					      .context = settings->context };
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->settings = *settings;
	node->incarnation = incarnation;
	node->adoption = adoption_new(&adoption);
	node->peers = calloc(settings->member_count, sizeof(*node->peers));
	if (!node->adoption || !node->peers) {
		node_free(node);
		return NULL;
	}
	begin_incarnation(node, incarnation);
	for (uint16_t i = 0; i < settings->member_count; i++)
		if (settings->members[i].revoked) {
			adoption_suspend(node->adoption, i, 0);
			node->peers[i].counts.suspended = true;
		}
	return node;
}

void node_free(struct node *node)
{
	if (!node)
		return;
	adoption_free(node->adoption);
	free(node->peers);
	own_free(&node->own);
	fleet_wipe(&node->settings.signer, sizeof(node->settings.signer));
	fleet_wipe(node->settings.secrets, sizeof(node->settings.secrets));
	free(node);
}

/* ---- own ---- */

bool node_ban(struct node *node, const struct fleet_statement *ban, int64_t now_ms)
{
	return ban->time_ms > now_ms && own_ban(&node->own, ban);
}

void node_unban(struct node *node, const struct prefix *prefix, uint8_t services)
{
	own_unban(&node->own, prefix, services);
}

void node_sight(struct node *node, const struct fleet_statement *sighting)
{
	own_say(&node->own, sighting);
}

void node_restate(struct node *node, int64_t now_ms)
{
	if (node->restated_ms && now_ms >= node->restated_ms &&
	    now_ms - node->restated_ms < FLEET_RESTATE_MS) {
		node->restate_due = true;
		return;
	}
	node->restated_ms = now_ms;
	node->restate_due = false;
	own_restate(&node->own, now_ms);
}

size_t node_next(struct node *node, int64_t now_ms, uint8_t bytes[FLEET_BATCH_SIZE])
{
	struct fleet_chain *chain = &node->peers[node->settings.self].chain;
	struct fleet_batch batch = { .incarnation = node->incarnation,
				     .sequence = node->sequence + 1,
				     .made_ms = now_ms };
	uint8_t hash[FLEET_HASH_SIZE];
	size_t size;

	batch.count = own_take(&node->own, batch.statements, FLEET_STATEMENTS_MAX);
	if (!batch.count && !node->alive_due)
		return 0;
	node->alive_due = false;
	node->said_ms = now_ms;
	memcpy(batch.previous, node->previous, sizeof(batch.previous));
	size = fleet_batch_seal(&batch, &node->settings.signer, &node->settings.secrets[0], bytes);
	chain_hash(bytes, size, hash);
	memcpy(node->previous, hash, sizeof(hash));
	node->sequence++;
	chain_take(chain, &batch, hash);
	return size;
}

size_t node_snapshot(struct node *node, int64_t now_ms, bool now, uint8_t **bytes)
{
	struct fleet_batch place = { .incarnation = node->incarnation,
				     .sequence = node->sequence,
				     .made_ms = now_ms };
	size_t size;

	if (!node->sequence ||
	    (!now && now_ms >= node->snapshot_ms && now_ms - node->snapshot_ms < FLEET_SNAPSHOT_MS))
		return 0;
	memcpy(place.previous, node->previous, sizeof(place.previous));
	node->snapshot_ms = now_ms;
	return snapshot_make(&node->own, &place, &node->settings.signer, &node->settings.secrets[0],
			     bytes, &size)
		       ? 0
		       : size;
}

size_t node_waiting(const struct node *node)
{
	return node->own.queued;
}

uint64_t node_lost(const struct node *node)
{
	return node->own.lost;
}

/* ---- others ---- */

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

/* The key of this id; NULL: it is none of the member's. */
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
	counts->sightings++;
	if (node->settings.sighted)
		node->settings.sighted(member, statement, node->settings.context);
}

/* A batch that is this very member's by its signature, and was not made by this process: before it
 * has said anything, an earlier one with a clock that was ahead; later, a stranger with its key. */
static void meet_own(struct node *node, const struct fleet_batch *batch, int64_t now_ms)
{
	if (node->sequence)
		trouble(node, NODE_OWN_KEY, node->settings.self, now_ms);
	if (batch->incarnation < node->incarnation || batch->incarnation == UINT64_MAX)
		return;
	begin_incarnation(node, batch->incarnation + 1);
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

/* False, and counted: it is not the member's, or nothing that can be read. */
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
	/* Whoever writes to the engine writes such things; they are nobody's words. */
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

/* False: nothing more of this snapshot is wanted. */
static bool take_part(struct node *node, uint16_t member, const struct fleet_batch *part,
		      int64_t now_ms)
{
	struct peer *peer = &node->peers[member];
	struct fleet_header place = { .incarnation = part->incarnation,
				      .sequence = part->sequence };
	bool own = member == node->settings.self;

	/* What this member keeps there is behind what it has said. */
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
		trouble(node, NODE_SIGNATURE, member, now_ms); /* cut, or junk */
}

void node_revoke(struct node *node, uint16_t member, int64_t now_ms)
{
	node->peers[member].counts.suspended = true;
	adoption_suspend(node->adoption, member, now_ms);
}

void node_tick(struct node *node, int64_t now_ms)
{
	/* One that began with a clock behind, of which the engine lost what was before, is a
	 * stranger's to all others until it has passed its own past. */
	if (now_ms > 0 && (uint64_t)now_ms > node->incarnation &&
	    (uint64_t)now_ms - node->incarnation > FLEET_RENEW_MS)
		begin_incarnation(node, (uint64_t)now_ms);
	node->alive_due = now_ms < node->said_ms || now_ms - node->said_ms >= FLEET_ALIVE_MS;
	own_renew(&node->own, now_ms);
	if (node->restate_due)
		node_restate(node, now_ms);
	adoption_sweep(node->adoption, SWEEP_BUCKETS, now_ms);
}

const struct node_counts *node_counts_of(const struct node *node, uint16_t member)
{
	return &node->peers[member].counts;
}

void node_each(const struct node *node, int64_t now_ms,
	       void (*each)(const struct adoption_change *change, void *context), void *context)
{
	adoption_each(node->adoption, now_ms, each, context);
}

void node_get_usage(const struct node *node, struct adoption_usage *usage, size_t *own)
{
	adoption_get_usage(node->adoption, usage);
	*own = node->own.bans.count;
}
