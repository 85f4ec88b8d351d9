// SPDX-License-Identifier: GPL-2.0-or-later
/* Adding and removing bans: kernel, store, open sockets. After a start: restore.c; listing:
 * bans_each.c; what cannot be banned: protected.c. */
#include "enforce/bans.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/ban_room.h"
#include "enforce/cuts.h"
#include "kernel/ban_parts.h"

bool bans_enforced(struct instance *instance)
{
	_cleanup_free_ struct policy *policy = malloc(sizeof(*policy));

	if (policy && instance->gate && !gate_policy_get(instance->gate, policy, NULL))
		return policy->mode == GATE_ENFORCE;
	return instance->config->mode == GATE_ENFORCE;
}

/* What kernel and store are to hold of one group of services. */
struct planned {
	struct ban_part part;
	struct store_ban row;
	char reason[STORE_REASON_SIZE]; /* of the ban that was there */
};

/* A ban that is there goes on: since stays, and a rule only prolongs. */
static void join(struct instance *instance, const struct ban_request *request,
		 const struct ban_part *old, uint64_t boot_ns, struct planned *planned)
{
	struct store_ban known;
	bool is_known = instance->store &&
			!store_ban_get(instance->store, &request->prefix, old->services, &known,
				       planned->reason, sizeof(planned->reason), NULL);

	if (old->since_ns && old->since_ns <= boot_ns)
		planned->row.since_wall_ns =
			request->now_wall_ns - (int64_t)(boot_ns - old->since_ns);
	if (is_known && known.since_wall_ns <= request->now_wall_ns)
		planned->row.since_wall_ns = known.since_wall_ns;
	planned->part.since_ns = old->since_ns;
	if (request->rule == RULE_MANUAL || old->expires_ns <= planned->part.expires_ns)
		return;
	planned->part.expires_ns = old->expires_ns;
	planned->part.rule = old->rule;
	planned->row.until_wall_ns = request->now_wall_ns + (int64_t)(old->expires_ns - boot_ns);
	planned->row.rule = old->rule;
	if (is_known) {
		planned->row.until_wall_ns = known.until_wall_ns;
		planned->row.reason = planned->reason;
	}
}

static void plan_group(struct instance *instance, const struct ban_request *request,
		       const struct ban *old, enum ban_services services, uint64_t boot_ns,
		       struct planned *planned)
{
	uint64_t lasts_ns = (uint64_t)request->until_wall_ns - (uint64_t)request->now_wall_ns;
	struct ban_part parts[BAN_GROUPS];
	size_t count = ban_parts(old, boot_ns, parts);

	*planned = (struct planned){
		.part = { .services = services,
			  .expires_ns = boot_ns + lasts_ns,
			  .since_ns = boot_ns,
			  .rule = request->rule },
		.row = { .prefix = request->prefix,
			 .services = services,
			 .since_wall_ns = request->now_wall_ns,
			 .until_wall_ns = request->until_wall_ns,
			 .rule = request->rule,
			 .reason = request->reason },
	};
	for (size_t i = 0; i < count; i++) {
		parts[i].services &= services;
		if (parts[i].services)
			join(instance, request, &parts[i], boot_ns, planned);
	}
}

static bool is_same(const struct store_ban *a, const struct store_ban *b)
{
	return a->since_wall_ns == b->since_wall_ns && a->until_wall_ns == b->until_wall_ns &&
	       a->rule == b->rule &&
	       !strcmp(a->reason ? a->reason : "", b->reason ? b->reason : "");
}

/* Into *ban what the kernel is to hold, and whether it has an entry already; into planned[] (of
 * each group, some perhaps without services) what the store is to. */
static int plan(struct instance *instance, const struct ban_request *request, struct ban *ban,
		bool *joins, struct planned planned[BAN_GROUPS], struct fault *fault)
{
	uint64_t boot_ns = clock_boot_ns();
	struct planned *smtp = &planned[BAN_GROUP_SMTP], *login = &planned[BAN_GROUP_LOGIN];
	char text[PREFIX_TEXT_SIZE];
	int result;

	prefix_format(&request->prefix, text);
	if (request->until_wall_ns <= request->now_wall_ns)
		return fault_set(fault, -EINVAL, "cannot ban %s: the ban would have ended already",
				 text);
	result = gate_ban_get(instance->gate, &request->prefix, ban, fault);
	if (result && result != -ENOENT)
		return result;
	*joins = !result;
	if (result || !ban_active(ban, boot_ns))
		*ban = (struct ban){ 0 };
	ban->lookup = 0;
	for (unsigned group = 0; group < BAN_GROUPS; group++) {
		plan_group(instance, request, ban, request->services & 1U << group, boot_ns,
			   &planned[group]);
		ban_set(ban, &planned[group].part);
	}
	if (request->services == BAN_ALL && is_same(&smtp->row, &login->row)) {
		login->row.services = BAN_ALL;
		smtp->row.services = 0;
	}
	return 0;
}

static int fault_full(struct instance *instance, const struct prefix *prefix, struct fault *fault)
{
	struct gate_usage usage = { 0 };
	char text[PREFIX_TEXT_SIZE];

	gate_ban_gave_way(instance->gate, 1);
	gate_ban_usage(instance->gate, &usage, NULL);
	prefix_format(prefix, text);
	return fault_set(fault, -ENOSPC,
			 "cannot ban %s: the table is full (%llu bans); raise [gate] bans and load "
			 "anew, or unban",
			 text, (unsigned long long)usage.size);
}

