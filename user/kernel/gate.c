// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens and unloads the gate. Not here: loading (load.c), the maps' contents, devices. */
#include "kernel/gate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "gate.skel.h"
#include "kernel/attach.h"
#include "kernel/gate_internal.h"
#include "kernel/pins.h"
#include "kernel/bloom_fill.h"
#include "kernel/verify.h"

static int print_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

struct gate *gate_new(const char *pins)
{
	struct gate *gate = calloc(1, sizeof(*gate));

	if (!gate)
		return NULL;
	for (int i = 0; i < MAP_COUNT; i++)
		gate->maps[i] = -1;
	for (int i = 0; i < PROGRAM_COUNT; i++)
		gate->programs[i] = -1;
	gate->pins = strdup(pins);
	if (!gate->pins) {
		free(gate);
		return NULL;
	}
	return gate;
}

void gate_close(struct gate *gate)
{
	if (!gate)
		return;
	verify_end(gate, NULL);
	if (gate->control)
		munmap(gate->control, (size_t)sysconf(_SC_PAGESIZE));
	if (gate->usage)
		munmap(gate->usage, (size_t)sysconf(_SC_PAGESIZE));
	if (gate->watching)
		munmap(gate->watching, (size_t)sysconf(_SC_PAGESIZE));
	bloom_unmap(&gate->ban_bloom);
	bloom_unmap(&gate->network_bloom);
	for (int i = 0; i < MAP_COUNT; i++)
		cleanup_close(&gate->maps[i]);
	for (int i = 0; i < PROGRAM_COUNT; i++)
		cleanup_close(&gate->programs[i]);
	free(gate->ports);
	free(gate->carried);
	free(gate->pins);
	free(gate);
}

static void cleanup_gate(struct gate **gate)
{
	gate_close(*gate);
}

static int map_element(const struct gate *gate, enum gate_map map, void **at, struct fault *fault)
{
	*at = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED,
		   gate->maps[map], 0);
	if (*at == MAP_FAILED) {
		*at = NULL;
		return fault_set(fault, -errno, "cannot map the gate's element %s: %s",
				 gate_map_name(map), strerror(errno));
	}
	return 0;
}

int gate_map_elements(struct gate *gate, struct fault *fault)
{
	void *control, *usage, *watching;
	int err = map_element(gate, MAP_CONTROL, &control, fault);

	gate->control = control;
	if (!err)
		err = map_element(gate, MAP_USAGE, &usage, fault);
	if (!err)
		gate->usage = usage;
	if (!err)
		err = map_element(gate, MAP_WATCHING, &watching, fault);
	if (!err)
		gate->watching = watching;
	if (!err)
		err = bloom_map(gate, MAP_BAN_BLOOM, &gate->ban_bloom, fault);
	return err ? err : bloom_map(gate, MAP_NETWORK_BLOOM, &gate->network_bloom, fault);
}

int gate_pins_fault(const char *pins, int error, struct fault *fault)
{
	unsigned newer = pins_newer_version(pins), older = pins_older_version(pins);

	if (error == -ENOENT && newer)
		return fault_set(
			fault, -EPROTO,
			"%s holds a gate of contract version %u, made by a newer sekisho; this one "
			"speaks version %d. Install the newer one again, or `sekisho unload` and "
			"`sekisho load` with this one: bans and lists come back from the store, "
			"counters begin anew",
			pins, newer, CONTRACT_VERSION);
	if (error == -ENOENT && older)
		return fault_set(
			fault, -EPROTO,
			"%s holds a gate of contract version %u, made by an older sekisho; this "
			"one speaks version %d. `sekisho load`, or a restart of the daemon, takes "
			"its bans, lists and counters over; `sekisho unload` removes it",
			pins, older, CONTRACT_VERSION);
	if (error == -ENOENT)
		return fault_set(fault, error,
				 "no gate is loaded at %s; `sekisho load` or `sekisho run` does it",
				 pins);
	if (error == -EPERM || error == -EACCES)
		return fault_set(fault, -EPERM, "the gate's maps at %s need root (CAP_BPF)", pins);
	return fault_set(fault, error, "cannot open the gate's maps at %s: %s", pins,
			 strerror(-error));
}

