// SPDX-License-Identifier: GPL-2.0-or-later
/* See own.h. */
#include "kernel/own.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/programs.h"

#define BPFFS	 "/sys/fs/bpf"
#define MAPS_MAX 64 /* of one program */

static const char *const map_names[] = { "bans", "outflow_control" };

static __u32 pinned_map_id(const char *path)
{
	_cleanup_close_ int fd = bpf_obj_get(path);
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

static bool is_outflow(const char *name)
{
	return !strncmp(name, "outflow", 7);
}

/* Loads the programs under PINS/vN/programs, whichever set they are of. */
static void load_programs(struct own *own, const char *folder)
{
	__u32 ids[96];
	char names[96][BPF_OBJ_NAME_LEN];
	size_t room = sizeof(own->programs) / sizeof(*own->programs) - own->program_count;
	size_t count = gate_pinned_programs(folder, ids, names, room);

	for (size_t i = 0; i < count; i++)
		own->programs[own->program_count++] = (struct own_program){
			.id = ids[i],
			.kind = is_outflow(names[i]) ? OWN_OUTFLOW : OWN_GATE,
		};
}

void own_load(const char *pins, struct own *own)
{
	_cleanup_(cleanup_dir) DIR *dir = opendir(pins);
	struct dirent *entry;
	char path[PATH_MAX];

	memset(own, 0, sizeof(*own));
	while (dir && (entry = readdir(dir)) && own->map_count < 30) {
		if (entry->d_name[0] != 'v')
			continue;
		for (size_t i = 0; i < sizeof(map_names) / sizeof(*map_names); i++) {
			snprintf(path, sizeof(path), "%s/%s/%s", pins, entry->d_name, map_names[i]);
			own->maps[own->map_count] = pinned_map_id(path);
			own->map_count += own->maps[own->map_count] != 0;
		}
		snprintf(path, sizeof(path), "%s/%s/programs", pins, entry->d_name);
		load_programs(own, path);
	}
}

/* Asks for a program's name and maps. False: it cannot be asked. */
static bool ask(__u32 program, struct bpf_prog_info *info, __u32 maps[MAPS_MAX])
{
	__u32 size = sizeof(*info);
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program);

	*info = (struct bpf_prog_info){ .nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)maps };
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, info, &size))
		return false;
	if (info->nr_map_ids > MAPS_MAX)
		info->nr_map_ids = MAPS_MAX;
	return true;
}

/* Whether the map has the name of one of ours: the kernel cuts names at 15 characters. */
static bool is_a_sekisho_map(__u32 map)
{
	_cleanup_close_ int fd = bpf_map_get_fd_by_id(map);
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return false;
	for (size_t i = 0; i < sizeof(map_names) / sizeof(*map_names); i++)
		if (!strncmp(info.name, map_names[i], BPF_OBJ_NAME_LEN - 1))
			return true;
	return false;
}

enum own_kind own_kind_of(const struct own *own, __u32 program)
{
	struct bpf_prog_info info;
	__u32 maps[MAPS_MAX];
	bool gate, outflow;

	for (size_t i = 0; i < own->program_count; i++)
		if (own->programs[i].id == program)
			return own->programs[i].kind;
	if (!program || !ask(program, &info, maps))
		return OWN_FOREIGN;
	outflow = is_outflow(info.name);
	gate = !strncmp(info.name, "gate_", 5);
	for (__u32 i = 0; i < info.nr_map_ids; i++)
		for (size_t j = 0; j < own->map_count; j++)
			if (maps[i] == own->maps[j])
				return outflow ? OWN_OUTFLOW : OWN_GATE;
	for (__u32 i = 0; (gate || outflow) && i < info.nr_map_ids; i++)
		if (is_a_sekisho_map(maps[i]))
			return outflow ? OWN_STRAY_OUTFLOW : OWN_STRAY_GATE;
	return OWN_FOREIGN;
}

/* nftw() passes no context to its callback: these stand in for it. Only `unload`, `status` and
 * `doctor` ask, in one thread at a time. */
static __thread const __u32 *wanted_maps;
static __thread __u32 wanted_count;

static int look_at_pin(const char *path, const struct stat *about, int kind, struct FTW *at)
{
	const char *name = path + at->base;
	__u32 id;

	(void)about;
	if (kind != FTW_F || (strcmp(name, map_names[0]) && strcmp(name, map_names[1])))
		return 0;
	id = pinned_map_id(path);
	for (__u32 i = 0; id && i < wanted_count; i++)
		if (wanted_maps[i] == id)
			return 1;
	return 0;
}

bool own_is_elsewhere(__u32 program)
{
	struct bpf_prog_info info;
	__u32 maps[MAPS_MAX];
	bool found;

	if (!ask(program, &info, maps))
		return false;
	wanted_maps = maps;
	wanted_count = info.nr_map_ids;
	found = nftw(BPFFS, look_at_pin, 16, FTW_PHYS) == 1;
	wanted_maps = NULL;
	return found;
}

void own_program_name(__u32 program, char *name, size_t size)
{
	struct bpf_prog_info info;
	__u32 maps[MAPS_MAX];

	snprintf(name, size, "%s", ask(program, &info, maps) ? info.name : "?");
}
