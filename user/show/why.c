// SPDX-License-Identifier: GPL-2.0-or-later
/* Fills a struct why (why.h) from gate and store. Prints nothing. */
#include "show/why.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/time.h"

/* The store's and the gate's end of a ban are the same instant on two clocks; they drift apart by
 * what the wall clock is set. Within this the store's is shown: it is the one that was announced. */
#define UNTIL_DRIFT_NS (5 * NS_PER_S)

#define BANS_MAX       129 /* one of each prefix length covers an address */

struct filling {
	const struct instance *instance;
	struct why *why;
	const struct policy *policy;
	struct leaf leaf;
	int64_t now_wall_ns;
	uint64_t now_boot_ns;
};

static void remember(struct why *why, const struct fault *fault)
{
	size_t room = sizeof(why->faults) / sizeof(*why->faults);

	if (why->fault_count < room)
		why->faults[why->fault_count++] = *fault;
}

/* ---- bans ---- */

static void describe_ban(const struct filling *filling, struct why_ban *ban)
{
	struct store_ban stored = { 0 };
	struct fault fault;
	int64_t drift;
	int error;

	if (!filling->instance->store)
		return;
	error = store_ban_get(filling->instance->store, &ban->prefix, &stored, ban->reason,
			      sizeof(ban->reason), &fault);
	if (error) {
		ban->reason[0] = '\0';
		if (error != -ENOENT)
			remember(filling->why, &fault);
		return;
	}
	drift = stored.until_wall_ns - ban->until_wall_ns;
	if (drift < -UNTIL_DRIFT_NS || drift > UNTIL_DRIFT_NS)
		return;
	ban->until_wall_ns = stored.until_wall_ns;
	ban->since_wall_ns = stored.since_wall_ns;
}

/* What lies `boot_ns` on the boot clock, on the wall clock. */
static int64_t boot_to_wall(const struct filling *filling, uint64_t boot_ns)
{
	int64_t ahead = (int64_t)(boot_ns - filling->now_boot_ns);
	int64_t wall_ns;

	/* A ban for ever may end beyond what the wall clock counts (the year 2262). */
	if (__builtin_add_overflow(filling->now_wall_ns, ahead, &wall_ns))
		return INT64_MAX;
	return wall_ns;
}

/* A prefix of fewer bits holds no IPv4 address, whatever its bits are. */
static unsigned shortest_length(const struct why *why)
{
	return address_is4(&why->address) ? 96 : 0;
}

static int fill_bans_of_gate(struct filling *filling, struct fault *fault)
{
	struct why *why = filling->why;

	for (unsigned length = shortest_length(why); length <= 128; length++) {
		struct prefix prefix = { .length = length };
		struct why_ban *entry;
		struct ban ban;
		int error;

		prefix.address = address_mask(&why->address, length);
		error = gate_ban_get(filling->instance->gate, &prefix, &ban, fault);
		if (error == -ENOENT || (!error && ban.expires_ns <= filling->now_boot_ns))
			continue;
		if (error)
			return error;
		entry = &why->bans[why->ban_count++];
		entry->prefix = prefix;
		entry->rule = ban.rule;
		entry->since_wall_ns = boot_to_wall(filling, ban.since_ns);
		entry->until_wall_ns = boot_to_wall(filling, ban.expires_ns);
		entry->counted = true;
		entry->packets = ban.packets;
		entry->attempts = ban.attempts;
		describe_ban(filling, entry);
	}
	return 0;
}

static void fill_bans_of_store(struct filling *filling)
{
	struct why *why = filling->why;

	for (unsigned length = shortest_length(why); length <= 128; length++) {
		struct prefix prefix = { .length = length };
		struct why_ban *entry = &why->bans[why->ban_count];
		struct store_ban stored = { 0 };
		struct fault fault;
		int error;

		prefix.address = address_mask(&why->address, length);
		error = store_ban_get(filling->instance->store, &prefix, &stored, entry->reason,
				      sizeof(entry->reason), &fault);
		if (error && error != -ENOENT) {
			remember(why, &fault);
			return;
		}
		if (error || stored.until_wall_ns <= filling->now_wall_ns)
			continue;
		entry->prefix = prefix;
		entry->rule = stored.rule;
		entry->since_wall_ns = stored.since_wall_ns;
		entry->until_wall_ns = stored.until_wall_ns;
		why->ban_count++;
	}
}

/* ---- lists and country ---- */

static int take_list(const struct store_list *list, void *pointer)
{
	struct why *why = pointer;
	struct why_list *entry;

	if (why->list_count == LIST_MAX)
		return 0;
	entry = &why->lists[why->list_count++];
	snprintf(entry->name, sizeof(entry->name), "%s", list->name);
	snprintf(entry->source, sizeof(entry->source), "%s", list->source);
	entry->id = list->id;
	entry->allow = list->allow;
	return 0;
}

/* All lists first, then only those that contain the address: a statement at a time. */
static void fill_lists(struct filling *filling)
{
	struct why *why = filling->why;
	size_t kept = 0;
	struct fault fault;

	if (store_list_each(filling->instance->store, take_list, why, &fault))
		remember(why, &fault);
	for (size_t i = 0; i < why->list_count; i++) {
		_cleanup_(ranges_free) struct ranges ranges = { 0 };
		struct store_list list;
		int error = store_list_get(filling->instance->store, why->lists[i].name, &list,
					   &ranges, &fault);

		if (error && error != -ENOENT)
			remember(why, &fault);
		if (!error && ranges_find(&ranges, &why->address) >= 0)
			why->lists[kept++] = why->lists[i];
	}
	why->list_count = kept;
}

