// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies the entries of maps whose values grew, or are read in another way, into the maps of our
 * contract: gate_migrate() in gate.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "kernel/ban_entry.h"
#include "kernel/migrate_internal.h"
#include "kernel/pins.h"
#include "kernel/rebuild.h"

#define BATCH 4096

/* The copying of a map that was not handed on. `put` gets each entry's key; `value` has the part
 * that both contracts know, then zeroes. Per-CPU values follow one another. */
struct copying {
	struct gate *gate;
	enum gate_map map;
	int from, to;
	struct bpf_map_info old, new;
	unsigned cpus;		   /* 1 unless per CPU */
	size_t old_size, new_size; /* of a value of all CPUs */
	void *value;
	int (*put)(struct copying *copying, const void *key);
	size_t count;
};

static size_t per_cpu(size_t size, bool is_per_cpu)
{
	return is_per_cpu ? (size + 7) & ~(size_t)7 : size;
}

static int give(struct copying *copying, const void *key, const char *old)
{
	size_t common = copying->old.value_size < copying->new.value_size ? copying->old.value_size
									  : copying->new.value_size;
	char *new = copying->value;

	memset(new, 0, copying->new_size);
	for (unsigned i = 0; i < copying->cpus; i++)
		memcpy(new + i *(copying->new_size / copying->cpus),
		       old + i * (copying->old_size / copying->cpus), common);
	copying->count++;
	return copying->put(copying, key);
}

static int copy_array(struct copying *copying)
{
	__u32 end = copying->old.max_entries < copying->new.max_entries ? copying->old.max_entries
									: copying->new.max_entries;
	_cleanup_free_ char *old = calloc(1, copying->old_size);
	int err = old ? 0 : -ENOMEM;

	for (__u32 key = 0; key < end && !err; key++)
		err = bpf_map_lookup_elem(copying->from, &key, old) ? -errno
								    : give(copying, &key, old);
	return err;
}

/* Copies a hash. Nobody changes the map meanwhile: the writers' lock is held, and the older program
 * alone counts handshakes that complete in these moments. */
static int copy_hash(struct copying *copying)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	__u32 room = BATCH, in = 0, out = 0;
	bool first = true, full = true;
	int err = 0;

	/* If a bucket does not fit, the room is doubled. */
	for (; full && room <= 2 * copying->old.max_entries + BATCH; room *= 2) {
		_cleanup_free_ char *keys = calloc(room, copying->old.key_size);
		_cleanup_free_ char *values = calloc(room, copying->old_size);

		full = false;
		err = keys && values ? 0 : -ENOMEM;
		while (!err) {
			__u32 count = room;

			err = bpf_map_lookup_batch(copying->from, first ? NULL : &in, &out, keys,
						   values, &count, &options)
				      ? -errno
				      : 0;
			full = err == -ENOSPC;
			if (full)
				break;
			for (__u32 i = 0; i < count && (!err || err == -ENOENT); i++) {
				int result = give(copying, keys + i * copying->old.key_size,
						  values + i * copying->old_size);

				err = result ? result : err;
			}
			in = out;
			first = false;
		}
	}
	return err == -ENOENT ? 0 : err;
}

static int put_as_is(struct copying *copying, const void *key)
{
	return bpf_map_update_elem(copying->to, key, copying->value, BPF_ANY) ? -errno : 0;
}

/* A ban in contracts 1 and 2 (followed by a lookup). It closed all services. */
struct ban_v1 {
	__u64 expires_ns, since_ns, packets, attempts, last_ns;
	__u32 rule, reserved;
};

static void read_counts(const struct gate *gate, const void *value, struct carried_ban *counts)
{
	const struct ban_v1 *old = value;
	const struct ban *ban = value;

	if (migrate_reads_otherwise(gate, MAP_BANS)) {
		counts->packets = old->packets;
		counts->attempts = old->attempts;
	} else {
		counts->packets = ban->packets;
		counts->attempts = ban->attempts;
	}
}

/* Notes a ban's counts for migrate_rest(). Without memory for that, what the older gate still
 * counts of the ban is lost. */
static void note_counts(struct copying *copying, const struct prefix *prefix)
{
	struct gate *gate = copying->gate;
	struct carried_ban *carried;

	if (!gate->carried)
		gate->carried = calloc(copying->old.max_entries, sizeof(*gate->carried));
	if (!gate->carried || gate->carried_count == copying->old.max_entries)
		return;
	carried = &gate->carried[gate->carried_count++];
	carried->prefix = *prefix;
	read_counts(gate, copying->value, carried);
}

/* Puts a ban without the lookup that it remembers: stamps begin anew with "control", and a stamp of
 * the older gate would be taken for that of a later table. */
static int put_ban(struct copying *copying, const void *key)
{
	const struct ban_v1 *old = copying->value;
	struct ban ban;

	note_counts(copying, key);
	if (!migrate_reads_otherwise(copying->gate, MAP_BANS)) {
		ban = *(const struct ban *)copying->value;
		ban.lookup = 0;
	} else {
		ban = (struct ban){ .packets = old->packets,
				    .attempts = old->attempts,
				    .last = (__u32)(old->last_ns >> BAN_TIME_SHIFT) };
		ban_entry_set_ns(&ban, BAN_ALL, old->since_ns, old->expires_ns, old->rule);
	}
	return gate_ban_put(copying->gate, key, &ban, NULL);
}

