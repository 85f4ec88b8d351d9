// SPDX-License-Identifier: GPL-2.0-or-later
/* See migrate.h. Not here: what is copied once our maps exist (migrate_copy.c). */
#include "kernel/migrate_internal.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "gate.skel.h"
#include "kernel/pins.h"

/* Maps that only make sense together: if one of them changed, all of them begin anew. */
enum group { ALONE, BANS, TABLE, CONNECTIONS, OUTFLOW };

static const enum group groups[MAP_COUNT] = {
	[MAP_CONTROL] = BANS,
	[MAP_BANS] = BANS,
	[MAP_BAN_BLOOM] = BANS,
	[MAP_PASSING] = BANS,
	[MAP_TABLE] = TABLE,
	[MAP_TABLE_REST] = TABLE,
	[MAP_SOURCES] = CONNECTIONS,
	[MAP_NETWORKS] = CONNECTIONS,
	[MAP_NETWORK_BLOOM] = CONNECTIONS,
	[MAP_COUNTRY_METERS] = CONNECTIONS,
	[MAP_COUNTED] = CONNECTIONS,
	[MAP_CONNECTIONS] = CONNECTIONS,
	[MAP_USAGE] = CONNECTIONS,
	[MAP_OUTFLOW_CONTROL] = OUTFLOW,
	[MAP_OUTFLOW_BREAKERS] = OUTFLOW,
	[MAP_OUTFLOW_COUNTS] = OUTFLOW,
	[MAP_OUTFLOW_RECENT] = OUTFLOW,
	[MAP_OUTFLOW_SOCKETS] = OUTFLOW,
	[MAP_OUTFLOW_FLOWS] = OUTFLOW,
	[MAP_OUTFLOW_REPORTED] = OUTFLOW,
};

/* The contract version since which a map's content has another meaning: older content is not taken
 * over. */
static const unsigned anew_since[MAP_COUNT] = {
	[MAP_TABLE] = 3, /* what lists tell about services; COUNTRY_LAN */
};

int migrate_older_path(const struct gate *gate, const char *name, char *path)
{
	int size = snprintf(path, PATH_MAX, "%s/v%u/%s", gate->pins, gate->older, name);

	return size < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* The contract version since which a map's values are read in another way, though their size is the
 * same: older ones are copied, never handed on as a whole. */
static const unsigned other_since[MAP_COUNT] = {
	[MAP_BANS] = 3, /* two groups of services */
};

bool migrate_reads_otherwise(const struct gate *gate, enum gate_map map)
{
	return gate->older < other_since[map];
}

int migrate_older_map(const struct gate *gate, enum gate_map map)
{
	char path[PATH_MAX];

	if (!gate->older || gate->older < anew_since[map] ||
	    migrate_older_path(gate, gate_map_name(map), path))
		return -1;
	return bpf_obj_get(path);
}

static int older_inner(const struct gate *gate, enum gate_map map, __u32 slot)
{
	char name[GATE_INNER_NAME], path[PATH_MAX];

	gate_inner_name(map, slot, name);
	return migrate_older_path(gate, name, path) ? -1 : bpf_obj_get(path);
}

bool migrate_map_info(int fd, struct bpf_map_info *info)
{
	__u32 size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, info, &size);
}

/* Whether a map can be handed on. The number of entries of a hash may differ: it comes from the
 * configuration. */
static bool same_shape(const struct bpf_map_info *info, struct bpf_map *expected)
{
	bool sized = info->type == BPF_MAP_TYPE_ARRAY || info->type == BPF_MAP_TYPE_PERCPU_ARRAY;

	return info->type == (__u32)bpf_map__type(expected) &&
	       info->key_size == bpf_map__key_size(expected) &&
	       info->value_size == bpf_map__value_size(expected) &&
	       info->map_flags == bpf_map__map_flags(expected) &&
	       (!sized || info->max_entries == bpf_map__max_entries(expected));
}

/* Whether the inner map in a slot has the shape of ours, or the slot is empty. */
static bool can_hand_on_inner(const struct gate *gate, enum gate_map map, int outer, __u32 slot,
			      struct bpf_map *expected)
{
	_cleanup_close_ int inner = older_inner(gate, map, slot);
	struct bpf_map_info info;
	__u32 id;

	if (bpf_map_lookup_elem(outer, &slot, &id))
		return true;
	return migrate_map_info(inner, &info) && info.value_size == bpf_map__value_size(expected);
}

