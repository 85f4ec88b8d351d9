// SPDX-License-Identifier: GPL-2.0-or-later
/* Puts the gate into the kernel: new maps and programs, or those that an earlier start pinned.
 * Attaches nothing (attach.c). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "gate.skel.h"
#include "kernel/migrate.h"
#include "kernel/gate_internal.h"
#include "kernel/pins.h"
#include "kernel/programs.h"
#include "kernel/bloom_fill.h"
#include "kernel/verify.h"

#define KERNEL_FLOOR_MAJOR 5
#define KERNEL_FLOOR_MINOR 15

static void cleanup_gate(struct gate **gate)
{
	gate_close(*gate);
}

static void cleanup_skeleton(struct gate_bpf **skeleton)
{
	gate_bpf__destroy(*skeleton);
}

/* Silences libbpf's log. With -v it is shown: its account of a failed load is what the user
 * needs. */
static int print_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

static int print_warnings(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, arguments);
}

/* Whether the kernel has what the programs need, and what kernels before 5.15 may lack. */
static bool has_features(void)
{
	return libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SYSCALL, NULL) == 1 &&
	       libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1 &&
	       libbpf_probe_bpf_helper(BPF_PROG_TYPE_SOCK_OPS, BPF_FUNC_skc_to_tcp_sock, NULL) == 1;
}

/* Checks what can be known before loading: each fault has its own remedy. */
static int check_machine(struct fault *fault)
{
	struct utsname name;
	int major = 0, minor = 0;

	if (geteuid())
		return fault_set(
			fault, -EPERM,
			"loading the gate needs root (CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON)");
	uname(&name);
	/* Distributions backport features to kernels with older numbers (RHEL 9: 5.14). */
	if (sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
	    (major < KERNEL_FLOOR_MAJOR ||
	     (major == KERNEL_FLOOR_MAJOR && minor < KERNEL_FLOOR_MINOR)) &&
	    !has_features())
		return fault_set(fault, -ENOSYS,
				 "kernel %s is too old: it lacks what %d.%d brought (Debian 12 has "
				 "6.1)",
				 name.release, KERNEL_FLOOR_MAJOR, KERNEL_FLOOR_MINOR);
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return fault_set(fault, -ENOTSUP,
				 "this kernel has no BTF (/sys/kernel/btf/vmlinux: %s); it must be "
				 "built with CONFIG_DEBUG_INFO_BTF=y, as Debian's kernels are",
				 strerror(errno));
	return 0;
}

static struct bpf_map *skeleton_map(const struct gate_bpf *skeleton, enum gate_map map)
{
	return bpf_object__find_map_by_name(skeleton->obj, gate_map_name(map));
}

static int reuse_maps(const struct gate *gate, struct gate_bpf *skeleton, struct fault *fault)
{
	char path[PATH_MAX];

	for (int i = 0; i < MAP_COUNT; i++) {
		struct bpf_map *map = skeleton_map(skeleton, i);
		_cleanup_close_ int fd = -1;
		uint32_t max_entries;
		int err = gate_pin_path(gate->pins, gate_map_name(i), path, fault);

		if (err)
			return err;
		fd = bpf_obj_get(path);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return gate_pins_fault(gate->pins, -errno, fault);
		err = gate_check_map(fd, map, path, &max_entries, fault);
		if (err)
			return err;
		if (bpf_map__reuse_fd(map, fd))
			return fault_set(fault, -errno, "cannot take over the map %s: %s", path,
					 strerror(errno));
	}
	return 0;
}

static int own_fd(int fd, int *own, struct fault *fault)
{
	cleanup_close(own);
	*own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *own < 0 ? fault_set(fault, -errno, "cannot keep a map or program open: %s",
				    strerror(errno))
			: 0;
}

/* The skeleton's maps become the gate's. */
static int take_over(struct gate *gate, const struct gate_bpf *skeleton, struct fault *fault)
{
	int err = 0;

	for (int i = 0; i < MAP_COUNT && !err; i++)
		err = own_fd(bpf_map__fd(skeleton_map(skeleton, i)), &gate->maps[i], fault);
	if (err)
		return err;
	gate->ban_size = bpf_map__max_entries(skeleton->maps.bans);
	gate->source_size = bpf_map__max_entries(skeleton->maps.sources);
	gate->network_size = bpf_map__max_entries(skeleton->maps.networks);
	return 0;
}

static int pin_maps(const struct gate *gate, struct fault *fault)
{
	char path[PATH_MAX];

	for (int i = 0; i < MAP_COUNT; i++) {
		int err = gate_pin_path(gate->pins, gate_map_name(i), path, fault);

		if (err)
			return err;
		if (bpf_obj_pin(gate->maps[i], path) && errno != EEXIST)
			return fault_set(fault, -errno, "cannot pin %s: %s", path, strerror(errno));
	}
	return 0;
}

