// SPDX-License-Identifier: GPL-2.0-or-later
/* Sums up the gate's per-CPU counters. */
#include "kernel/gate.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "kernel/gate_internal.h"

/* Adds up `words` u64 of each of `entries` elements over the CPUs into `sums`. */
static int sum_map(struct gate *gate, enum gate_map map, uint32_t entries, size_t words,
		   uint64_t *sums, struct fault *fault)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *values = NULL;
	_cleanup_free_ uint32_t *keys = NULL;
	__u32 count = entries, next = 0;

	if (cpus < 1)
		return fault_set(fault, cpus, "cannot count the CPUs: %s", strerror(-cpus));
	values = calloc((size_t)entries * (size_t)cpus, words * sizeof(*values));
	keys = calloc(entries, sizeof(*keys));
	if (!values || !keys)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (bpf_map_lookup_batch(gate->maps[map], NULL, &next, keys, values, &count, &options) &&
	    errno != ENOENT)
		return fault_set(fault, -errno, "cannot read the map %s: %s", gate_map_name(map),
				 strerror(errno));
	for (uint32_t i = 0; i < count; i++)
		for (size_t cpu = 0; cpu < (size_t)cpus; cpu++)
			for (size_t word = 0; word < words; word++)
				sums[keys[i] * words + word] +=
					values[((size_t)i * (size_t)cpus + cpu) * words + word];
	return 0;
}

static int read_open(struct gate *gate, struct gate_counts *counts, struct fault *fault)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	__u32 count = SERVICE_MAX * COUNTRY_COUNT, next = 0;
	_cleanup_free_ struct meter *meters = calloc(count, sizeof(*meters));
	_cleanup_free_ uint32_t *keys = calloc(count, sizeof(*keys));

	if (!meters || !keys)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (bpf_map_lookup_batch(gate->maps[MAP_COUNTRY_METERS], NULL, &next, keys, meters, &count,
				 &options) &&
	    errno != ENOENT)
		return fault_set(fault, -errno, "cannot read the map %s: %s",
				 gate_map_name(MAP_COUNTRY_METERS), strerror(errno));
	for (uint32_t i = 0; i < count; i++)
		if (keys[i] < SERVICE_MAX * COUNTRY_COUNT)
			counts->open[keys[i] / COUNTRY_COUNT][keys[i] % COUNTRY_COUNT] =
				meters[i].open;
	return 0;
}

int gate_counts_read(struct gate *gate, struct gate_counts *counts, struct fault *fault)
{
	int err;

	memset(counts, 0, sizeof(*counts));
	err = sum_map(gate, MAP_COUNTRY_COUNTS, SERVICE_MAX * COUNTRY_COUNT,
		      sizeof(struct country_counts) / sizeof(uint64_t),
		      (uint64_t *)counts->countries, fault);
	if (!err)
		err = sum_map(gate, MAP_REASON_COUNTS, SERVICE_MAX * REASON_COUNT * 2,
			      sizeof(struct reason_counts) / sizeof(uint64_t),
			      (uint64_t *)counts->reasons, fault);
	if (!err)
		err = sum_map(gate, MAP_LIST_COUNTS, LIST_MAX,
			      sizeof(struct list_counts) / sizeof(uint64_t),
			      (uint64_t *)counts->lists, fault);
	if (!err)
		err = sum_map(gate, MAP_SYN_COOKIES, 1, sizeof(counts->cookies) / sizeof(uint64_t),
			      (uint64_t *)&counts->cookies, fault);
	return err ? err : read_open(gate, counts, fault);
}

int gate_seen(struct gate *gate, uint64_t packets[SEEN_SLOTS], struct fault *fault)
{
	memset(packets, 0, SEEN_SLOTS * sizeof(*packets));
	return sum_map(gate, MAP_SEEN, SEEN_SLOTS, 1, packets, fault);
}

int gate_counted_since(struct gate *gate, int64_t *wall_ns, struct fault *fault)
{
	char path[PATH_MAX];
	struct stat status;
	int err = gate_pin_path(gate->pins, gate_map_name(MAP_COUNTRY_COUNTS), path, fault);

	if (err)
		return err;
	/* A pin is made together with its map, and nothing changes its times later. */
	if (stat(path, &status))
		return fault_set(fault, -errno, "cannot look at %s: %s", path, strerror(errno));
	*wall_ns = status.st_mtim.tv_sec * (int64_t)1000000000 + status.st_mtim.tv_nsec;
	return 0;
}
