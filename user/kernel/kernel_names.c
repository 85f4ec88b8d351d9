// SPDX-License-Identifier: GPL-2.0-or-later
/* The names of maps and reasons. Maps have the names of their pins (contract.h). */
#include <stdio.h>

#include "kernel/gate_internal.h"

static const char *const map_names[] = {
	[MAP_CONTROL] = "control",
	[MAP_BANS] = "bans",
	[MAP_BAN_BLOOM] = "ban_bloom",
	[MAP_TICK_CLOCK] = "tick_clock",
	[MAP_PASSING] = "passing",
	[MAP_POLICY] = "policy",
	[MAP_SERVICE_NAMES] = "service_names",
	[MAP_TABLE] = "table",
	[MAP_TABLE_REST] = "table_rest",
	[MAP_COUNTRY_COUNTS] = "country_counts",
	[MAP_REASON_COUNTS] = "reason_counts",
	[MAP_LIST_COUNTS] = "list_counts",
	[MAP_SOURCES] = "sources",
	[MAP_NETWORKS] = "networks",
	[MAP_NETWORK_BLOOM] = "network_bloom",
	[MAP_COUNTRY_METERS] = "country_meters",
	[MAP_COUNTED] = "counted",
	[MAP_CONNECTIONS] = "connections",
	[MAP_GUARDED] = "guarded",
	[MAP_LOCAL] = "local",
	[MAP_SYN_COOKIES] = "syn_cookies",
	[MAP_USAGE] = "usage",
	[MAP_OVER_LIMIT] = "over_limit",
	[MAP_SEEN] = "seen",
	[MAP_WATCHING] = "watching",
	[MAP_WATCHED] = "watched",
	[MAP_OUTFLOW_RULES] = "outflow_rules",
	[MAP_OUTFLOW_CONTROL] = "outflow_control",
	[MAP_OUTFLOW_BREAKERS] = "outflow_breakers",
	[MAP_OUTFLOW_COUNTS] = "outflow_counts",
	[MAP_OUTFLOW_RECENT] = "outflow_recent",
	[MAP_OUTFLOW_SOCKETS] = "outflow_sockets",
	[MAP_OUTFLOW_FLOWS] = "outflow_flows",
	[MAP_OUTFLOW_ENTERED] = "outflow_entered",
	[MAP_OUTFLOW_REPORTED] = "outflow_reported",
};
_Static_assert(sizeof(map_names) / sizeof(*map_names) == MAP_COUNT, "every map has its name");

const char *gate_map_name(enum gate_map map)
{
	return map_names[map];
}

void gate_inner_name(enum gate_map outer, __u32 slot, char name[GATE_INNER_NAME])
{
	if (slot)
		snprintf(name, GATE_INNER_NAME, "%s_inner%u", map_names[outer], slot);
	else
		snprintf(name, GATE_INNER_NAME, "%s_inner", map_names[outer]);
}

const char *reason_name(enum reason reason)
{
	static const char *const names[] = {
		[REASON_NONE] = "pass",
		[REASON_BANNED] = "banned",
		[REASON_LISTED] = "listed",
		[REASON_COUNTRY] = "country",
		[REASON_SOURCE_CONNECTIONS] = "source-connections",
		[REASON_NETWORK_CONNECTIONS] = "network-connections",
		[REASON_SOURCE_RATE] = "source-rate",
		[REASON_NETWORK_RATE] = "network-rate",
		[REASON_COUNTRY_RATE] = "country-rate",
		[REASON_UNREADABLE] = "unreadable",
	};
	_Static_assert(sizeof(names) / sizeof(*names) == REASON_COUNT, "every reason has its name");

	return (unsigned)reason < REASON_COUNT ? names[reason] : "?";
}
