/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The maps of the outflow breaker, as include/outflow_contract.h describes them. Pinned by user
 * space. */
#ifndef SEKISHO_OUTFLOW_MAPS_H
#define SEKISHO_OUTFLOW_MAPS_H

#include "outflow_contract.h"

struct outflow_rules_inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct outflow_rules));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct outflow_rules_inner);
} outflow_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct outflow_control);
} outflow_control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OUTFLOW_BREAKERS);
	__type(key, struct outflow_key);
	__type(value, struct outflow_breaker);
} outflow_breakers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OUTFLOW_COUNTS);
	__type(key, struct outflow_key);
	__type(value, struct outflow_count);
} outflow_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OUTFLOW_RECENT);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct outflow_recent);
} outflow_recent SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct outflow_memory);
} outflow_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct outflow_flow);
	__type(value, struct outflow_memory);
} outflow_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, OUTFLOW_ENTERED);
	__type(key, struct outflow_flow);
	__type(value, __u32);
} outflow_entered SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OUTFLOW_BREAKERS);
	__type(key, struct outflow_key);
	__type(value, __u64);
} outflow_reported SEC(".maps");

#endif
