// SPDX-License-Identifier: GPL-2.0-or-later
/* See ban_room.h. */
#include "enforce/ban_room.h"
#include "enforce/kernel_bans.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/cuts.h"
#include "kernel/ban_entry.h"

#define HAND_PART 64 /* one entry in so many is left to bans by hand */
#define HAND_MOST 1024
#define PORTIONS  16 /* looked at in one call, until one of them makes room */
#define GIVES_WAY_PART \
	32 /* of a portion's bans, one in so many is removed: those with the least time left */
#define NETWORK_LENGTH	 48
#define NETWORK_SEEN	 8  /* a network is banned as a whole with so many bans in a portion, and */
#define NETWORK_SOURCES	 64 /* so many in the whole table, as estimated from the portion */
#define COLLAPSED_REASON "%llu or more of its sources were banned when the table of bans was full"

struct portion {
	struct kernel_ban entries[GATE_BAN_SOME];
	size_t count;	/* of bans by rules: these may give way */
	size_t looked;	/* entries looked at, of any kind */
	size_t removed; /* from the kernel */
};

bool ban_room_is_left(struct instance *instance, uint32_t rule)
{
	struct gate_usage usage = gate_ban_usage(instance->gate);
	uint64_t part = usage.size / HAND_PART, reserve = part < HAND_MOST ? part : HAND_MOST;

	return usage.used + (rule == RULE_MANUAL ? 0 : reserve) < usage.size;
}

/* ---- one portion ---- */

/* Whether a ban by hand is in the entry: even for one group of services it keeps the whole
 * entry. */
static bool is_by_hand(const struct ban *ban, uint64_t now)
{
	for (unsigned group = 0; group < BAN_GROUPS; group++)
		if (ban->expires_ns[group] > now && ban->rule[group] == RULE_MANUAL)
			return true;
	return false;
}

/* Reads the next entries of the table. Those that have ended are removed at once. */
static int read_portion(struct instance *instance, struct portion *portion, struct fault *fault)
{
	_cleanup_free_ struct prefix *prefixes = calloc(GATE_BAN_SOME, sizeof(*prefixes));
	_cleanup_free_ struct ban *bans = calloc(GATE_BAN_SOME, sizeof(*bans));
	struct gate_ban_walk *walk = &instance->room.walk;
	uint64_t now = clock_boot_ns();
	int error;

	if (!prefixes || !bans)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (walk->ended)
		*walk = (struct gate_ban_walk){ 0 };
	*portion = (struct portion){ 0 };
	error = gate_ban_some(instance->gate, walk, prefixes, bans, &portion->looked, fault);
	if (error)
		*walk = (struct gate_ban_walk){ 0 };
	for (size_t i = 0; i < portion->looked && !error; i++) {
		if (!ban_active(&bans[i], now))
			portion->removed += !gate_ban_remove(instance->gate, &prefixes[i], NULL);
		else if (!is_by_hand(&bans[i], now))
			portion->entries[portion->count++] =
				(struct kernel_ban){ prefixes[i], ban_active(&bans[i], now),
						     bans[i] };
	}
	return error;
}

/* Removes bans from kernel and store. A ban that the store keeps is restored at the next start, and
 * gives way again. */
static void remove_entries(struct instance *instance, const struct kernel_ban *entries,
			   size_t count, struct portion *portion)
{
	bool begun = instance->store && !store_begin(instance->store, NULL);

	for (size_t i = 0; i < count; i++) {
		if (gate_ban_remove(instance->gate, &entries[i].prefix, NULL))
			continue;
		portion->removed++;
		if (instance->store)
			store_ban_remove(instance->store, &entries[i].prefix, BAN_ALL,
					 clock_wall_ns(), NULL);
	}
	if (begun)
		store_commit(instance->store, NULL);
}

/* ---- IPv6 networks ---- */

static bool is_below_network(const struct prefix *prefix)
{
	return !prefix_is4(prefix) && prefix->length > NETWORK_LENGTH;
}

static struct prefix network_of(const struct prefix *prefix)
{
	return (struct prefix){ .address = address_mask(&prefix->address, NETWORK_LENGTH),
				.length = NETWORK_LENGTH };
}

static int by_address(const void *a, const void *b)
{
	const struct kernel_ban *left = a, *right = b;
	int below = is_below_network(&right->prefix) - is_below_network(&left->prefix);

	return below ? below : address_compare(&left->prefix.address, &right->prefix.address);
}

/* Whether the network may be banned: not if it has a protected address, or a source that some
 * account knows. */
static bool may_be_banned(struct instance *instance, const struct protected_set *set,
			  const struct prefix *network)
{
	int64_t last;

	return !protected_why(set, network) && instance->store &&
	       store_known_last(instance->store, network, &last, NULL) == -ENOENT;
}

/* Removes the entries that a ban of the network from these services makes needless. */
static void remove_covered(struct instance *instance, const struct kernel_ban *entries,
			   size_t count, enum ban_services services, struct portion *portion)
{
	uint64_t now = clock_boot_ns();

	for (size_t i = 0; i < count; i++)
		if (!(ban_active(&entries[i].entry, now) & ~services))
			remove_entries(instance, &entries[i], 1, portion);
}

/* Bans the network from a group of services if at least half of its banned sources are banned from
 * it, for as long as the longest of their bans. */