static bool can_hand_on(const struct gate *gate, enum gate_map map, struct bpf_map *expected)
{
	_cleanup_close_ int fd = migrate_older_map(gate, map);
	struct bpf_map *expected_inner = bpf_map__inner_map(expected);
	struct bpf_map_info info;

	if (migrate_reads_otherwise(gate, map) || !migrate_map_info(fd, &info) ||
	    !same_shape(&info, expected))
		return false;
	for (__u32 slot = 0; expected_inner && slot < info.max_entries; slot++)
		if (!can_hand_on_inner(gate, map, fd, slot, expected_inner))
			return false;
	return true;
}

static struct bpf_map *skeleton_map(const struct gate_bpf *skeleton, enum gate_map map)
{
	return bpf_object__find_map_by_name(skeleton->obj, gate_map_name(map));
}

/* Hands on the inner map of a slot: it has a pin of its own. */
static int hand_on_inner(const struct gate *gate, enum gate_map map, __u32 slot,
			 struct fault *fault)
{
	_cleanup_close_ int inner = older_inner(gate, map, slot);
	char name[GATE_INNER_NAME], path[PATH_MAX];
	int err;

	gate_inner_name(map, slot, name);
	err = gate_pin_path(gate->pins, name, path, fault);
	if (!err && inner >= 0 && bpf_obj_pin(inner, path) && errno != EEXIST)
		err = fault_set(fault, -errno, "cannot pin %s: %s", path, strerror(errno));
	return err;
}

int migrate_whole(const struct gate *gate, struct gate_bpf *skeleton, struct fault *fault)
{
	bool changed[OUTFLOW + 1] = { false };
	char path[PATH_MAX];
	int err = 0;

	for (int i = 0; i < MAP_COUNT; i++)
		if (groups[i] != ALONE && !can_hand_on(gate, i, skeleton_map(skeleton, i)))
			changed[groups[i]] = true;
	for (int i = 0; i < MAP_COUNT && !err && gate->older; i++) {
		struct bpf_map *map = skeleton_map(skeleton, i);
		_cleanup_close_ int fd = -1, ours = -1;

		err = gate_pin_path(gate->pins, gate_map_name(i), path, fault);
		ours = err ? -1 : bpf_obj_get(path);
		if (err || ours >= 0 || changed[groups[i]] || !can_hand_on(gate, i, map))
			continue;
		fd = migrate_older_map(gate, i);
		if (bpf_map__reuse_fd(map, fd))
			err = fault_set(fault, -EIO, "cannot take over the map %s of contract %u",
					gate_map_name(i), gate->older);
		for (__u32 slot = 0;
		     bpf_map__inner_map(map) && !err && slot < bpf_map__max_entries(map); slot++)
			err = hand_on_inner(gate, i, slot, fault);
	}
	return err;
}

bool migrate_is_due(const struct gate *gate)
{
	_cleanup_close_ int fd = migrate_older_map(gate, MAP_CONTROL);
	struct bpf_map_info info;
	_cleanup_free_ __u32 *control = NULL;
	__u32 slot = 0;

	/* The first member is the version, in every contract. */
	if (!migrate_map_info(fd, &info) || info.value_size < sizeof(*control))
		return false;
	control = calloc(1, info.value_size);
	return control && !bpf_map_lookup_elem(fd, &slot, control) &&
	       (*control & ~CONTROL_FILLED) == gate->older;
}

int migrate_links(const struct gate *gate, struct fault *fault)
{
	_cleanup_(cleanup_dir) DIR *dir = NULL;
	char path[PATH_MAX], name[NAME_MAX + 16];
	struct dirent *entry;
	int err = 0;

	if (gate->older && !migrate_older_path(gate, "links", path))
		dir = opendir(path);
	while (dir && !err && (entry = readdir(dir))) {
		_cleanup_close_ int link = -1;

		snprintf(name, sizeof(name), "links/%s", entry->d_name);
		if (entry->d_name[0] == '.' || migrate_older_path(gate, name, path))
			continue;
		link = bpf_obj_get(path);
		err = gate_pin_path(gate->pins, name, path, fault);
		if (!err && link >= 0 && bpf_obj_pin(link, path) && errno != EEXIST)
			err = fault_set(fault, -errno, "cannot pin %s: %s", path, strerror(errno));
	}
	return err;
}
