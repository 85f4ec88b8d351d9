// SPDX-License-Identifier: GPL-2.0-or-later
/* See adoption.h. */
#include "fleet/adoption.h"

#include <stdlib.h>
#include <string.h>

#include "detect/detect.h"
#include "fleet/allowance.h"
#include "fleet/claims.h"

#define LENGTH_HOST4 128
#define LENGTH_NET4  120
#define LENGTH_HOST6 64
#define LENGTH_NET6  48
#define CLAIMS_MOST  2097152 /* of all members: 300 MiB with their prefixes */
#define WALK_BUCKETS 256
#define TOGETHER     2 /* members that are needed where one alone must not be enough */

/* A ban that one member has caused alone: its prefix, and until when it uses the budget. */
struct budget_slot {
	struct prefix prefix;
	int64_t until_ms; /* 0: free */
};

struct standing_of {
	bool suspended;
	size_t claims;
	uint64_t lifts_ms;	   /* bucket.h */
	struct budget_slot *slots; /* settings.budget of them; NULL before the first */
};

struct adoption {
	struct adoption_settings settings;
	struct standing_of *members;
	struct claims claims;
};

const char *adoption_verdict_name(enum adoption_verdict verdict)
{
	static const char *const names[ADOPTION_VERDICTS] = {
		"taken", "nothing", "old", "clock", "too-wide", "over-budget", "full", "suspended",
	};

	return names[verdict];
}

struct adoption *adoption_new(const struct adoption_settings *settings)
{
	struct adoption *adoption = calloc(1, sizeof(*adoption));

	if (!adoption)
		return NULL;
	adoption->settings = *settings;
	adoption->members = calloc(settings->members + 1U, sizeof(*adoption->members));
	if (!adoption->members) {
		free(adoption);
		return NULL;
	}
	return adoption;
}

void adoption_free(struct adoption *adoption)
{
	if (!adoption)
		return;
	for (size_t i = 0; i < adoption->settings.members; i++)
		free(adoption->members[i].slots);
	free(adoption->members);
	claims_free(&adoption->claims);
	free(adoption);
}

/* ---- what a prefix needs ---- */

static bool is_host(const struct prefix *prefix)
{
	return prefix->length >= (prefix_is4(prefix) ? LENGTH_HOST4 : LENGTH_HOST6);
}

bool adoption_is_narrow(const struct prefix *prefix)
{
	return prefix->length >= (prefix_is4(prefix) ? LENGTH_NET4 : LENGTH_NET6);
}

static bool may_be_banned(const struct prefix *prefix)
{
	return adoption_is_narrow(prefix) && !address_is_lan(&prefix->address);
}

static unsigned needed(const struct adoption *adoption, const struct prefix *prefix,
		       uint8_t services)
{
	unsigned quorum = adoption->settings.quorum;

	if (quorum < TOGETHER && (services == BAN_SMTP || !is_host(prefix)))
		return TOGETHER;
	return quorum;
}

static bool counts(const struct claim *claim, uint8_t services, int64_t now_ms)
{
	return claim->services & services && claim->until_ms > now_ms &&
	       (services != BAN_SMTP || claim->rule == RULE_SOURCE_ABUSE);
}

/* Computes the adopted ban: it lasts until fewer than `quorum` members would still claim it. */
static void evaluate(const struct adoption *adoption, const struct claimed *claimed,
		     uint8_t services, int64_t now_ms, struct adoption_change *change)
{
	unsigned quorum = needed(adoption, &claimed->prefix, services);
	int64_t ends[FLEET_NAMED_MAX] = { 0 }; /* the latest ends of claims, in descending order */
	int64_t alone_ms = 0;
	size_t count = 0;

	*change = (struct adoption_change){ .prefix = claimed->prefix, .services = services };
	for (const struct claim *claim = claimed->claims; claim; claim = claim->next) {
		int64_t end_ms = claim->until_ms;

		if (!counts(claim, services, now_ms))
			continue;
		if (claim->alone && end_ms > alone_ms)
			alone_ms = end_ms;
		if (change->member_count < FLEET_NAMED_MAX)
			change->members[change->member_count++] = claim->member;
		if (!count++)
			change->rule = claim->rule;
		for (size_t i = 0; i < FLEET_NAMED_MAX; i++)
			if (end_ms > ends[i]) {
				int64_t other_ms = ends[i];

				ends[i] = end_ms;
				end_ms = other_ms;
			}
	}
	/* Where one member is enough, its budget decides. Two members need no budget. */
	if (quorum > 1 && count >= quorum)
		change->until_ms = ends[quorum - 1];
	else if (quorum == 1)
		change->until_ms = alone_ms > ends[TOGETHER - 1] ? alone_ms : ends[TOGETHER - 1];
	if (change->until_ms && adoption->settings.vetoed &&
	    adoption->settings.vetoed(&claimed->prefix, services, adoption->settings.context))
		change->until_ms = 0;
	if (!change->until_ms)
		change->member_count = 0;
}