/* What the gate's table would say, made from the store: allow first, then the lower id. */
static struct leaf leaf_of_store(struct filling *filling)
{
	struct leaf leaf = { .country = COUNTRY_ZZ };
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	struct why *why = filling->why;
	struct fault fault;
	int64_t country = -1;
	int error = store_countries_get(filling->instance->store, NULL, 0, NULL, &ranges, &fault);

	if (!error)
		country = ranges_find(&ranges, &why->address);
	else if (error != -ENOENT)
		remember(why, &fault);
	if (country >= 0 && country < COUNTRY_COUNT)
		leaf.country = (__u16)country;
	for (int allow = 1; allow >= 0 && !leaf.list; allow--) {
		for (size_t i = 0; i < why->list_count; i++) {
			const struct why_list *list = &why->lists[i];

			if (list->allow != allow)
				continue;
			leaf.flags |= allow ? LEAF_ALLOW : LEAF_DENY;
			if (!leaf.list || list->id < leaf.list)
				leaf.list = list->id;
		}
	}
	return leaf;
}

/* ---- evidence ---- */

static int take_evidence(const struct store_evidence *evidence, void *pointer)
{
	struct why *why = pointer;
	struct why_evidence *entry = &why->evidence[why->evidence_count];

	if (why->evidence_count == WHY_EVIDENCE_MAX)
		return 1;
	entry->line = strdup(evidence->line ? evidence->line : "");
	if (!entry->line)
		return -ENOMEM;
	entry->wall_ns = evidence->wall_ns;
	why->evidence_count++;
	return 0;
}

static void fill_evidence(struct filling *filling)
{
	struct why *why = filling->why;
	struct fault fault = { 0 };
	int error = store_evidence_each(filling->instance->store, &why->source, WHY_EVIDENCE_MAX,
					take_evidence, why, &fault);

	if (error < 0 && fault.error)
		remember(why, &fault);
}

/* ---- all of it ---- */

/* The policy in force, else the one that would be. */
static int take_policy(const struct filling *filling, struct policy *policy, struct fault *fault)
{
	int error = -ENOENT;

	if (filling->instance->gate)
		error = gate_policy_get(filling->instance->gate, policy, fault);
	if (error != -ENOENT)
		return error;
	config_to_policy(filling->instance->config, policy);
	return 0;
}

static void fill_services(struct filling *filling)
{
	const struct config *config = filling->instance->config;
	struct why *why = filling->why;

	for (unsigned id = 1; id <= filling->policy->service_count && id < SERVICE_MAX; id++) {
		struct why_service *service = &why->services[why->service_count++];

		if (id <= config->service_count)
			snprintf(service->name, sizeof(service->name), "%s",
				 config->services[id - 1].name);
		else
			snprintf(service->name, sizeof(service->name), "service-%u", id);
		service->verdict =
			verdict_decide(filling->policy, id, &filling->leaf, why->ban_count > 0);
	}
}

static int fill_from_gate(struct filling *filling, struct fault *fault)
{
	int error = gate_table_find(filling->instance->gate, &filling->why->address, &filling->leaf,
				    fault);

	/* No table yet: no lists, no countries. */
	if (error == -ENOENT)
		filling->leaf = (struct leaf){ .country = COUNTRY_ZZ };
	else if (error)
		return error;
	return fill_bans_of_gate(filling, fault);
}

int why_fill(const struct instance *instance, const struct address *address, int64_t now_wall_ns,
	     uint64_t now_boot_ns, struct why **why, struct fault *fault)
{
	_cleanup_(cleanup_why) struct why *fresh = calloc(1, sizeof(*fresh));
	_cleanup_free_ struct policy *policy = calloc(1, sizeof(*policy));
	struct filling filling = { .instance = instance,
				   .why = fresh,
				   .policy = policy,
				   .leaf = { .country = COUNTRY_ZZ },
				   .now_wall_ns = now_wall_ns,
				   .now_boot_ns = now_boot_ns };
	int error;

	if (fresh) {
		fresh->bans = calloc(BANS_MAX + 1, sizeof(*fresh->bans));
		fresh->lists = calloc(LIST_MAX, sizeof(*fresh->lists));
	}
	if (!fresh || !policy || !fresh->bans || !fresh->lists)
		return fault_set(fault, -ENOMEM, "out of memory");
	error = take_policy(&filling, policy, fault);
	if (error)
		return error;
	fresh->address = *address;
	fresh->source = address_source(address, policy->source_length6);
	fresh->loaded = instance->gate;
	fresh->mode = policy->mode == GATE_ENFORCE ? GATE_ENFORCE : GATE_MONITOR;
	snprintf(fresh->config_path, sizeof(fresh->config_path), "%s",
		 instance->config->path ? instance->config->path : CONFIG_DEFAULT_PATH);
	/* No store yet is an answer: no bans, no lists. */
	if (!instance->store && instance->store_fault.error &&
	    instance->store_fault.error != -ENOENT)
		remember(fresh, &instance->store_fault);
	if (instance->store)
		fill_lists(&filling);
	if (instance->gate)
		error = fill_from_gate(&filling, fault);
	else if (instance->store)
		fill_bans_of_store(&filling), filling.leaf = leaf_of_store(&filling);
	if (error)
		return error;
	fresh->country = filling.leaf.country < COUNTRY_COUNT ? filling.leaf.country : COUNTRY_ZZ;
	if (instance->store)
		fill_evidence(&filling);
	fill_services(&filling);
	*why = TAKE_PTR(fresh);
	return 0;
}
