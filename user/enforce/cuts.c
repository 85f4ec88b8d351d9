// SPDX-License-Identifier: GPL-2.0-or-later
/* See cuts.h. */
#include "enforce/cuts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "conf/ban_services.h"
#include "kernel/sockets.h"

int cuts_add(struct instance *instance, const struct prefix *prefix, enum ban_services services)
{
	struct instance_cuts *cuts = &instance->cuts;

	if (cuts->count == cuts->room) {
		size_t room = cuts->room ? cuts->room * 2 : 64;
		struct instance_cut *more = realloc(cuts->items, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		cuts->items = more;
		cuts->room = room;
	}
	cuts->items[cuts->count++] = (struct instance_cut){ *prefix, services };
	return 0;
}

static size_t ports_of(const struct config *config, enum ban_services services, uint16_t *ports)
{
	size_t count = 0;

	for (size_t i = 0; i < config->service_count; i++) {
		if (!(config_service_group(config, i) & services))
			continue;
		for (size_t j = 0; j < config->services[i].port_count; j++)
			ports[count++] = config->services[i].ports[j];
	}
	return count;
}

/* Leaves out prefixes that have no open connection by the meters. With a narrower scope ([gate]
 * cgroup) the meters do not count servers outside it, whose sessions a ban must end as well. */
static void leave_out_idle(struct instance *instance, const struct policy *policy)
{
	struct instance_cuts *cuts = &instance->cuts;
	size_t kept = 0;

	if (instance->config->cgroup)
		return;
	for (size_t i = 0; i < cuts->count; i++)
		if (!policy || !gate_none_open(instance->gate, policy, &cuts->items[i].prefix))
			cuts->items[kept++] = cuts->items[i];
	cuts->count = kept;
}

/* Closes the connections of all prefixes that are banned from exactly these services: they share
 * one listing of the sockets. */
static int cut_from(struct instance *instance, enum ban_services services, struct prefix *prefixes,
		    size_t *closed, struct fault *fault)
{
	const struct instance_cuts *cuts = &instance->cuts;
	uint16_t ports[(SERVICE_MAX - 1) * 64];
	size_t count = 0, port_count = ports_of(instance->config, services, ports), gone = 0;
	int error;

	for (size_t i = 0; i < cuts->count; i++)
		if (cuts->items[i].services == services)
			prefixes[count++] = cuts->items[i].prefix;
	if (!count || !port_count)
		return 0;
	error = sockets_destroy(prefixes, count, ports, port_count, &gone, fault);
	if (closed)
		*closed += gone;
	return error;
}

int cuts_make(struct instance *instance, size_t *closed, struct fault *fault)
{
	_cleanup_free_ struct policy *policy = NULL;
	_cleanup_free_ struct prefix *prefixes = NULL;
	struct instance_cuts *cuts = &instance->cuts;
	enum gate_mode mode = instance->config->mode;
	int error = 0;

	if (closed)
		*closed = 0;
	if (!cuts->count)
		return 0;
	policy = malloc(sizeof(*policy));
	if (policy && (!instance->gate || gate_policy_get(instance->gate, policy, NULL))) {
		free(policy);
		policy = NULL;
	}
	if (policy)
		mode = policy->mode;
	if (mode == GATE_ENFORCE)
		leave_out_idle(instance, policy);
	prefixes = calloc(cuts->count + 1, sizeof(*prefixes));
	if (!prefixes)
		error = fault_set(fault, -ENOMEM, "out of memory");
	for (unsigned services = 1; services <= BAN_ALL && mode == GATE_ENFORCE && !error;
	     services++)
		error = cut_from(instance, services, prefixes, closed, fault);
	cuts->count = 0;
	return error;
}