/* In a full table others give way to a new ban, as far as they can. */
static int put_in_kernel(struct instance *instance, const struct protected_set *set,
			 const struct ban_request *request, const struct ban *ban, bool joins,
			 struct fault *fault)
{
	struct gate *gate = instance->gate;
	const struct prefix *prefix = &request->prefix;
	int result;

	if (!joins && !ban_room_is_left(instance, request->rule)) {
		result = ban_room_make(instance, set, fault);
		if (result)
			return result == -ENOSPC ? fault_full(instance, prefix, fault) : result;
	}
	result = gate_ban_put(gate, prefix, ban, fault);
	/* Ended bans may hold more prefix lengths than there may be. */
	if (result == -ENOSPC && !ban_room_sweep(instance))
		result = gate_ban_put(gate, prefix, ban, fault);
	return result;
}

static int put_rows(struct instance *instance, const struct ban_request *request,
		    const struct planned planned[BAN_GROUPS], struct fault *fault)
{
	bool first = true;
	int result = 0;

	for (unsigned group = 0; group < BAN_GROUPS && !result; group++) {
		if (!planned[group].row.services)
			continue;
		result = store_ban_put(instance->store, &planned[group].row, request->evidence,
				       first ? request->evidence_count : 0, fault);
		first = false;
	}
	return result;
}

static void put_in_store(struct instance *instance, const struct ban_request *request,
			 const struct planned planned[BAN_GROUPS], struct fault *fault)
{
	struct fault own = instance->store_fault;
	char text[PREFIX_TEXT_SIZE];
	int result = own.error ? own.error : -ENOENT;

	if (instance->store)
		result = instance_clock(instance, &own);
	if (!result)
		result = put_rows(instance, request, planned, &own);
	if (request->stored)
		*request->stored = !result;
	if (!result)
		return;
	prefix_format(&request->prefix, text);
	fault_set(fault, result, "%s is banned, but the store does not know it: %s", text,
		  own.text);
}

static void cut_sockets(struct instance *instance, const struct ban_request *request,
			size_t *closed, struct fault *fault)
{
	char text[PREFIX_TEXT_SIZE];
	struct fault own = { 0 };
	int result = cuts_add(instance, &request->prefix, request->services);

	if (result)
		fault_set(&own, result, "out of memory");
	else if (!request->cut_later)
		result = cuts_make(instance, closed, &own);
	if (!result)
		return;
	prefix_format(&request->prefix, text);
	/* What the store says weighs more, and there is room for one fault. */
	if (fault && !fault->error)
		fault_set(fault, own.error,
			  "%s is banned, but its open connections are not closed: %s", text,
			  own.text);
}

int bans_add(struct instance *instance, const struct protected_set *set,
	     const struct ban_request *request, size_t *sockets_closed, struct fault *fault)
{
	const char *why = protected_why(set, &request->prefix);
	struct planned planned[BAN_GROUPS];
	char text[PREFIX_TEXT_SIZE];
	struct ban ban;
	bool joins = false;
	size_t closed = 0;
	int result;

	if (fault)
		*fault = (struct fault){ 0 };
	if (sockets_closed)
		*sockets_closed = 0;
	if (request->stored)
		*request->stored = false;
	prefix_format(&request->prefix, text);
	if (why)
		return fault_set(fault, -EPERM, "cannot ban %s: %s", text, why);
	if (!(request->services & BAN_ALL))
		return fault_set(fault, -EINVAL, "cannot ban %s from no service", text);
	if (!instance->gate)
		return fault_set(fault,
				 instance->gate_fault.error ? instance->gate_fault.error : -ENOENT,
				 "cannot ban %s: %s", text, instance->gate_fault.text);
	if (instance->gate_lost)
		return fault_set(fault, -ENOENT,
				 "cannot ban %s: the gate was unloaded under this daemon", text);
	result = plan(instance, request, &ban, &joins, planned, fault);
	if (result)
		return result;
	result = put_in_kernel(instance, set, request, &ban, joins, fault);
	if (result)
		return result;
	if (fault)
		*fault = (struct fault){ 0 };
	if (!request->kernel_only)
		put_in_store(instance, request, planned, fault);
	cut_sockets(instance, request, &closed, fault);
	if (sockets_closed)
		*sockets_closed = closed;
	return 0;
}

/* -ENOENT: there is none of these services. */
static int remove_from_kernel(struct gate *gate, const struct prefix *prefix,
			      enum ban_services services, struct fault *fault)
{
	uint64_t boot_ns = clock_boot_ns();
	struct ban ban, rest;
	int result = gate_ban_get(gate, prefix, &ban, fault);

	if (result)
		return result;
	rest = ban;
	ban_clear(&rest, services);
	if (!(ban_active(&ban, 0) & services))
		return -ENOENT;
	if (!ban_active(&rest, boot_ns))
		return gate_ban_remove(gate, prefix, fault);
	return gate_ban_put(gate, prefix, &rest, fault);
}

/* The store first: killed in between, the ban goes on in both after the next start, and what the
 * kernel has is always the more. */
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
