// SPDX-License-Identifier: GPL-2.0-or-later
/* Loading, opening and unloading the gate. Not here: what is in the maps, and devices. */
#include "kernel/gate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "gate.skel.h"
#include "kernel/attach.h"
#include "kernel/handle.h"
#include "kernel/pins.h"

#define KERNEL_FLOOR_MAJOR 5
#define KERNEL_FLOOR_MINOR 15

static const char *const map_names[] = {
	[MAP_CONTROL] = "control",
	[MAP_BANS] = "bans",
	[MAP_POLICY] = "policy",
	[MAP_TABLE] = "table",
	[MAP_COUNTRY_COUNTS] = "country_counts",
	[MAP_REASON_COUNTS] = "reason_counts",
	[MAP_LIST_COUNTS] = "list_counts",
	[MAP_SOURCES] = "sources",
	[MAP_NETWORKS] = "networks",
	[MAP_COUNTRY_METERS] = "country_meters",
	[MAP_COUNTED] = "counted",
	[MAP_OPENED] = "opened",
	[MAP_ADOPTED] = "adopted",
	[MAP_USAGE] = "usage",
	[MAP_OVER_LIMIT] = "over_limit",
	[MAP_OUTFLOW_RULES] = "outflow_rules",
	[MAP_OUTFLOW_CONTROL] = "outflow_control",
	[MAP_OUTFLOW_BREAKERS] = "outflow_breakers",
	[MAP_OUTFLOW_COUNTS] = "outflow_counts",
	[MAP_OUTFLOW_RECENT] = "outflow_recent",
	[MAP_OUTFLOW_SOCKETS] = "outflow_sockets",
	[MAP_OUTFLOW_FLOWS] = "outflow_flows",
	[MAP_OUTFLOW_REPORTED] = "outflow_reported",
};
_Static_assert(sizeof(map_names) / sizeof(*map_names) == MAP_COUNT, "every map has its name");

const char *gate_map_name(enum gate_map map)
{
	return map_names[map];
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

/* libbpf's log: silent unless -v, when its account of a failing load is what the user needs. */
static int print_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

static int print_warnings(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, arguments);
}

static struct gate *gate_new(const char *pins)
{
	struct gate *gate = calloc(1, sizeof(*gate));

	if (!gate)
		return NULL;
	for (int i = 0; i < MAP_COUNT; i++)
		gate->maps[i] = -1;
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
	if (gate->control)
		munmap(gate->control, (size_t)sysconf(_SC_PAGESIZE));
	if (gate->usage)
		munmap(gate->usage, (size_t)sysconf(_SC_PAGESIZE));
	if (gate->skeleton)
		gate_bpf__destroy(gate->skeleton);
	else
		for (int i = 0; i < MAP_COUNT; i++)
			cleanup_close(&gate->maps[i]);
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
				 map_names[map], strerror(errno));
	}
	return 0;
}

static int map_elements(struct gate *gate, struct fault *fault)
{
	void *control, *usage;
	int err = map_element(gate, MAP_CONTROL, &control, fault);

	gate->control = control;
	if (!err)
		err = map_element(gate, MAP_USAGE, &usage, fault);
	if (!err)
		gate->usage = usage;
	return err;
}

static int fault_pins(struct fault *fault, int error, const char *pins)
{
	unsigned other = pins_other_version(pins);

	if (error == -ENOENT && other)
		return fault_set(
			fault, -EPROTO,
			"%s holds a gate of contract version %u, this program speaks "
			"version %d; use the program that loaded it, or `sekisho unload` and "
			"`sekisho load` with this one (bans and lists come back from the "
			"store)",
			pins, other, CONTRACT_VERSION);
	if (error == -ENOENT)
		return fault_set(fault, error,
				 "no gate is loaded at %s; `sekisho load` or `sekisho run` does it",
				 pins);
	if (error == -EPERM || error == -EACCES)
		return fault_set(fault, -EPERM, "the gate's maps at %s need root (CAP_BPF)", pins);
	return fault_set(fault, error, "cannot open the gate's maps at %s: %s", pins,
			 strerror(-error));
}

