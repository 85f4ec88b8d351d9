// SPDX-License-Identifier: GPL-2.0-or-later
/* Fills a struct why (why.h) from gate and store. Prints nothing. */
#include "show/why_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "conf/ban_services.h"
#include "enforce/protected.h"
#include "kernel/ban_entry.h"
#include "limits_ask.h"

#define BANS_MAX (129 * BAN_GROUPS) /* an address has at most one prefix of each length */

/* ---- bans ---- */

static void describe_ban(const struct why_filling *filling, struct ban_record *ban)
{
	struct ban_record stored;
	struct fault fault;
	int error;

	if (!filling->instance->store)
		return;
	error = store_ban_get(filling->instance->store, &ban->prefix, ban->services, &stored,
			      &fault);
	if (!error)
		ban_take_known(ban, &stored);
	else if (error != -ENOENT)
		why_remember(filling->why, &fault);
}

/* A shorter prefix cannot hold an IPv4 address, whatever its bits are. */
static unsigned shortest_length(const struct why *why)
{
	return address_is4(&why->address) ? 96 : 0;
}

static int fill_bans_of_gate(struct why_filling *filling, struct fault *fault)
{
	const struct clocks clocks = { .wall_ns = filling->now_wall_ns,
				       .boot_ns = filling->now_boot_ns };
	struct why *why = filling->why;

	for (unsigned length = shortest_length(why); length <= 128; length++) {
		struct prefix prefix = { .address = address_mask(&why->address, length),
					 .length = length };
		struct ban_record *bans = &why->bans[why->ban_count];
		size_t count;
		int error = ban_entry_get(filling->instance->gate, &prefix, &clocks, bans, &count,
					  fault);

		if (error)
			return error;
		for (size_t i = 0; i < count; i++)
			describe_ban(filling, &bans[i]);
		why->ban_count += count;
	}
	return 0;
}

/* False: the store cannot be read. */
static bool add_ban_of_store(struct why_filling *filling, const struct prefix *prefix,
			     enum ban_services services)
{
	struct why *why = filling->why;
	struct ban_record *entry = &why->bans[why->ban_count];
	struct fault fault;
	int error = store_ban_get(filling->instance->store, prefix, services, entry, &fault);

	if (error && error != -ENOENT) {
		why_remember(why, &fault);
		return false;
	}
	if (error || entry->until_wall_ns <= filling->now_wall_ns)
		return true;
	/* A ban of both groups is found twice. */
	if (why->ban_count && entry[-1].services & services &&
	    !memcmp(&entry[-1].prefix, prefix, sizeof(*prefix)))
		return true;
	why->ban_count++;
	return true;
}

static void fill_bans_of_store(struct why_filling *filling)
{
	for (unsigned length = shortest_length(filling->why); length <= 128; length++) {
		struct prefix prefix = { .length = length };

		prefix.address = address_mask(&filling->why->address, length);
		if (!add_ban_of_store(filling, &prefix, BAN_SMTP) ||
		    !add_ban_of_store(filling, &prefix, BAN_LOGIN))
			return;
	}
}

