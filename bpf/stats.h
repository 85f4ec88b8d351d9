/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters of packets that the gate has judged. They are per CPU, so there are no atomics. */
#ifndef SEKISHO_STATS_H
#define SEKISHO_STATS_H

#include "maps.h"

/* Counts a packet of the device, whatever it is: the only count that every packet costs. */
static __always_inline void count_seen(__u32 ifindex)
{
	__u32 slot = ifindex % SEEN_SLOTS;
	__u64 *packets = bpf_map_lookup_elem(&seen, &slot);

	if (packets)
		(*packets)++;
}

/* Counts a SYN, and whether it was dropped or would have been, by service and country. */
static __always_inline void count_attempt(__u32 service, __u32 country, enum reason reason,
					  __u32 mode)
{
	__u32 key = service * COUNTRY_COUNT + country;
	struct country_counts *counts = bpf_map_lookup_elem(&country_counts, &key);

	if (!counts)
		return;
	counts->attempts++;
	if (!reason)
		return;
	if (mode == GATE_ENFORCE)
		counts->dropped++;
	else
		counts->would_drop++;
}

/* Counts a packet that was dropped, or would have been, by service and reason. `syn`: 1 for
 * a SYN. */
static __always_inline void count_reason(__u32 service, enum reason reason, __u32 mode, __u32 syn)
{
	__u32 key = (service * REASON_COUNT + reason) * 2 + (mode == GATE_ENFORCE);
	struct reason_counts *counts = bpf_map_lookup_elem(&reason_counts, &key);

	if (!counts)
		return;
	counts->packets++;
	counts->attempts += syn;
}

/* Counts a packet about which the list decided. */
static __always_inline void count_list(__u32 list, __u32 syn)
{
	struct list_counts *counts = bpf_map_lookup_elem(&list_counts, &list);

	if (!counts)
		return;
	counts->packets++;
	counts->attempts += syn;
}

#endif