/* A map of another shape under our name: some other program wrote here. */
static int check_shape(int fd, const struct bpf_map *expected, const char *path,
		       uint32_t *max_entries, struct fault *fault)
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

static struct bpf_map *skeleton_map(const struct gate_bpf *skeleton, enum gate_map map)
{
	return bpf_object__find_map_by_name(skeleton->obj, map_names[map]);
}

int gate_open(const char *pins, struct gate **result, struct fault *fault)
{
	_cleanup_(cleanup_gate) struct gate *gate = gate_new(pins);
	struct gate_bpf *expected;
	char path[PATH_MAX];
	int err = 0;

	libbpf_set_print(print_nothing);
	expected = gate_bpf__open();
	if (!gate || !expected)
		err = fault_set(fault, -ENOMEM, "out of memory");
	for (int i = 0; i < MAP_COUNT && !err; i++) {
		uint32_t max_entries;

		err = gate_pin_path(pins, map_names[i], path, fault);
		if (err)
			break;
		gate->maps[i] = bpf_obj_get(path);
		if (gate->maps[i] < 0)
			err = fault_pins(fault, -errno, pins);
		else
			err = check_shape(gate->maps[i], skeleton_map(expected, i), path,
					  &max_entries, fault);
		if (err)
			break;
		if (i == MAP_BANS)
			gate->ban_size = max_entries;
		if (i == MAP_SOURCES)
			gate->source_size = max_entries;
		if (i == MAP_NETWORKS)
			gate->network_size = max_entries;
	}
	gate_bpf__destroy(expected);
	if (!err)
		err = map_elements(gate, fault);
	if (!err)
		*result = TAKE_PTR(gate);
	return err;
}

/* What is known before trying: each has its own remedy. */
static int check_machine(struct fault *fault)
{
	struct utsname name;
	int major = 0, minor = 0;

	if (geteuid())
		return fault_set(
			fault, -EPERM,
			"loading the gate needs root (CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON)");
	uname(&name);
	if (sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
	    (major < KERNEL_FLOOR_MAJOR ||
	     (major == KERNEL_FLOOR_MAJOR && minor < KERNEL_FLOOR_MINOR)))
		return fault_set(fault, -ENOSYS,
				 "kernel %s is too old: the gate needs %d.%d or newer (Debian 12 "
				 "has 6.1)",
				 name.release, KERNEL_FLOOR_MAJOR, KERNEL_FLOOR_MINOR);
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return fault_set(fault, -ENOTSUP,
				 "this kernel has no BTF (/sys/kernel/btf/vmlinux: %s); it must be "
				 "built with CONFIG_DEBUG_INFO_BTF=y, as Debian's kernels are",
				 strerror(errno));
	return 0;
}

static int reuse_maps(struct gate *gate, struct fault *fault)
{
	char path[PATH_MAX];

	for (int i = 0; i < MAP_COUNT; i++) {
		struct bpf_map *map = skeleton_map(gate->skeleton, i);
		_cleanup_close_ int fd = -1;
		uint32_t max_entries;
		int err = gate_pin_path(gate->pins, map_names[i], path, fault);

		if (err)
			return err;
		fd = bpf_obj_get(path);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return fault_pins(fault, -errno, gate->pins);
		err = check_shape(fd, map, path, &max_entries, fault);
		if (err)
			return err;
		if (bpf_map__reuse_fd(map, fd))
			return fault_set(fault, -EIO, "cannot take over the map %s", path);
	}
	return 0;
}

static int pin_maps(struct gate *gate, struct fault *fault)
{
	char path[PATH_MAX];

	for (int i = 0; i < MAP_COUNT; i++) {
		int err = gate_pin_path(gate->pins, map_names[i], path, fault);

		if (err)
			return err;
		gate->maps[i] = bpf_map__fd(skeleton_map(gate->skeleton, i));
		if (bpf_obj_pin(gate->maps[i], path) && errno != EEXIST)
			return fault_set(fault, -errno, "cannot pin %s: %s", path, strerror(errno));
	}
	return 0;
}

