// SPDX-License-Identifier: GPL-2.0-or-later
/* Adding and removing bans: kernel, store, open sockets. After a start: restore.c; listing:
 * bans_each.c; what cannot be banned: protected.c. */
#include "enforce/bans.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "kernel/sockets.h"

#define REASON_SIZE 512

bool bans_enforced(struct instance *instance)
{
	_cleanup_free_ struct policy *policy = malloc(sizeof(*policy));

	if (policy && instance->gate && !gate_policy_get(instance->gate, policy, NULL))
		return policy->mode == GATE_ENFORCE;
	return instance->config->mode == GATE_ENFORCE;
}

/* What kernel and store are to hold. */
struct planned {
	struct ban ban;
	struct store_ban row;
	char reason[REASON_SIZE]; /* of the ban that was there */
};

/* A ban that is there goes on: since and counters stay, and a rule only prolongs. */
static void join(struct instance *instance, const struct ban_request *request,
		 const struct ban *old, uint64_t boot_ns, struct planned *planned)
{
	struct store_ban known;
	bool is_known = instance->store &&
			!store_ban_get(instance->store, &request->prefix, &known, planned->reason,
				       sizeof(planned->reason), NULL);

	if (old->since_ns && old->since_ns <= boot_ns)
		planned->row.since_wall_ns =
			request->now_wall_ns - (int64_t)(boot_ns - old->since_ns);
	if (is_known && known.since_wall_ns <= request->now_wall_ns)
		planned->row.since_wall_ns = known.since_wall_ns;
	planned->ban.since_ns = old->since_ns;
	planned->ban.packets = old->packets;
	planned->ban.attempts = old->attempts;
	planned->ban.last_ns = old->last_ns;
	if (request->rule == RULE_MANUAL || old->expires_ns <= planned->ban.expires_ns)
		return;
	planned->ban.expires_ns = old->expires_ns;
	planned->ban.rule = old->rule;
	planned->row.until_wall_ns = request->now_wall_ns + (int64_t)(old->expires_ns - boot_ns);
	planned->row.rule = old->rule;
	if (is_known) {
		planned->row.until_wall_ns = known.until_wall_ns;
		planned->row.reason = planned->reason;
	}
}

static int plan(struct instance *instance, const struct ban_request *request,
		struct planned *planned, struct fault *fault)
{
	uint64_t boot_ns = clock_boot_ns(), lasts_ns;
	char text[PREFIX_TEXT_SIZE];
	struct ban old;
	int result;

	prefix_format(&request->prefix, text);
	if (request->until_wall_ns <= request->now_wall_ns)
		return fault_set(fault, -EINVAL, "cannot ban %s: the ban would have ended already",
				 text);
	lasts_ns = (uint64_t)request->until_wall_ns - (uint64_t)request->now_wall_ns;
	*planned = (struct planned){
		.ban = { .expires_ns = boot_ns + lasts_ns,
			 .since_ns = boot_ns,
			 .rule = request->rule },
		.row = { .prefix = request->prefix,
			 .since_wall_ns = request->now_wall_ns,
			 .until_wall_ns = request->until_wall_ns,
			 .rule = request->rule,
			 .reason = request->reason },
	};
	result = gate_ban_get(instance->gate, &request->prefix, &old, fault);
	if (result && result != -ENOENT)
		return result;
	if (!result && old.expires_ns > boot_ns)
		join(instance, request, &old, boot_ns, planned);
	return 0;
}

/* A full map may be full of bans that have ended. */
static int put_in_kernel(struct gate *gate, const struct prefix *prefix, const struct ban *ban,
			 struct fault *fault)
{
	int result = gate_ban_put(gate, prefix, ban, fault);
	size_t removed = 0;

	if (result == -ENOSPC && !gate_ban_sweep(gate, clock_boot_ns(), &removed, NULL) && removed)
		result = gate_ban_put(gate, prefix, ban, fault);
	return result;
}

static void put_in_store(struct instance *instance, const struct ban_request *request,
			 const struct store_ban *row, struct fault *fault)
{
	struct fault own = instance->store_fault;
	char text[PREFIX_TEXT_SIZE];
	int result = own.error ? own.error : -ENOENT;

	if (instance->store)
		result = instance_clock(instance, NULL, &own);
	if (!result)
		result = store_ban_put(instance->store, row, request->evidence,
				       request->evidence_count, &own);
	if (request->stored)
		*request->stored = !result;
	if (!result)
		return;
	prefix_format(&request->prefix, text);
	fault_set(fault, result, "%s is banned, but the store does not know it: %s", text,
		  own.text);
}

static void cut_sockets(struct instance *instance, const struct prefix *prefix, size_t *closed,
			struct fault *fault)
{
	const struct config *config = instance->config;
	uint16_t ports[(SERVICE_MAX - 1) * 64];
	char text[PREFIX_TEXT_SIZE];
	struct fault own = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < config->service_count; i++)
		for (size_t j = 0; j < config->services[i].port_count; j++)
			ports[count++] = config->services[i].ports[j];
	if (!count || !sockets_destroy(prefix, ports, count, closed, &own))
		return;
	prefix_format(prefix, text);
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
	char text[PREFIX_TEXT_SIZE];
	struct planned planned;
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
	if (!instance->gate)
		return fault_set(fault,
				 instance->gate_fault.error ? instance->gate_fault.error : -ENOENT,
				 "cannot ban %s: %s", text, instance->gate_fault.text);
	result = plan(instance, request, &planned, fault);
	if (result)
		return result;
	result = put_in_kernel(instance->gate, &request->prefix, &planned.ban, fault);
	if (result)
		return result;
	if (fault)
		*fault = (struct fault){ 0 };
	if (!request->kernel_only)
		put_in_store(instance, request, &planned.row, fault);
	if (bans_enforced(instance))
		cut_sockets(instance, &request->prefix, &closed, fault);
	if (sockets_closed)
		*sockets_closed = closed;
	return 0;
}

/* The store first: killed in between, the ban goes on in both after the next start, and what the
 * kernel has is always the more. */
int bans_remove(struct instance *instance, const struct prefix *prefix, struct fault *fault)
{
	int kernel = -ENOENT, stored = -ENOENT;
	struct fault of_store = { 0 }, of_kernel = { 0 };
	char text[PREFIX_TEXT_SIZE];

	prefix_format(prefix, text);
	if (instance->store)
		stored = store_ban_remove(instance->store, prefix, &of_store);
	if (instance->gate)
		kernel = gate_ban_remove(instance->gate, prefix, &of_kernel);
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