int gate_check_map(int fd, const struct bpf_map *expected, const char *path, uint32_t *max_entries,
		   struct fault *fault)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return fault_set(fault, -errno, "cannot ask about the map %s: %s", path,
				 strerror(errno));
	if (info.type != (__u32)bpf_map__type(expected) ||
	    info.key_size != bpf_map__key_size(expected) ||
	    info.value_size != bpf_map__value_size(expected))
		return fault_set(fault, -EPROTO,
				 "the map %s is not of contract version %d, though its folder says "
				 "so; `sekisho unload` and `sekisho load` make it anew",
				 path, CONTRACT_VERSION);
	*max_entries = info.max_entries;
	return 0;
}

int gate_open_maps(struct gate *gate, struct fault *fault)
{
	struct gate_bpf *expected;
	char path[PATH_MAX];
	int err = 0;

	libbpf_set_print(print_nothing);
	expected = gate_bpf__open();
	if (!expected)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (int i = 0; i < MAP_COUNT && !err; i++) {
		uint32_t max_entries = 0;

		err = gate_pin_path(gate->pins, gate_map_name(i), path, fault);
		if (err)
			break;
		gate->maps[i] = bpf_obj_get(path);
		if (gate->maps[i] < 0)
			err = gate_pins_fault(gate->pins, -errno, fault);
		else
			err = gate_check_map(gate->maps[i],
					     bpf_object__find_map_by_name(expected->obj,
									  gate_map_name(i)),
					     path, &max_entries, fault);
		if (i == MAP_BANS)
			gate->ban_size = max_entries;
		if (i == MAP_SOURCES)
			gate->source_size = max_entries;
		if (i == MAP_NETWORKS)
			gate->network_size = max_entries;
	}
	gate_bpf__destroy(expected);
	return err;
}

int gate_open(const char *pins, struct gate **result, struct fault *fault)
{
	_cleanup_(cleanup_gate) struct gate *gate = gate_new(pins);
	int err;

	if (!gate)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = gate_open_maps(gate, fault);
	if (!err)
		err = gate_map_elements(gate, fault);
	if (!err)
		*result = TAKE_PTR(gate);
	return err;
}

uint32_t gate_map_id(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

static uint32_t pinned_id(const char *pins)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];

	if (gate_pin_path(pins, gate_map_name(MAP_CONTROL), path, NULL))
		return 0;
	fd = bpf_obj_get(path);
	return gate_map_id(fd);
}

bool gate_is_pinned(const struct gate *gate)
{
	return pinned_id(gate->pins) == gate_map_id(gate->maps[MAP_CONTROL]);
}

bool gate_has_programs(const struct gate *gate)
{
	return gate->programs[PROGRAM_XDP] >= 0;
}

bool gate_has_pins(const char *pins)
{
	return pinned_id(pins);
}

void gate_mark_filled(struct gate *gate)
{
	__atomic_store_n(&gate->control->contract_version, CONTRACT_VERSION | CONTROL_FILLED,
			 __ATOMIC_RELEASE);
}

void gate_mark_ready(struct gate *gate)
{
	__atomic_store_n(&gate->control->contract_version, CONTRACT_VERSION, __ATOMIC_RELEASE);
}

int gate_unload(const char *pins, struct fault *fault)
{
	size_t removed = 0;
	int err;

	libbpf_set_print(print_nothing);
	err = attach_remove_all(pins, &removed, fault);
	if (err)
		return err;
	err = pins_remove(pins, fault);
	return err == -ENOENT && removed ? 0 : err;
}

int gate_memory(struct gate *gate, struct gate_memory *maps, size_t room, struct fault *fault)
{
	for (int i = 0; i < MAP_COUNT; i++) {
		struct bpf_map_info info = { 0 };
		__u32 size = sizeof(info);
		char path[64], line[128];
		FILE *file;

		if ((size_t)i >= room)
			continue;
		if (bpf_obj_get_info_by_fd(gate->maps[i], &info, &size))
			return fault_set(fault, -errno, "cannot ask about the map %s: %s",
					 gate_map_name(i), strerror(errno));
		snprintf(maps[i].name, sizeof(maps[i].name), "%s", gate_map_name(i));
		maps[i].entries_max = info.max_entries;
		maps[i].bytes = 0;
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", gate->maps[i]);
		file = fopen(path, "re");
		while (file && fgets(line, sizeof(line), file))
			if (sscanf(line, "memlock: %lu", &maps[i].bytes) == 1)
				break;
		if (file)
			fclose(file);
	}
	return MAP_COUNT;
}