static void close_group(struct ban *network, const struct kernel_ban *entries, size_t count,
			unsigned group)
{
	uint64_t now = clock_boot_ns(), expires_ns = 0;
	uint32_t rule = RULE_MANUAL;
	size_t banned = 0;

	for (size_t i = 0; i < count; i++) {
		const struct ban *entry = &entries[i].entry;

		if (entry->expires_ns[group] <= now)
			continue;
		banned++;
		if (entry->expires_ns[group] > expires_ns) {
			expires_ns = entry->expires_ns[group];
			rule = entry->rule[group];
		}
	}
	if (2 * banned >= count)
		ban_entry_set_ns(network, 1U << group, now, expires_ns, rule);
}

static void store_network(struct instance *instance, const struct prefix *network,
			  enum ban_services services, uint64_t sources)
{
	struct ban_record ban = { .prefix = *network, .services = services };

	snprintf(ban.reason, sizeof(ban.reason), COLLAPSED_REASON, (unsigned long long)sources);
	bans_store_again(instance, &ban, NULL, 0, NULL);
}

/* Bans the network. First removes one entry that this makes needless: that is the room for the
 * network's own. */
static void ban_network(struct instance *instance, const struct prefix *network,
			const struct kernel_ban *entries, size_t count, uint64_t sources,
			struct portion *portion)
{
	enum ban_services services;
	size_t first = 0;
	struct ban ban = { 0 };

	for (unsigned group = 0; group < BAN_GROUPS; group++)
		close_group(&ban, entries, count, group);
	services = ban_active(&ban, clock_boot_ns());
	while (first < count && ban_active(&entries[first].entry, clock_boot_ns()) & ~services)
		first++;
	if (!services || first == count)
		return;
	remove_entries(instance, &entries[first], 1, portion);
	if (gate_ban_put(instance->gate, network, &ban, NULL))
		return;
	store_network(instance, network, services, sources);
	remove_covered(instance, entries, first, services, portion);
	remove_covered(instance, entries + first + 1, count - first - 1, services, portion);
	portion->removed--; /* the network's own entry */
	instance->room.networks++;
	cuts_add(instance, network, services);
}

static void join_network(struct instance *instance, const struct protected_set *set,
			 const struct kernel_ban *entries, size_t count, struct portion *portion)
{
	struct prefix network = network_of(&entries[0].prefix);
	uint64_t sources;
	struct ban ban;

	if (!gate_ban_get(instance->gate, &network, &ban, NULL) &&
	    ban_active(&ban, clock_boot_ns())) {
		remove_covered(instance, entries, count, ban_active(&ban, clock_boot_ns()),
			       portion);
		return;
	}
	sources = gate_ban_usage(instance->gate).used * count / portion->looked;
	if (count >= NETWORK_SEEN && sources >= NETWORK_SOURCES &&
	    may_be_banned(instance, set, &network))
		ban_network(instance, &network, entries, count, sources, portion);
}

static void join_networks(struct instance *instance, const struct protected_set *set,
			  struct portion *portion)
{
	struct kernel_ban *entries = portion->entries;
	size_t next;

	qsort(entries, portion->count, sizeof(*entries), by_address);
	for (size_t i = 0; i < portion->count && is_below_network(&entries[i].prefix); i = next) {
		struct prefix network = network_of(&entries[i].prefix);

		for (next = i + 1; next < portion->count; next++)
			if (!is_below_network(&entries[next].prefix) ||
			    !prefix_contains(&network, &entries[next].prefix.address))
				break;
		join_network(instance, set, &entries[i], next - i, portion);
	}
}

/* ---- the least time left ---- */

static uint64_t last_end(const struct ban *ban)
{
	uint64_t smtp = ban->expires_ns[BAN_GROUP_SMTP], login = ban->expires_ns[BAN_GROUP_LOGIN];

	return smtp > login ? smtp : login;
}

static int by_end(const void *a, const void *b)
{
	const struct kernel_ban *left = a, *right = b;

	return (last_end(&left->entry) > last_end(&right->entry)) -
	       (last_end(&left->entry) < last_end(&right->entry));
}

static void give_way(struct instance *instance, struct portion *portion)
{
	size_t most = (portion->count + GIVES_WAY_PART - 1) / GIVES_WAY_PART;

	qsort(portion->entries, portion->count, sizeof(*portion->entries), by_end);
	remove_entries(instance, portion->entries, most, portion);
	instance->room.gave_way += portion->removed;
	gate_ban_gave_way(instance->gate, portion->removed);
}

/* ---- */

int ban_room_sweep(struct instance *instance)
{
	uint64_t now = clock_boot_ns();

	if (instance->room.swept_boot_ns && now - instance->room.swept_boot_ns < BAN_ROOM_SWEEP_NS)
		return -EAGAIN;
	instance->room.swept_boot_ns = now;
	return gate_ban_sweep(instance->gate, now, NULL, NULL);
}

int ban_room_make(struct instance *instance, const struct protected_set *set, struct fault *fault)
{
	_cleanup_free_ struct portion *portion = malloc(sizeof(*portion));
	int error = 0;

	if (!portion)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < PORTIONS && !error; i++) {
		error = read_portion(instance, portion, fault);
		if (!error && !portion->removed && portion->count)
			join_networks(instance, set, portion);
		if (!error && !portion->removed && portion->count)
			give_way(instance, portion);
		if (!error && portion->removed)
			return 0;
	}
	/* A sweep also corrects a wrong count of used entries. */
	if (!error && !ban_room_sweep(instance) && ban_room_is_left(instance, RULE_COUNT))
		return 0;
	return error ? error : -ENOSPC;
}
