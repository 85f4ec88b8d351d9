// SPDX-License-Identifier: GPL-2.0-or-later
/* Adds and removes bans, in kernel, store and open sockets. Restoring after a start: restore.c;
 * listing: bans_each.c; what cannot be banned: protected.c. */
#include "enforce/bans.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/ban_room.h"
#include "enforce/cuts.h"
#include "kernel/ban_entry.h"

bool bans_enforced(struct instance *instance)
{
	_cleanup_free_ struct policy *policy = malloc(sizeof(*policy));

	if (policy && instance->gate && !gate_policy_get(instance->gate, policy, NULL))
		return policy->mode == GATE_ENFORCE;
	return instance->config->mode == GATE_ENFORCE;
}

/* Joins a new ban with one that holds: the beginning stays, and a rule can only prolong it. Returns
 * whether the old end stays. */
static bool join(const struct ban_record *old, struct ban_record *planned)
{
	planned->since_wall_ns = old->since_wall_ns;
	if (planned->rule == RULE_MANUAL || old->until_wall_ns <= planned->until_wall_ns)
		return false;
	planned->until_wall_ns = old->until_wall_ns;
	planned->rule = old->rule;
	return true;
}

/* Keeps what the store knows of a ban that goes on. */
static void keep_known(struct instance *instance, int64_t now_wall_ns, bool end_stays,
		       struct ban_record *planned)
{
	struct ban_record known;

	if (!instance->store ||
	    store_ban_get(instance->store, &planned->prefix, planned->services, &known, NULL) ||
	    known.since_wall_ns > now_wall_ns)
		return;
	if (end_stays)
		ban_take_known(planned, &known);
	planned->since_wall_ns = known.since_wall_ns;
}

static bool is_same(const struct ban_record *a, const struct ban_record *b)
{
	return a->since_wall_ns == b->since_wall_ns && a->until_wall_ns == b->until_wall_ns &&
	       a->rule == b->rule && !strcmp(a->reason, b->reason);
}

/* Plans a ban. *entry: what the kernel is to hold; *joins: whether it has an entry already.
 * planned[]: what the store is to hold for each group; some may be without services. */
static int plan(struct instance *instance, const struct ban_record *ban, struct ban *entry,
		bool *joins, struct ban_record planned[BAN_GROUPS], struct fault *fault)
{
	struct clocks clocks = { .wall_ns = ban->since_wall_ns, .boot_ns = clock_boot_ns() };
	struct ban_record *smtp = &planned[BAN_GROUP_SMTP], *login = &planned[BAN_GROUP_LOGIN];
	struct ban_record old[BAN_GROUPS];
	char text[PREFIX_TEXT_SIZE];
	size_t count;
	int result;

	prefix_format(&ban->prefix, text);
	if (ban->until_wall_ns <= ban->since_wall_ns)
		return fault_set(fault, -EINVAL, "cannot ban %s: the ban would have ended already",
				 text);
	result = gate_ban_get(instance->gate, &ban->prefix, entry, fault);
	if (result && result != -ENOENT)
		return result;
	*joins = !result;
	if (result || !ban_active(entry, clocks.boot_ns))
		*entry = (struct ban){ 0 };
	entry->lookup = 0;
	count = ban_entry_read(&ban->prefix, entry, &clocks, old);
	for (unsigned group = 0; group < BAN_GROUPS; group++) {
		bool goes_on = false, end_stays = false;

		planned[group] = *ban;
		planned[group].services = ban->services & 1U << group;
		for (size_t i = 0; i < count; i++)
			if (old[i].services & planned[group].services) {
				goes_on = true;
				end_stays = join(&old[i], &planned[group]);
			}
		ban_entry_set(entry, &planned[group], &clocks);
		if (goes_on)
			keep_known(instance, ban->since_wall_ns, end_stays, &planned[group]);
	}
	if (ban->services == BAN_ALL && is_same(smtp, login)) {
		login->services = BAN_ALL;
		smtp->services = 0;
	}
	return 0;
}

static int fault_full(struct instance *instance, const struct prefix *prefix, struct fault *fault)
{
	struct gate_usage usage = gate_ban_usage(instance->gate);
	char text[PREFIX_TEXT_SIZE];

	gate_ban_gave_way(instance->gate, 1);
	prefix_format(prefix, text);
	return fault_set(fault, -ENOSPC,
			 "cannot ban %s: the table is full (%llu bans); raise [gate] bans and load "
			 "anew, or unban",
			 text, (unsigned long long)usage.size);
}

/* Puts the entry into the kernel. If the table is full, other bans give way as far as possible. */
static int put_in_kernel(struct instance *instance, const struct protected_set *set,
			 const struct ban_record *ban, const struct ban *entry, bool joins,
			 struct fault *fault)
{
	struct gate *gate = instance->gate;
	int result;

	if (!joins && !ban_room_is_left(instance, ban->rule)) {
		result = ban_room_make(instance, set, fault);
		if (result)
			return result == -ENOSPC ? fault_full(instance, &ban->prefix, fault)
						 : result;
	}
	result = gate_ban_put(gate, &ban->prefix, entry, fault);
	/* Ended bans may use up the number of prefix lengths: a sweep frees those. */
	if (result == -ENOSPC && !ban_room_sweep(instance))
		result = gate_ban_put(gate, &ban->prefix, entry, fault);
	return result;
}

