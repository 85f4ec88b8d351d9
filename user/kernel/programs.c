// SPDX-License-Identifier: GPL-2.0-or-later
/* The loaded programs: their fds, ids and pins. Not here: where they are attached (attach.c). */
#include "kernel/programs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "gate.digest.h"
#include "kernel/gate_internal.h"
#include "kernel/pins.h"

static const char *const program_names[] = {
	[PROGRAM_XDP] = "gate_xdp",
	[PROGRAM_TC] = "gate_tc",
	[PROGRAM_COUNTER] = "gate_counter",
	[PROGRAM_ADOPT] = "gate_adopt",
	[PROGRAM_REBUILD] = "gate_settle",
	[PROGRAM_OUTFLOW] = "outflow_tc",
	[PROGRAM_OUTFLOW_PORT] = "outflow_port",
};
_Static_assert(sizeof(program_names) / sizeof(*program_names) == PROGRAM_COUNT,
	       "every program has its name");

const char *gate_program_name(enum gate_program program)
{
	return program_names[program];
}

int gate_program_fd(const struct gate *gate, enum gate_program program)
{
	return gate->programs[program];
}

unsigned gate_namespace(void)
{
	struct stat namespace;

	return stat("/proc/self/ns/net", &namespace) ? 0 : (unsigned)namespace.st_ino;
}

/* Writes "programs/DIGEST-NAMESPACE", which names what the programs were made from: they hold the
 * namespace's number as a constant. */
static void set_name(char *name, size_t size)
{
	snprintf(name, size, "programs/" GATE_DIGEST "-%u", gate_namespace());
}

static int program_path(const struct gate *gate, enum gate_program program, char *path,
			struct fault *fault)
{
	char set[64], name[96];

	set_name(set, sizeof(set));
	snprintf(name, sizeof(name), "%s/%s", set, program_names[program]);
	return gate_pin_path(gate->pins, name, path, fault);
}

/* Whether the program uses the pinned maps: the pins may have been removed and made anew under
 * programs that stayed. One further map holds its constants. */
static bool uses_maps(int program, const uint32_t *maps)
{
	__u32 used[64] = { 0 }, size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = 64, .map_ids = (uintptr_t)used };
	unsigned pinned = 0;

	if (bpf_obj_get_info_by_fd(program, &info, &size) || info.nr_map_ids > 64)
		return false;
	for (unsigned i = 0; i < info.nr_map_ids; i++)
		for (unsigned j = 0; j < MAP_COUNT; j++)
			pinned += used[i] == maps[j];
	return pinned && pinned + 1 >= info.nr_map_ids;
}

int gate_find_program(struct gate *gate, enum gate_program program)
{
	char path[PATH_MAX];
	int err;

	if (gate->programs[program] >= 0)
		return gate->programs[program];
	err = program_path(gate, program, path, NULL);
	if (err)
		return err;
	gate->programs[program] = bpf_obj_get(path);
	return gate->programs[program] < 0 ? -errno : gate->programs[program];
}

int gate_open_programs(struct gate *gate, struct fault *fault)
{
	uint32_t maps[MAP_COUNT];
	char path[PATH_MAX];

	for (int i = 0; i < MAP_COUNT; i++) {
		struct bpf_map_info info = { 0 };
		__u32 size = sizeof(info);

		if (bpf_obj_get_info_by_fd(gate->maps[i], &info, &size))
			return fault_set(fault, -errno, "cannot ask about the map %s: %s",
					 gate_map_name(i), strerror(errno));
		maps[i] = info.id;
	}
	for (int i = 0; i < PROGRAM_COUNT; i++) {
		int err = program_path(gate, i, path, fault);

		if (err)
			return err;
		gate->programs[i] = bpf_obj_get(path);
		if (gate->programs[i] < 0)
			return fault_set(fault, -errno, "cannot open the program %s: %s", path,
					 strerror(errno));
		if (!uses_maps(gate->programs[i], maps))
			return fault_set(fault, -ENOENT, "the program %s is not of these maps",
					 path);
	}
	return 0;
}

int gate_pin_programs(struct gate *gate, struct fault *fault)
{
	char name[64], path[PATH_MAX];
	int err;

	set_name(name, sizeof(name));
	err = gate_pin_path(gate->pins, name, path, fault);
	if (err)
		return err;
	/* Removes pins of a start that was killed before it had made all of them. */
	err = pins_remove_folder(path, fault);
	if (err)
		return err;
	if (mkdir(path, 0700))
		return fault_set(fault, -errno, "cannot make the folder %s: %s", path,
				 strerror(errno));
	for (int i = 0; i < PROGRAM_COUNT; i++) {
		err = program_path(gate, i, path, fault);
		if (err)
			return err;
		if (bpf_obj_pin(gate->programs[i], path))
			return fault_set(fault, -errno, "cannot pin %s: %s", path, strerror(errno));
	}
	return 0;
}

void gate_unpin_older_programs(struct gate *gate)
{
	char own[64], path[PATH_MAX];
	_cleanup_(cleanup_dir) DIR *dir = NULL;
	struct dirent *entry;

	set_name(own, sizeof(own));
	if (!gate_pin_path(gate->pins, "programs", path, NULL))
		dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		char name[NAME_MAX + 16];

		snprintf(name, sizeof(name), "programs/%s", entry->d_name);
		if (entry->d_name[0] != '.' && strcmp(name, own) &&
		    !gate_pin_path(gate->pins, name, path, NULL))
			pins_remove_folder(path, NULL);
	}
}

static size_t pinned_in(const char *folder, uint32_t *ids, char (*names)[BPF_OBJ_NAME_LEN],
			size_t room)
{
	_cleanup_(cleanup_dir) DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	while (dir && (entry = readdir(dir)) && count < room) {
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);
		_cleanup_close_ int fd = -1;
		char path[PATH_MAX];

		if (entry->d_name[0] == '.' || snprintf(path, sizeof(path), "%s/%s", folder,
							entry->d_name) >= (int)sizeof(path))
			continue;
		fd = bpf_obj_get(path);
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
			continue;
		memcpy(names[count], info.name, BPF_OBJ_NAME_LEN);
		ids[count++] = info.id;
	}
	return count;
}

size_t gate_pinned_programs(const char *folder, uint32_t *ids, char (*names)[BPF_OBJ_NAME_LEN],
			    size_t room)
{
	_cleanup_(cleanup_dir) DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t count = 0;
	char path[PATH_MAX];

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) < PATH_MAX)
			count += pinned_in(path, ids + count, names + count, room - count);
	return count;
}
