// SPDX-License-Identifier: GPL-2.0-or-later
/* See own_bans.h. */
#include "fleet/own_bans.h"

#include <stdlib.h>

#include "fleet/node.h"

/* The ring is small at first: most members say little. */
#define QUEUE_FIRST 256
#define SAME_MS	    1000

static void enlarge(struct own_bans *own)
{
	size_t size = own->queue_size ? 2 * own->queue_size : QUEUE_FIRST;
	struct fleet_statement *larger;

	if (size > FLEET_QUEUE_MAX)
		return;
	larger = calloc(size, sizeof(*larger));
	if (!larger)
		return;
	for (size_t i = 0; i < own->queued; i++)
		larger[i] = own->queue[(own->queue_at + i) % own->queue_size];
	free(own->queue);
	own->queue = larger;
	own->queue_size = size;
	own->queue_at = 0;
}

void own_say(struct own_bans *own, const struct fleet_statement *statement)
{
	if (own->queued == own->queue_size)
		enlarge(own);
	if (!own->queue_size) {
		own->lost++;
		return;
	}
	if (own->queued ==
	    own->queue_size) { /* bans are said again, and sightings are old by then */
		own->queue_at = (own->queue_at + 1) % own->queue_size;
		own->queued--;
		own->lost++;
	}
	own->queue[(own->queue_at + own->queued++) % own->queue_size] = *statement;
}

size_t own_take(struct own_bans *own, struct fleet_statement *statements, size_t most)
{
	size_t count = 0;

	while (count < most && own->queued) {
		statements[count++] = own->queue[own->queue_at];
		own->queue_at = (own->queue_at + 1) % own->queue_size;
		own->queued--;
	}
	return count;
}

/* The claim of this prefix, made anew if there is none. NULL: there is no room. */
static struct claim *find_or_add(struct own_bans *own, const struct prefix *prefix,
				 uint8_t services)
{
	struct claimed *claimed = claims_find(&own->bans, prefix);
	struct claim *claim = claimed ? claimed_find(claimed, 0, services) : NULL;

	if (claim || own->bans.count >= FLEET_OWN_MAX)
		return claim;
	if (!claimed)
		claimed = claims_add(&own->bans, prefix);
	return claimed ? claimed_add(&own->bans, claimed, 0, services) : NULL;
}

/* Whether it is the same ban, reported again: its end comes from the kernel, by another clock. */
static bool is_same(const struct claim *claim, const struct fleet_statement *ban)
{
	return claim->rule == ban->rule && claim->until_ms - ban->time_ms < SAME_MS &&
	       ban->time_ms - claim->until_ms < SAME_MS;
}

bool own_ban(struct own_bans *own, const struct fleet_statement *ban)
{
	bool changed = false;

	for (unsigned group = 0; group < BAN_GROUPS; group++) {
		uint8_t services = (uint8_t)(1U << group);
		struct claim *claim;

		if (!(ban->services & services))
			continue;
		claim = find_or_add(own, &ban->prefix, services);
		if (!claim)
			return false;
		claim->told = true;
		if (is_same(claim, ban))
			continue;
		claim->rule = ban->rule;
		claim->until_ms = ban->time_ms;
		changed = true;
	}
	if (changed)
		own_say(own, ban);
	return true;
}

static bool is_lifted(const struct claim *claim, void *context)
{
	return claim->services & *(const uint8_t *)context;
}

void own_unban(struct own_bans *own, const struct prefix *prefix, uint8_t services)
{
	struct claimed *claimed = claims_find(&own->bans, prefix);
	struct fleet_statement revocation = { .kind = FLEET_REVOKE,
					      .prefix = *prefix,
					      .services = services };

	if (claimed && claimed_drop(&own->bans, claimed, is_lifted, &services))
		own_say(own, &revocation);
}

static bool is_untold(const struct claim *claim, void *context)
{
	uint8_t *services = context;

	if (!claim->told)
		*services |= claim->services;
	return !claim->told;
}

static void lift_untold(struct own_bans *own, struct claimed *claimed)
{
	struct fleet_statement revocation = { .kind = FLEET_REVOKE, .prefix = claimed->prefix };

	if (claimed_drop(&own->bans, claimed, is_untold, &revocation.services))
		own_say(own, &revocation);
}

void own_walk(struct own_bans *own)
{
	own->walking = true;
	for (size_t i = 0; i < own->bans.bucket_count; i++)
		for (struct claimed *at = own->bans.buckets[i]; at; at = at->next)
			for (struct claim *claim = at->claims; claim; claim = claim->next)
				claim->told = false;
}

void own_walked(struct own_bans *own)
{
	for (size_t i = 0; own->walking && i < own->bans.bucket_count; i++)
		for (struct claimed **at = &own->bans.buckets[i]; *at;) {
			lift_untold(own, *at);
			if (!claims_drop_empty(&own->bans, at))
				at = &(*at)->next;
		}
	own->walking = false;
}

static bool is_past(const struct claim *claim, void *context)
{
	return claim->until_ms <= *(const int64_t *)context;
}

/* Hands on one statement for both groups of services if they are alike. */
static void list_claims(const struct claimed *claimed,
			void (*each)(void *to, const struct fleet_statement *ban), void *to)
{
	for (const struct claim *claim = claimed->claims; claim; claim = claim->next) {
		struct fleet_statement ban = { .kind = FLEET_BAN,
					       .prefix = claimed->prefix,
					       .services = claim->services,
					       .rule = claim->rule,
					       .time_ms = claim->until_ms };
		const struct claim *next = claim->next;

		if (next && next->rule == claim->rule && next->until_ms == claim->until_ms) {
			ban.services |= next->services;
			claim = next;
		}
		each(to, &ban);
	}
}

static void list_bucket(struct own_bans *own, size_t bucket, int64_t now_ms,
			void (*each)(void *to, const struct fleet_statement *ban), void *to)
{
	for (struct claimed **at = &own->bans.buckets[bucket]; *at;) {
		claimed_drop(&own->bans, *at, is_past, &now_ms);
		if (claims_drop_empty(&own->bans, at))
			continue;
		list_claims(*at, each, to);
		at = &(*at)->next;
	}
}

static void say(void *own, const struct fleet_statement *ban)
{
	own_say(own, ban);
}

void own_renew(struct own_bans *own, int64_t now_ms)
{
	int64_t passed_ms = own->last_tick_ms ? now_ms - own->last_tick_ms : 0;
	size_t due;

	own->last_tick_ms = now_ms;
	if (passed_ms < 0)
		passed_ms = 0; /* the clock was set back */
	if (passed_ms > FLEET_RENEW_MS)
		passed_ms = FLEET_RENEW_MS;
	own->renew_rest += (uint64_t)passed_ms * own->bans.bucket_count;
	due = own->renew_rest / FLEET_RENEW_MS;
	own->renew_rest %= FLEET_RENEW_MS;
	for (; due; due--) {
		own->renewed = (own->renewed + 1) & (own->bans.bucket_count - 1);
		list_bucket(own, own->renewed, now_ms, say, own);
	}
}

void own_each(struct own_bans *own, int64_t now_ms,
	      void (*each)(void *to, const struct fleet_statement *ban), void *to)
{
	for (size_t i = 0; i < own->bans.bucket_count; i++)
		list_bucket(own, i, now_ms, each, to);
}

void own_restate(struct own_bans *own, int64_t now_ms)
{
	own_each(own, now_ms, say, own);
}

void own_free(struct own_bans *own)
{
	claims_free(&own->bans);
	free(own->queue);
	*own = (struct own_bans){ 0 };
}