static int put_rows(struct instance *instance, const struct ban_record planned[BAN_GROUPS],
		    const struct bans_adding *adding, struct fault *fault)
{
	bool first = true;
	int result = 0;

	for (unsigned group = 0; group < BAN_GROUPS && !result; group++) {
		if (!planned[group].services)
			continue;
		result = store_ban_put(instance->store, &planned[group], adding->evidence,
				       first ? adding->evidence_count : 0, fault);
		first = false;
	}
	return result;
}

static void put_in_store(struct instance *instance, const struct ban_record planned[BAN_GROUPS],
			 struct bans_adding *adding, struct fault *fault)
{
	struct fault own = instance->store_fault;
	char text[PREFIX_TEXT_SIZE];
	int result = own.error ? own.error : -ENOENT;

	if (instance->store)
		result = instance_clock(instance, &own);
	if (!result)
		result = put_rows(instance, planned, adding, &own);
	adding->stored = !result;
	if (!result)
		return;
	prefix_format(&planned[0].prefix, text);
	fault_set(fault, result, "%s is banned, but the store does not know it: %s", text,
		  own.text);
}

static void cut_sockets(struct instance *instance, const struct ban_record *ban,
			struct bans_adding *adding, struct fault *fault)
{
	char text[PREFIX_TEXT_SIZE];
	struct fault own = { 0 };
	int result = cuts_add(instance, &ban->prefix, ban->services);

	if (result)
		fault_set(&own, result, "out of memory");
	else if (!adding->cut_later)
		result = cuts_make(instance, &adding->sockets_closed, &own);
	if (!result)
		return;
	prefix_format(&ban->prefix, text);
	/* There is room for one fault, and one of the store matters more. */
	if (fault && !fault->error)
		fault_set(fault, own.error,
			  "%s is banned, but its open connections are not closed: %s", text,
			  own.text);
}

int bans_add(struct instance *instance, const struct protected_set *set,
	     const struct ban_record *ban, struct bans_adding *adding, struct fault *fault)
{
	const char *why = protected_why(set, &ban->prefix);
	struct ban_record planned[BAN_GROUPS];
	char text[PREFIX_TEXT_SIZE];
	bool joins = false;
	struct ban entry;
	int result;

	if (fault)
		*fault = (struct fault){ 0 };
	adding->sockets_closed = 0;
	adding->stored = false;
	prefix_format(&ban->prefix, text);
	if (why)
		return fault_set(fault, -EPERM, "cannot ban %s: %s", text, why);
	if (!(ban->services & BAN_ALL))
		return fault_set(fault, -EINVAL, "cannot ban %s from no service", text);
	if (!instance->gate)
		return fault_set(fault,
				 instance->gate_fault.error ? instance->gate_fault.error : -ENOENT,
				 "cannot ban %s: %s", text, instance->gate_fault.text);
	if (instance->gate_lost)
		return fault_set(fault, -ENOENT,
				 "cannot ban %s: the gate was unloaded under this daemon", text);
	result = plan(instance, ban, &entry, &joins, planned, fault);
	if (result)
		return result;
	result = put_in_kernel(instance, set, ban, &entry, joins, fault);
	if (result)
		return result;
	if (fault)
		*fault = (struct fault){ 0 };
	if (!adding->kernel_only)
		put_in_store(instance, planned, adding, fault);
	cut_sockets(instance, ban, adding, fault);
	return 0;
}

/* Removes a ban from the kernel. -ENOENT: no ban of these services. */
static int remove_from_kernel(struct gate *gate, const struct prefix *prefix,
			      enum ban_services services, struct fault *fault)
{
	uint64_t boot_ns = clock_boot_ns();
	struct ban rest;
	int result = gate_ban_get(gate, prefix, &rest, fault);

	if (result)
		return result;
	if (!(ban_active(&rest, 0) & services))
		return -ENOENT;
	ban_entry_set_ns(&rest, services, 0, 0, 0);
	if (!ban_active(&rest, boot_ns))
		return gate_ban_remove(gate, prefix, fault);
	return gate_ban_put(gate, prefix, &rest, fault);
}

/* The store comes first: if the process is killed in between, the next start writes the ban back
 * from the kernel, and the kernel never has less than the store. */
int bans_remove(struct instance *instance, const struct prefix *prefix, enum ban_services services,
		struct fault *fault)
{
	int kernel = -ENOENT, stored = -ENOENT;
	struct fault of_store = { 0 }, of_kernel = { 0 };
	char text[PREFIX_TEXT_SIZE];

	prefix_format(prefix, text);
	if (instance->store)
		stored = store_ban_remove(instance->store, prefix, services, clock_wall_ns(),
					  &of_store);
	if (instance->gate)
		kernel = remove_from_kernel(instance->gate, prefix, services, &of_kernel);
	if (kernel && kernel != -ENOENT)
		return fault_set(fault, kernel, "%s stays banned: %s", text, of_kernel.text);
	if (stored && stored != -ENOENT)
		return fault_set(fault, stored,
				 "the kernel has no ban of %s now, but the store may bring it back "
				 "after a reboot: %s",
				 text, of_store.text);
	if (kernel && stored)
		return fault_set(fault, -ENOENT, "there is no ban of %s", text);
	return 0;
}
