// SPDX-License-Identifier: GPL-2.0-or-later
/* See node.h: what this member itself says. node_hear.c has what it hears from others. */
#include "fleet/node.h"

#include <stdlib.h>
#include <string.h>

#include "fleet/fleet_snapshot.h"
#include "fleet/node_internal.h"

#define SWEEP_BUCKETS 512

const char *node_trouble_name(enum node_trouble trouble)
{
	static const char *const names[NODE_TROUBLES] = {
		"fork",	 "bad-signature", "other-secret", "bad-format",
		"clock", "own-key",	  "unreadable",
	};

	return names[trouble];
}

const char *node_trouble_words(enum node_trouble trouble)
{
	static const char *const words[NODE_TROUBLES] = {
		[NODE_FORK] =
			"two of its statements have one number, so its key is in two hands; it "
			"is suspended until sekisho-fleet restarts. Give it a new key",
		[NODE_SIGNATURE] = "what stands in its stream is not signed by it; nothing of that "
				   "counts. Look who writes to the engine",
		[NODE_SECRET] = "it uses another secret; `secret` must be the same everywhere",
		[NODE_FORMAT] = "it signed what cannot be read; is its version another one?",
		[NODE_CLOCK] = "its clock is more than five minutes ahead; its bans do not count",
		[NODE_OWN_KEY] = "somebody else signs with the key of this very server. Give it a "
				 "new one",
		[NODE_UNREADABLE] = "its stream or snapshot at the engine cannot be read: it is "
				    "none, or too long. It is left out, and tried again. Look "
				    "who writes to the engine",
	};

	return words[trouble];
}

void node_begin_incarnation(struct node *node, uint64_t incarnation)
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
	node_begin_incarnation(node, incarnation);
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

void node_walk(struct node *node)
{
	own_walk(&node->own);
}

void node_walked(struct node *node)
{
	own_walked(&node->own);
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

void node_tick(struct node *node, int64_t now_ms)
{
	/* If the clock was behind at the start and the engine lost what this member said before,
	 * the others ignore it until its incarnation is later than the one that they know. So a new
	 * one begins when the clock has moved on. */
	if (now_ms > 0 && (uint64_t)now_ms > node->incarnation &&
	    (uint64_t)now_ms - node->incarnation > FLEET_RENEW_MS)
		node_begin_incarnation(node, (uint64_t)now_ms);
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

bool node_some(const struct node *node, struct adoption_walk *walk, int64_t now_ms,
	       void (*each)(const struct adoption_change *change, void *context), void *context)
{
	return adoption_some(node->adoption, walk, now_ms, each, context);
}

void node_get_usage(const struct node *node, struct adoption_usage *usage, size_t *own)
{
	adoption_get_usage(node->adoption, usage);
	*own = node->own.bans.count;
}