/* Reports what has changed since the last report. */
static void tell(struct adoption *adoption, struct claimed *claimed, int64_t now_ms)
{
	static const uint8_t groups[] = { BAN_SMTP, BAN_LOGIN };
	struct adoption_change change;

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		evaluate(adoption, claimed, groups[i], now_ms, &change);
		if (claimed->told_ms[i] <= now_ms)
			claimed->told_ms[i] = 0; /* the ban has ended by itself */
		if (change.until_ms == claimed->told_ms[i])
			continue;
		claimed->told_ms[i] = change.until_ms;
		if (adoption->settings.changed)
			adoption->settings.changed(&change, adoption->settings.context);
	}
}

/* ---- budget ---- */

/* Whether the member may cause this ban alone. A ban that it causes already costs nothing more. One
 * that it has revoked still uses the budget until its lease ends, so that no hour has more bans
 * than the budget. */
static bool spend(struct adoption *adoption, struct standing_of *member,
		  const struct prefix *prefix, int64_t now_ms)
{
	struct budget_slot *free_slot = NULL;

	if (!member->slots)
		member->slots = calloc(adoption->settings.budget + 1U, sizeof(*member->slots));
	if (!member->slots)
		return false;
	for (size_t i = 0; i < adoption->settings.budget; i++) {
		struct budget_slot *slot = &member->slots[i];

		if (slot->until_ms <= now_ms)
			free_slot = free_slot ? free_slot : slot;
		else if (slot->prefix.length == prefix->length &&
			 !address_compare(&slot->prefix.address, &prefix->address)) {
			slot->until_ms = now_ms + FLEET_LEASE_MS;
			return true;
		}
	}
	if (!free_slot)
		return false;
	*free_slot = (struct budget_slot){ *prefix, now_ms + FLEET_LEASE_MS };
	return true;
}

/* ---- statements ---- */

struct revoking {
	uint16_t member;
	uint8_t services;
};

static bool is_revoked(const struct claim *claim, void *context)
{
	const struct revoking *revoking = context;

	return claim->member == revoking->member && claim->services & revoking->services;
}

/* Whether the member claims any of `services`. */
static bool claims_of(struct claimed *claimed, uint16_t member, uint8_t services)
{
	return (services & BAN_SMTP && claimed_find(claimed, member, BAN_SMTP)) ||
	       (services & BAN_LOGIN && claimed_find(claimed, member, BAN_LOGIN));
}

static enum adoption_verdict revoke(struct adoption *adoption, uint16_t member,
				    const struct fleet_statement *statement, int64_t now_ms)
{
	struct claimed *claimed = claims_find(&adoption->claims, &statement->prefix);
	struct revoking revoking = { member, statement->services };
	size_t dropped;

	if (!claimed || !claims_of(claimed, member, statement->services))
		return ADOPTION_NOTHING;
	if (!allowance_take(&adoption->members[member].lifts_ms, now_ms, FLEET_LIFT_MS,
			    FLEET_LIFTS))
		return ADOPTION_BUDGET;
	dropped = claimed_drop(&adoption->claims, claimed, is_revoked, &revoking);
	adoption->members[member].claims -= dropped;
	tell(adoption, claimed, now_ms);
	return ADOPTION_TAKEN;
}

/* The member's claim, made anew if there is none. NULL: there is no room. */
static struct claim *claim_of(struct adoption *adoption, uint16_t member,
			      const struct prefix *prefix, uint8_t services)
{
	struct claims *claims = &adoption->claims;
	struct claimed *claimed = claims_find(claims, prefix);
	struct claim *claim = claimed ? claimed_find(claimed, member, services) : NULL;

	if (claim)
		return claim;
	if (adoption->members[member].claims >= FLEET_CLAIMS_MAX || claims->count >= CLAIMS_MOST)
		return NULL;
	if (!claimed)
		claimed = claims_add(claims, prefix);
	claim = claimed ? claimed_add(claims, claimed, member, services) : NULL;
	if (claim)
		adoption->members[member].claims++;
	return claim;
}

/* Takes a claim for one group of services. */
static enum adoption_verdict claim_group(struct adoption *adoption, uint16_t member,
					 const struct fleet_statement *statement, uint8_t services,
					 int64_t until_ms, int64_t now_ms)
{
	const struct prefix *prefix = &statement->prefix;
	struct claim *claim = claim_of(adoption, member, prefix, services);
	bool may_alone = needed(adoption, prefix, services) == 1;

	if (!claim)
		return ADOPTION_FULL;
	claim->rule = statement->rule;
	claim->until_ms = until_ms;
	claim->alone = may_alone && spend(adoption, &adoption->members[member], prefix, now_ms);
	return may_alone && !claim->alone ? ADOPTION_BUDGET : ADOPTION_TAKEN;
}

