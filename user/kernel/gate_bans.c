// SPDX-License-Identifier: GPL-2.0-or-later
/* The map "bans". Writers hold the writers' lock. Ended bans are removed in ban_sweep.c. */
#include "kernel/gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/ban_entry.h"
#include "kernel/ban_lengths.h"
#include "kernel/bloom_fill.h"
#include "kernel/rebuild.h"

#define BATCH 4096

static int fault_put(struct gate *gate, const struct prefix *prefix, int error, struct fault *fault)
{
	char text[PREFIX_TEXT_SIZE];

	prefix_format(prefix, text);
	if (error != -E2BIG && error != -ENOSPC)
		return fault_set(fault, error, "cannot ban %s in the kernel: %s", text,
				 strerror(-error));
	__atomic_fetch_add(&gate->control->ban_overflows, 1, __ATOMIC_RELAXED);
	if (error == -ENOSPC)
		return fault_set(fault, -ENOSPC,
				 "cannot ban %s: bans of %d different prefix lengths exist already",
				 text, BAN_LENGTHS);
	return fault_set(fault, -ENOSPC,
			 "cannot ban %s: the table is full (%u bans); raise [gate] bans and load "
			 "anew, or unban",
			 text, gate->ban_size);
}

/* Changes an entry where it is. 1: done; 0: it is not there; or -errno. */
static int change_in_place(struct gate *gate, const struct prefix *prefix, const struct ban *ban)
{
	struct rebuild_args arguments = { .what = REBUILD_BAN, .ban = *ban, .banned = *prefix };

	return rebuild(gate, &arguments);
}

/* From here until end_change() the gate looks up every packet, also of open sessions. A process
 * that is killed in between leaves that so until the next ban. */
static void begin_change(struct gate *gate)
{
	__atomic_fetch_or(&gate->control->ban_changes, 1, __ATOMIC_SEQ_CST);
}

/* Makes all earlier passing notes invalid. */
static void end_change(struct gate *gate)
{
	__atomic_fetch_add(&gate->control->ban_changes, 1, __ATOMIC_SEQ_CST);
}

static int put(struct gate *gate, const struct prefix *prefix, const struct ban *ban,
	       struct fault *fault)
{
	int fd = gate->maps[MAP_BANS], err = ban_length_add(gate->control, prefix);

	if (err)
		return fault_put(gate, prefix, err, fault);
	bloom_add_ban(&gate->ban_bloom, prefix);
	ban_sweep_note(gate, prefix);
	if (!bpf_map_update_elem(fd, prefix, ban, BPF_NOEXIST)) {
		__atomic_fetch_add(&gate->control->ban_used, 1, __ATOMIC_RELAXED);
		return 0;
	}
	/* To replace an entry, the kernel puts in another and takes the old one out: a packet may
	 * miss both. */
	if (errno == EEXIST && change_in_place(gate, prefix, ban) > 0)
		return 0;
	if (!bpf_map_update_elem(fd, prefix, ban, BPF_ANY))
		return 0;
	return fault_put(gate, prefix, -errno, fault);
}

int gate_ban_put(struct gate *gate, const struct prefix *prefix, const struct ban *ban,
		 struct fault *fault)
{
	int err;

	begin_change(gate);
	err = put(gate, prefix, ban, fault);
	end_change(gate);
	return err;
}

int gate_ban_put_many(struct gate *gate, const struct prefix *prefixes, const struct ban *bans,
		      size_t count, size_t *done, struct fault *fault)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	size_t at = 0, alone = 0;
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = ban_length_add(gate->control, &prefixes[i]);
	if (err)
		return fault_put(gate, &prefixes[0], err, fault);
	for (size_t i = 0; i < count; i++) {
		bloom_add_ban(&gate->ban_bloom, &prefixes[i]);
		ban_sweep_note(gate, &prefixes[i]);
	}
	begin_change(gate);
	while (at < count) {
		__u32 wanted = count - at > BATCH ? BATCH : (__u32)(count - at), batch = wanted;

		/* The kernel may stop early. The entry that it stopped at is put alone, to know why
		 * it fails. If a failed batch reports all as done, none is done: a batch that is
		 * refused as a whole leaves the count as it was (the kernel takes no flag but
		 * BPF_F_LOCK here). */
		err = bpf_map_update_batch(gate->maps[MAP_BANS], &prefixes[at], &bans[at], &batch,
					   &options);
		if (err && batch == wanted)
			batch = 0;
		if (err && !batch) {
			err = put(gate, &prefixes[at], &bans[at], fault);
			if (err)
				break;
			batch = 1;
			alone++;
		}
		err = 0;
		at += batch;
	}
	end_change(gate);
	__atomic_fetch_add(&gate->control->ban_used, at - alone, __ATOMIC_RELAXED);
	if (done)
		*done = at;
	return err;
}

int gate_ban_remove(struct gate *gate, const struct prefix *prefix, struct fault *fault)
{
	char text[PREFIX_TEXT_SIZE];

	if (!bpf_map_delete_elem(gate->maps[MAP_BANS], prefix)) {
		__atomic_fetch_sub(&gate->control->ban_used, 1, __ATOMIC_RELAXED);
		return 0;
	}
	prefix_format(prefix, text);
	return fault_set(fault, -errno,
			 errno == ENOENT ? "%s is not banned" : "cannot unban %s: %s", text,
			 strerror(errno));
}

