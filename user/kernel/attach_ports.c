// SPDX-License-Identifier: GPL-2.0-or-later
/* See attach_ports.h. */
#include "kernel/attach_ports.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/attach_internal.h"
#include "kernel/gate_internal.h"
#include "kernel/tc.h"

bool attach_has_port_program(const char *pins, const struct own *own, unsigned ifindex)
{
	const struct tc_side side = { .pins = pins, .ifindex = ifindex, .port = true };
	struct tc_state state;

	tc_look(&side, own, &state);
	return state.there;
}

static bool is_guarded(const struct attachment *guarded, size_t count, unsigned ifindex)
{
	for (size_t i = 0; i < count; i++)
		if (guarded[i].ifindex == ifindex)
			return true;
	return false;
}

static void place(struct gate *gate, const struct own *own, const struct device *device)
{
	const struct tc_side side = { gate->pins, device->ifindex, .port = true };
	struct fault refused = { 0 };
	struct tc_state state;

	if (tc_place(&side, gate_program_fd(gate, PROGRAM_OUTFLOW_PORT), own, &state, &refused)) {
		fault_set(&gate->ports_fault, refused.error,
			  "%s: its guest is not told apart from those of other ports: %s",
			  device->name, refused.text);
		return;
	}
	gate->ports[gate->port_count++] = device->ifindex;
	if (*state.behind)
		fault_set(&gate->ports_fault, 0,
			  "%s: its guest may not be told apart from those of other ports: %s is "
			  "in front, and decides first",
			  device->name, state.behind);
}

void attach_ports(struct gate *gate, const struct config_outflow *outflow,
		  const struct device *devices, size_t count, const struct attachment *guarded,
		  size_t guarded_count)
{
	bool wanted = outflow->port_count &&
		      (outflow->limits.source_interval_ns || outflow->limits.network_interval_ns);
	unsigned *ports = realloc(gate->ports, (count + 1) * sizeof(*ports));
	struct own own;

	gate->port_count = 0;
	gate->ports_fault = (struct fault){ 0 };
	if (!ports) {
		fault_set(&gate->ports_fault, -ENOMEM, "out of memory");
		return;
	}
	gate->ports = ports;
	own_load(gate->pins, &own);
	for (size_t i = 0; i < count; i++) {
		const struct tc_side side = { gate->pins, devices[i].ifindex, .port = true };

		if (wanted && devices[i].bridged &&
		    !is_guarded(guarded, guarded_count, devices[i].ifindex))
			place(gate, &own, &devices[i]);
		else if (attach_has_port_program(gate->pins, &own, devices[i].ifindex))
			tc_remove(&side, &own, false);
	}
}

const char *attach_ports_why(const struct gate *gate)
{
	return gate->ports_fault.text;
}

bool attach_ports_are_there(struct gate *gate)
{
	char name[IF_NAMESIZE];
	struct own own;

	own_load(gate->pins, &own);
	for (size_t i = 0; i < gate->port_count; i++)
		if (if_indextoname(gate->ports[i], name) &&
		    !attach_has_port_program(gate->pins, &own, gate->ports[i]))
			return false;
	return true;
}