static enum adoption_verdict ban(struct adoption *adoption, uint16_t member,
				 const struct fleet_statement *statement, int64_t made_ms,
				 int64_t now_ms)
{
	int64_t until_ms = statement->time_ms, lease_ms = made_ms + FLEET_LEASE_MS;
	enum adoption_verdict verdict = ADOPTION_TAKEN;

	if (until_ms > lease_ms)
		until_ms = lease_ms;
	if (until_ms > now_ms + FLEET_LEASE_MS)
		until_ms = now_ms + FLEET_LEASE_MS;
	if (until_ms <= now_ms)
		return ADOPTION_NOTHING;
	for (unsigned group = 0; group < BAN_GROUPS; group++) {
		uint8_t services = (uint8_t)(1U << group);
		enum adoption_verdict of_group = ADOPTION_TAKEN;

		if (statement->services & services)
			of_group = claim_group(adoption, member, statement, services, until_ms,
					       now_ms);
		if (of_group)
			verdict = of_group;
	}
	if (verdict != ADOPTION_FULL)
		tell(adoption, claims_find(&adoption->claims, &statement->prefix), now_ms);
	return verdict;
}

enum adoption_verdict adoption_take(struct adoption *adoption, uint16_t member,
				    const struct fleet_statement *statement, int64_t made_ms,
				    int64_t now_ms)
{
	if (member >= adoption->settings.members || adoption->members[member].suspended)
		return ADOPTION_MEMBER;
	if (statement->kind == FLEET_REVOKE)
		return revoke(adoption, member, statement, now_ms);
	if (!may_be_banned(&statement->prefix))
		return ADOPTION_WIDE;
	if (made_ms > now_ms + FLEET_AHEAD_MS)
		return ADOPTION_CLOCK;
	if (made_ms < now_ms - FLEET_OLD_MS)
		return ADOPTION_OLD;
	return ban(adoption, member, statement, made_ms, now_ms);
}

void adoption_suspend(struct adoption *adoption, uint16_t member, int64_t now_ms)
{
	struct claims *claims = &adoption->claims;
	struct revoking revoking = { member, BAN_ALL };

	adoption->members[member].suspended = true;
	adoption->members[member].claims = 0;
	for (size_t i = 0; i < claims->bucket_count; i++)
		for (struct claimed **at = &claims->buckets[i]; *at;) {
			if (claimed_drop(claims, *at, is_revoked, &revoking))
				tell(adoption, *at, now_ms);
			if (!claims_drop_empty(claims, at))
				at = &(*at)->next;
		}
}

/* ---- the end ---- */

struct sweeping {
	struct adoption *adoption;
	int64_t now_ms;
};

static bool is_over(const struct claim *claim, void *context)
{
	const struct sweeping *sweeping = context;

	if (claim->until_ms > sweeping->now_ms)
		return false;
	sweeping->adoption->members[claim->member].claims--;
	return true;
}

void adoption_sweep(struct adoption *adoption, size_t most, int64_t now_ms)
{
	struct sweeping sweeping = { adoption, now_ms };
	struct claims *claims = &adoption->claims;

	for (size_t i = 0; i < most && i < claims->bucket_count; i++) {
		struct claimed **at;

		claims->swept = (claims->swept + 1) & (claims->bucket_count - 1);
		for (at = &claims->buckets[claims->swept]; *at;) {
			claimed_drop(claims, *at, is_over, &sweeping);
			if (!claims_drop_empty(claims, at))
				at = &(*at)->next;
		}
	}
}

bool adoption_some(const struct adoption *adoption, struct adoption_walk *walk, int64_t now_ms,
		   void (*each)(const struct adoption_change *change, void *context), void *context)
{
	static const uint8_t groups[] = { BAN_SMTP, BAN_LOGIN };
	const struct claims *claims = &adoption->claims;
	struct adoption_change change;

	if (walk->of != claims->bucket_count) /* the table has grown: all entries have moved */
		*walk = (struct adoption_walk){ .of = claims->bucket_count };
	for (size_t i = 0; i < WALK_BUCKETS && walk->at < claims->bucket_count; i++, walk->at++)
		for (const struct claimed *claimed = claims->buckets[walk->at]; claimed;
		     claimed = claimed->next)
			for (size_t j = 0; j < sizeof(groups) / sizeof(*groups); j++) {
				evaluate(adoption, claimed, groups[j], now_ms, &change);
				if (change.until_ms)
					each(&change, context);
			}
	return walk->at < claims->bucket_count;
}

void adoption_get_usage(const struct adoption *adoption, struct adoption_usage *usage)
{
	usage->claims = adoption->claims.count;
	usage->prefixes = adoption->claims.prefixes;
}