static int make_maps(struct gate *gate, const struct gate_load_options *options,
		     struct fault *fault)
{
	_cleanup_(cleanup_skeleton) struct gate_bpf *skeleton = gate_bpf__open();
	struct bpf_program *program;
	int err;

	if (!skeleton)
		return fault_set(fault, -errno, "cannot read the programs in this binary: %s",
				 strerror(errno));
	if (options->ban_size)
		bpf_map__set_max_entries(skeleton->maps.bans, options->ban_size);
	bpf_map__set_max_entries(skeleton->maps.ban_bloom,
				 bloom_words(bpf_map__max_entries(skeleton->maps.bans), true));
	if (options->source_size)
		bpf_map__set_max_entries(skeleton->maps.sources, options->source_size);
	if (options->network_size)
		bpf_map__set_max_entries(skeleton->maps.networks, options->network_size);
	bpf_map__set_max_entries(skeleton->maps.network_bloom,
				 bloom_words(bpf_map__max_entries(skeleton->maps.networks), false));
	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(program, false);
	err = reuse_maps(gate, skeleton, fault);
	if (!err)
		err = migrate_whole(gate, skeleton, fault);
	if (err)
		return err;
	err = gate_bpf__load(skeleton);
	if (err)
		return verify_fault(err, fault);
	err = take_over(gate, skeleton, fault);
	return err ? err : pin_maps(gate, fault);
}

static bool maps_are_pinned(const struct gate *gate)
{
	char path[PATH_MAX];

	return !gate_pin_path(gate->pins, gate_map_name(MAP_CONTROL), path, NULL) &&
	       !access(path, F_OK);
}

/* Loads maps and programs. The kernel takes a good part of a second to verify the programs. A start
 * finds those of the last start pinned, and uses them if they are of the same build. */
static int load(struct gate *gate, const struct gate_load_options *options, struct fault *fault)
{
	int err = gate_open_maps(gate, fault);

	if (!err && !gate_open_programs(gate, NULL))
		return 0;
	if (err && err != -ENOENT && err != -EPROTO)
		return err;
	libbpf_set_print(options->verbose ? print_warnings : print_nothing);
	gate->made = !maps_are_pinned(gate);
	err = make_maps(gate, options, fault);
	return err ? err : verify_begin(gate, fault);
}

bool gate_is_of_older_contract(const char *pins)
{
	char path[PATH_MAX];

	return pins_older_version(pins) && !gate_pin_path(pins, "", path, NULL) &&
	       access(path, F_OK);
}

static enum gate_start start_of(const struct gate *gate)
{
	if (gate->control->contract_version == CONTRACT_VERSION)
		return GATE_KEPT;
	if (gate->control->contract_version == (CONTRACT_VERSION | CONTROL_FILLED))
		return GATE_FILLED;
	return gate->older && migrate_is_due(gate) ? GATE_MIGRATED : GATE_FRESH;
}

int gate_load_begin(const struct gate_load_options *options, struct gate **result,
		    enum gate_start *start, struct fault *fault)
{
	_cleanup_(cleanup_gate) struct gate *gate = NULL;
	int err = check_machine(fault);

	if (err)
		return err;
	if (pins_newer_version(options->pins))
		return gate_pins_fault(options->pins, -ENOENT, fault);
	gate = gate_new(options->pins);
	if (!gate)
		return fault_set(fault, -ENOMEM, "out of memory");
	gate->older = pins_older_version(options->pins);
	err = pins_make(options->pins, fault);
	if (!err)
		err = load(gate, options, fault);
	if (!err)
		err = gate_map_elements(gate, fault);
	if (!err)
		err = bans_rebuild(gate, fault);
	if (!err)
		err = networks_rebuild(gate, fault);
	if (err)
		return err;
	*start = start_of(gate);
	*result = TAKE_PTR(gate);
	return 0;
}

/* Removes maps that no program will use. */
static void unmake_maps(const struct gate *gate)
{
	char path[PATH_MAX];

	if (gate->made && !gate_pin_path(gate->pins, "", path, NULL))
		pins_remove_folder(path, NULL);
}

int gate_load_end(struct gate *gate, struct fault *fault)
{
	bool loaded = gate->verification;
	int err = verify_end(gate, fault);

	if (err) {
		unmake_maps(gate);
		return err;
	}
	if (loaded)
		err = gate_pin_programs(gate, fault);
	return err ? err : migrate_links(gate, fault);
}

int gate_load(const struct gate_load_options *options, struct gate **result, enum gate_start *start,
	      struct fault *fault)
{
	_cleanup_(cleanup_gate) struct gate *gate = NULL;
	int err = gate_load_begin(options, &gate, start, fault);

	if (gate)
		err = gate_load_end(gate, fault);
	if (!err)
		*result = TAKE_PTR(gate);
	return err;
}