/* Multi-buffer XDP, for jumbo frames, where the kernel has it (5.18). */
static void want_frags(struct gate_bpf *skeleton)
{
	struct bpf_program *program = skeleton->progs.gate_xdp;

	if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_get_buff_len, NULL) != 1)
		return;
	skeleton->rodata->xdp_frags = 1;
	bpf_program__set_flags(program, bpf_program__flags(program) | BPF_F_XDP_HAS_FRAGS);
}

static int load_programs(struct gate *gate, const struct gate_load_options *options,
			 struct fault *fault)
{
	struct stat namespace;
	int err;

	libbpf_set_print(options->verbose ? print_warnings : print_nothing);
	gate->skeleton = gate_bpf__open();
	if (!gate->skeleton)
		return fault_set(fault, -errno, "cannot read the programs in this binary: %s",
				 strerror(errno));
	if (options->ban_size)
		bpf_map__set_max_entries(gate->skeleton->maps.bans, options->ban_size);
	if (options->source_size)
		bpf_map__set_max_entries(gate->skeleton->maps.sources, options->source_size);
	if (options->network_size)
		bpf_map__set_max_entries(gate->skeleton->maps.networks, options->network_size);
	want_frags(gate->skeleton);
	if (!stat("/proc/self/ns/net", &namespace))
		gate->skeleton->rodata->outflow_namespace = (__u32) namespace.st_ino;
	err = reuse_maps(gate, fault);
	if (err)
		return err;
	err = gate_bpf__load(gate->skeleton);
	if (!err)
		return 0;
	if (err == -EPERM || err == -EACCES)
		return fault_set(
			fault, err,
			"the kernel refused to load the gate: %s; root in a container "
			"without CAP_BPF, or a lockdown? `sekisho -v` shows its own account",
			strerror(-err));
	if (err == -ENOMEM)
		return fault_set(fault, err,
				 "no memory for the gate's maps; lower [gate] bans, or raise the "
				 "service's MemoryMax=");
	return fault_set(fault, err,
			 "the kernel did not load the gate: %s; `sekisho -v load` shows the "
			 "verifier's log",
			 strerror(-err));
}

int gate_load(const struct gate_load_options *options, struct gate **result, bool *fresh,
	      struct fault *fault)
{
	_cleanup_(cleanup_gate) struct gate *gate = NULL;
	unsigned other;
	int err = check_machine(fault);

	if (err)
		return err;
	other = pins_other_version(options->pins);
	if (other)
		return fault_pins(fault, -ENOENT, options->pins);
	gate = gate_new(options->pins);
	if (!gate)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = pins_make(options->pins, fault);
	if (!err)
		err = load_programs(gate, options, fault);
	if (!err)
		err = pin_maps(gate, fault);
	if (!err)
		err = gate_pin_programs(gate, fault);
	if (!err)
		err = map_elements(gate, fault);
	if (err)
		return err;
	gate->ban_size = bpf_map__max_entries(gate->skeleton->maps.bans);
	gate->source_size = bpf_map__max_entries(gate->skeleton->maps.sources);
	gate->network_size = bpf_map__max_entries(gate->skeleton->maps.networks);
	*fresh = gate->control->contract_version != CONTRACT_VERSION;
	*result = TAKE_PTR(gate);
	return 0;
}

void gate_mark_ready(struct gate *gate)
{
	__atomic_store_n(&gate->control->contract_version, CONTRACT_VERSION, __ATOMIC_RELEASE);
}

int gate_unload(const char *pins, struct fault *fault)
{
	int err;

	libbpf_set_print(print_nothing);
	err = attach_remove_all(pins, fault);
	return err ? err : pins_remove(pins, fault);
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
					 map_names[i], strerror(errno));
		snprintf(maps[i].name, sizeof(maps[i].name), "%s", map_names[i]);
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