int gate_ban_get(struct gate *gate, const struct prefix *prefix, struct ban *ban,
		 struct fault *fault)
{
	char text[PREFIX_TEXT_SIZE];

	if (!bpf_map_lookup_elem(gate->maps[MAP_BANS], prefix, ban))
		return 0;
	prefix_format(prefix, text);
	return fault_set(fault, -errno,
			 errno == ENOENT ? "%s is not banned" : "cannot read the ban of %s: %s",
			 text, strerror(errno));
}

enum ban_services gate_ban_closes(struct gate *gate, const struct address *address, uint64_t now_ns)
{
	uint32_t *count, *lengths = ban_lengths(gate->control, address_is4(address), &count);
	enum ban_services closed = 0;

	for (uint32_t i = 0; i < *count && i < BAN_LENGTHS; i++) {
		uint32_t length = __atomic_load_n(&lengths[i], __ATOMIC_RELAXED);
		struct prefix prefix = { .length = length <= 128 ? length : 128 };
		struct ban ban;

		prefix.address = address_mask(address, prefix.length);
		if (!bpf_map_lookup_elem(gate->maps[MAP_BANS], &prefix, &ban))
			closed = (enum ban_services)(closed | ban_active(&ban, now_ns));
	}
	return closed;
}

/* Walks the map in batches. ENOSPC means that a bucket does not fit: the room is doubled. */
static int walk(struct gate *gate,
		int (*batch)(const struct prefix *prefixes, const struct ban *bans, __u32 count,
			     void *context),
		void *context, struct fault *fault)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	__u32 room = BATCH, in = 0, out = 0;
	bool first = true;

	for (;;) {
		_cleanup_free_ struct prefix *prefixes = calloc(room, sizeof(*prefixes));
		_cleanup_free_ struct ban *bans = calloc(room, sizeof(*bans));
		int err = 0;

		if (!prefixes || !bans)
			return fault_set(fault, -ENOMEM, "out of memory");
		while (!err) {
			__u32 count = room;
			int result;

			err = bpf_map_lookup_batch(gate->maps[MAP_BANS], first ? NULL : &in, &out,
						   prefixes, bans, &count, &options);
			if (err && errno == ENOSPC)
				break;
			if (err && errno != ENOENT)
				return fault_set(fault, -errno, "cannot read the bans: %s",
						 strerror(errno));
			result = batch(prefixes, bans, count, context);
			if (result || err)
				return result;
			in = out;
			first = false;
		}
		room *= 2;
	}
}

struct each {
	int (*each)(const struct prefix *prefix, const struct ban *ban, void *context);
	void *context;
};

static int each_batch(const struct prefix *prefixes, const struct ban *bans, __u32 count,
		      void *context)
{
	const struct each *each = context;
	int result = 0;

	for (__u32 i = 0; i < count && !result; i++)
		result = each->each(&prefixes[i], &bans[i], each->context);
	return result;
}

int gate_ban_each(struct gate *gate,
		  int (*each)(const struct prefix *prefix, const struct ban *ban, void *context),
		  void *context, struct fault *fault)
{
	struct each both = { each, context };

	return walk(gate, each_batch, &both, fault);
}

/* The kernel hands out whole buckets. They hold a few entries each, so that GATE_BAN_SOME always
 * has room for one. */
int gate_ban_some(struct gate *gate, struct gate_ban_walk *walk,
		  struct prefix prefixes[GATE_BAN_SOME], struct ban bans[GATE_BAN_SOME],
		  size_t *count, struct fault *fault)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	__u32 got = GATE_BAN_SOME, out = 0;
	int err;

	*count = 0;
	if (walk->ended)
		return 0;
	err = bpf_map_lookup_batch(gate->maps[MAP_BANS], walk->begun ? &walk->at : NULL, &out,
				   prefixes, bans, &got, &options);
	if (err && errno != ENOENT)
		return fault_set(fault, -errno, "cannot read the bans: %s", strerror(errno));
	*count = got;
	walk->ended = err != 0;
	walk->begun = true;
	walk->at = out;
	return 0;
}

static int rebuild_one(const struct prefix *prefix, const struct ban *ban, void *context)
{
	(void)ban;
	bloom_add_ban(context, prefix);
	return 0;
}

int bans_rebuild(struct gate *gate, struct fault *fault)
{
	int err;

	if (bloom_is_valid(&gate->ban_bloom))
		return 0;
	err = gate_ban_each(gate, rebuild_one, &gate->ban_bloom, fault);
	if (!err)
		bloom_believe(&gate->ban_bloom);
	return err;
}

void gate_ban_gave_way(struct gate *gate, uint64_t count)
{
	__atomic_fetch_add(&gate->control->ban_overflows, count, __ATOMIC_RELAXED);
}

struct gate_usage gate_ban_usage(const struct gate *gate)
{
	const struct control *control = gate->control;

	return (struct gate_usage){
		.used = __atomic_load_n(&control->ban_used, __ATOMIC_RELAXED),
		.size = gate->ban_size,
		.overflows = __atomic_load_n(&control->ban_overflows, __ATOMIC_RELAXED),
	};
}
