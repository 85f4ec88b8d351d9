// SPDX-License-Identifier: GPL-2.0-or-later
/* Which service has which id: the map "service_names", and what is counted by ids. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/gate_internal.h"

int gate_service_names(struct gate *gate, struct service_names *names, struct fault *fault)
{
	__u32 zero = 0;

	if (bpf_map_lookup_elem(gate->maps[MAP_SERVICE_NAMES], &zero, names))
		return fault_set(fault, -errno, "cannot read the services' names: %s",
				 strerror(errno));
	for (unsigned id = 0; id < SERVICE_MAX; id++)
		names->of[id][SERVICE_NAME_SIZE - 1] = '\0';
	return 0;
}

/* Counts the open connections of each id. */
static int open_by_service(struct gate *gate, uint64_t open[SERVICE_MAX], struct fault *fault)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	__u32 count = SERVICE_MAX * COUNTRY_COUNT, next = 0;
	_cleanup_free_ struct meter *meters = calloc(count, sizeof(*meters));
	_cleanup_free_ uint32_t *keys = calloc(count, sizeof(*keys));

	memset(open, 0, SERVICE_MAX * sizeof(*open));
	if (!meters || !keys)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (bpf_map_lookup_batch(gate->maps[MAP_COUNTRY_METERS], NULL, &next, keys, meters, &count,
				 &options) &&
	    errno != ENOENT)
		return fault_set(fault, -errno, "cannot read the open connections: %s",
				 strerror(errno));
	for (__u32 i = 0; i < count; i++)
		open[keys[i] / COUNTRY_COUNT % SERVICE_MAX] += meters[i].open;
	return 0;
}

int gate_services_busy(struct gate *gate, uint32_t *ids, struct fault *fault)
{
	uint64_t open[SERVICE_MAX];
	int err = open_by_service(gate, open, fault);

	*ids = 0;
	for (unsigned id = 0; id < SERVICE_MAX && !err; id++)
		if (open[id])
			*ids |= 1U << id;
	return err;
}

int gate_connection_usage(struct gate *gate, struct gate_usage *usage, struct fault *fault)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	uint64_t open[SERVICE_MAX];
	int err = open_by_service(gate, open, fault);

	if (!err && bpf_obj_get_info_by_fd(gate->maps[MAP_CONNECTIONS], &info, &size))
		err = fault_set(fault, -errno, "cannot ask about the connections: %s",
				strerror(errno));
	*usage = (struct gate_usage){ .size = info.max_entries,
				      .overflows = gate->usage->connection_overflows };
	for (unsigned id = 0; id < SERVICE_MAX && !err; id++)
		usage->used += open[id];
	return err;
}

/* Sets `count` elements of a per-CPU array to zero, beginning with `first`. */
static int clear(int map, size_t value_size, __u32 first, __u32 count)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ char *zeroes = cpus > 0 ? calloc((size_t)cpus, value_size) : NULL;

	if (!zeroes)
		return -ENOMEM;
	for (__u32 key = first; key < first + count; key++)
		if (bpf_map_update_elem(map, &key, zeroes, BPF_ANY))
			return -errno;
	return 0;
}

static int forget_counts(struct gate *gate, unsigned id)
{
	int err = clear(gate->maps[MAP_COUNTRY_COUNTS], sizeof(struct country_counts),
			id * COUNTRY_COUNT, COUNTRY_COUNT);

	return err ? err
		   : clear(gate->maps[MAP_REASON_COUNTS], sizeof(struct reason_counts),
			   id * REASON_COUNT * 2, REASON_COUNT * 2);
}

int gate_service_name(struct gate *gate, unsigned id, const char *name, struct fault *fault)
{
	struct service_names names;
	__u32 zero = 0;
	int err = gate_service_names(gate, &names, fault);

	if (err || !strcmp(names.of[id % SERVICE_MAX], name))
		return err;
	if (*names.of[id % SERVICE_MAX])
		err = forget_counts(gate, id % SERVICE_MAX);
	if (err)
		return fault_set(fault, err, "cannot begin the counts of the service '%s': %s",
				 name, strerror(-err));
	snprintf(names.of[id % SERVICE_MAX], SERVICE_NAME_SIZE, "%s", name);
	if (bpf_map_update_elem(gate->maps[MAP_SERVICE_NAMES], &zero, &names, BPF_ANY))
		return fault_set(fault, -errno, "cannot note the service '%s': %s", name,
				 strerror(errno));
	return 0;
}