/* Whether a ban closes a group of services. */
static bool is_banned(const struct why *why, enum ban_services group)
{
	for (size_t i = 0; i < why->ban_count; i++)
		if (why->bans[i].services & group)
			return true;
	return false;
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

static void fill_evidence(struct why_filling *filling)
{
	struct why *why = filling->why;
	struct fault fault = { 0 };
	int error = store_evidence_each(filling->instance->store, &why->source, WHY_EVIDENCE_MAX,
					take_evidence, why, &fault);

	if (error < 0 && fault.error)
		why_remember(why, &fault);
}

static void fill_past(struct why_filling *filling, int64_t now_wall_ns)
{
	struct fault fault = { 0 };

	if (why_fill_past(filling->why, filling->instance->store, now_wall_ns, &fault))
		why_remember(filling->why, &fault);
	if (why_fill_stale(filling->why, filling->instance->store, now_wall_ns, &fault))
		why_remember(filling->why, &fault);
}

/* ---- all of it ---- */

/* Takes the policy in force or, without a gate, the one that the configuration gives. */
static int take_policy(const struct why_filling *filling, struct policy *policy,
		       struct fault *fault)
{
	int error = -ENOENT;

	if (filling->instance->gate)
		error = gate_policy_get(filling->instance->gate, policy, fault);
	if (error != -ENOENT)
		return error;
	config_to_policy(filling->instance->config, policy);
	return 0;
}

static struct meter_key key_of(const struct address *address, unsigned length, unsigned service)
{
	return (struct meter_key){
		.prefix = { .address = address_mask(address, length), .length = length },
		.service = service,
	};
}

/* Asks the limits about one more connection at this instant. */
static void ask_limits(const struct why_filling *filling, unsigned service, struct verdict *verdict)
{
	const struct policy *policy = filling->policy;
	const struct address *address = &filling->why->address;
	unsigned country = filling->why->services[service - 1].country;
	unsigned class = policy->country_class[service][country] & (CLASS_MAX - 1);
	bool is4 = address_is4(address);
	struct meter_key source = key_of(address, is4 ? 128 : policy->source_length6, service);
	struct meter_key network =
		key_of(address, is4 ? policy->network_length4 : policy->network_length6, service);
	struct meter_key of_country = { .service = service * COUNTRY_COUNT + country };
	struct meter found[METER_KINDS];
	struct limits_meters meters = { 0 };
	struct gate *gate = filling->instance->gate;

	if (!gate || verdict->drop || verdict->list)
		return;
	if (!gate_meter_get(gate, METER_SOURCE, &source, &found[METER_SOURCE]))
		meters.source = &found[METER_SOURCE];
	if (!gate_meter_get(gate, METER_NETWORK, &network, &found[METER_NETWORK]))
		meters.network = &found[METER_NETWORK];
	if (!gate_meter_get(gate, METER_COUNTRY, &of_country, &found[METER_COUNTRY]))
		meters.country = &found[METER_COUNTRY];
	meters.stranger = !meters.source && gate_meters_full(gate);
	verdict->reason = limits_ask(&policy->classes[class], filling->now_boot_ns, &meters);
	verdict->drop = verdict->reason != REASON_NONE;
}

static void fill_services(struct why_filling *filling)
{
	const struct config *config = filling->instance->config;
	struct why *why = filling->why;

	for (unsigned id = 1; id <= filling->policy->service_count && id < SERVICE_MAX; id++) {
		struct why_service *service = &why->services[why->service_count++];

		if (id <= config->service_count && *config->services[id - 1].name)
			snprintf(service->name, sizeof(service->name), "%s",
				 config->services[id - 1].name);
		else
			snprintf(service->name, sizeof(service->name), "service-%u", id);
		service->group = verdict_group(filling->policy, id);
		service->removed = !service->group && id <= config->service_count &&
				   config->services[id - 1].removed;
		if (service->removed)
			continue;
		service->country = lookup_country(filling->policy, id, filling->leaves[id].country);
		service->verdict = verdict_decide(filling->policy, id, &filling->leaves[id],
						  is_banned(why, service->group));
		ask_limits(filling, id, &service->verdict);
	}
}

static int fill_from_gate(struct why_filling *filling, struct fault *fault)
{
	int error = gate_table_find(filling->instance->gate, &filling->why->address,
				    filling->leaves, fault);

	/* Without a table there are no lists and no countries. */
	if (error && error != -ENOENT)
		return error;
	return fill_bans_of_gate(filling, fault);
}

/* Tells that a source is never banned: otherwise it would only show no ban, however often it
 * fails. */
static void fill_protected(struct why_filling *filling)
{
	_cleanup_(protected_free) struct protected_set set = { 0 };
	struct why *why = filling->why;
	struct fault fault = { 0 };
	const char *reason;

	if (protected_load(filling->instance->config, &set, &fault))
		return why_remember(why, &fault);
	reason = protected_why(&set, &why->source);
	snprintf(why->protected, sizeof(why->protected), "%s", reason ? reason : "");
}

int why_fill(const struct instance *instance, const struct address *address, int64_t now_wall_ns,
	     uint64_t now_boot_ns, struct why **why, struct fault *fault)
{
	_cleanup_(cleanup_why) struct why *fresh = calloc(1, sizeof(*fresh));
	_cleanup_free_ struct policy *policy = calloc(1, sizeof(*policy));
	struct why_filling filling = { .instance = instance,
				       .why = fresh,
				       .policy = policy,
				       .now_wall_ns = now_wall_ns,
				       .now_boot_ns = now_boot_ns };
	unsigned country;
	int error;

	for (unsigned service = 0; service < SERVICE_MAX; service++)
		filling.leaves[service].country = COUNTRY_ZZ;
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
	/* Without a store there are no bans and no lists, which is no fault. */
	if (!instance->store && instance->store_fault.error &&
	    instance->store_fault.error != -ENOENT)
		why_remember(fresh, &instance->store_fault);
	if (instance->store)
		why_fill_lists(&filling);
	if (instance->gate)
		error = fill_from_gate(&filling, fault);
	else
		why_leaves_without_gate(&filling);
	if (!instance->gate && instance->store)
		fill_bans_of_store(&filling);
	if (error)
		return error;
	country = filling.leaves[0].country;
	fresh->country = country < COUNTRY_COUNT ? country : COUNTRY_ZZ;
	fresh->provider = why_provider(instance->config, address);
	if (instance->store)
		fill_evidence(&filling), fill_past(&filling, now_wall_ns);
	fill_services(&filling);
	fill_protected(&filling);
	*why = TAKE_PTR(fresh);
	return 0;
}