/* Puts a meter without open connections: these are counted anew, from their sockets. */
static int put_meter(struct copying *copying, const void *key)
{
	struct meter *meter = copying->value;
	struct usage *usage = copying->gate->usage;

	meter->open = 0;
	if (copying->map == MAP_SOURCES)
		usage->source_used = copying->count;
	if (copying->map == MAP_NETWORKS)
		usage->network_used = copying->count;
	return put_as_is(copying, key);
}

static int (*const put_of[MAP_COUNT])(struct copying *copying, const void *key) = {
	[MAP_BANS] = put_ban,
	[MAP_SOURCES] = put_meter,
	[MAP_NETWORKS] = put_meter,
	[MAP_COUNTRY_METERS] = put_meter,
	[MAP_COUNTRY_COUNTS] = put_as_is,
	[MAP_REASON_COUNTS] = put_as_is,
	[MAP_LIST_COUNTS] = put_as_is,
	[MAP_SYN_COOKIES] = put_as_is,
	[MAP_OUTFLOW_CONTROL] = put_as_is,
	[MAP_OUTFLOW_BREAKERS] = put_as_is,
	[MAP_OUTFLOW_COUNTS] = put_as_is,
	[MAP_OUTFLOW_RECENT] = put_as_is,
	[MAP_OUTFLOW_REPORTED] = put_as_is,
};

static int copy_map(struct gate *gate, enum gate_map map)
{
	_cleanup_close_ int from = migrate_older_map(gate, map);
	struct copying copying = {
		.gate = gate, .map = map, .from = from, .to = gate->maps[map], .put = put_of[map]
	};
	_cleanup_free_ void *value = NULL;
	bool is_per_cpu;

	if (from < 0 || !copying.put)
		return 0; /* the older contract had no such map, or the map begins anew */
	if (!migrate_map_info(from, &copying.old) || !migrate_map_info(copying.to, &copying.new))
		return -errno;
	if (copying.old.id == copying.new.id)
		return 0; /* handed on whole */
	if (copying.old.type != copying.new.type || copying.old.key_size != copying.new.key_size)
		return -EPROTO;
	is_per_cpu = copying.old.type == BPF_MAP_TYPE_PERCPU_ARRAY;
	copying.cpus = is_per_cpu ? (unsigned)libbpf_num_possible_cpus() : 1;
	copying.old_size = per_cpu(copying.old.value_size, is_per_cpu) * copying.cpus;
	copying.new_size = per_cpu(copying.new.value_size, is_per_cpu) * copying.cpus;
	value = copying.value = calloc(1, copying.new_size);
	if (!value)
		return -ENOMEM;
	return copying.old.type == BPF_MAP_TYPE_HASH ? copy_hash(&copying) : copy_array(&copying);
}

/* Carries over since when is counted: the time of this map's pin (gate_counted_since()). */
static int migrate_since(const struct gate *gate, struct fault *fault)
{
	const char *name = gate_map_name(MAP_COUNTRY_COUNTS);
	char path[PATH_MAX];
	struct stat status;
	int err;

	if (migrate_older_path(gate, name, path) || stat(path, &status))
		return 0;
	err = gate_pin_path(gate->pins, name, path, fault);
	if (!err &&
	    utimensat(AT_FDCWD, path, (struct timespec[]){ status.st_mtim, status.st_mtim }, 0))
		err = fault_set(fault, -errno, "cannot set the time of %s: %s", path,
				strerror(errno));
	return err;
}

int gate_migrate(struct gate *gate, struct fault *fault)
{
	int err = gate->older ? migrate_since(gate, fault) : 0;

	gate->carried_count = 0;
	for (int i = 0; i < MAP_COUNT && gate->older; i++) {
		int result = copy_map(gate, i);

		if (result && !err)
			err = fault_set(fault, result,
					"the map %s of contract version %u could not be carried "
					"over: %s",
					gate_map_name(i), gate->older, strerror(-result));
	}
	return err;
}

/* A ban that was lifted meanwhile gets no counts. */
void migrate_rest(struct gate *gate)
{
	_cleanup_close_ int from = gate->carried_count ? migrate_older_map(gate, MAP_BANS) : -1;
	struct bpf_map_info info;
	_cleanup_free_ void *value = migrate_map_info(from, &info) ? calloc(1, info.value_size)
								   : NULL;

	for (size_t i = 0; value && i < gate->carried_count; i++) {
		struct carried_ban *carried = &gate->carried[i], now;
		struct rebuild_args rest = { .what = REBUILD_BAN_COUNTS };

		if (bpf_map_lookup_elem(from, &carried->prefix, value))
			continue;
		read_counts(gate, value, &now);
		rest.banned = carried->prefix;
		rest.ban.packets = now.packets - carried->packets;
		rest.ban.attempts = now.attempts - carried->attempts;
		if (rest.ban.packets)
			rebuild(gate, &rest);
	}
	free(gate->carried);
	gate->carried = NULL;
	gate->carried_count = 0;
}
