// SPDX-License-Identifier: GPL-2.0-or-later
/* The map "bans" and the prefix lengths in use. Writers hold the instance's lock. */
#include "kernel/gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/bloom.h"

#define BATCH 4096

static uint32_t *lengths_of(struct control *control, bool is4, uint32_t **count)
{
	*count = is4 ? &control->length_count4 : &control->length_count6;
	return is4 ? control->lengths4 : control->lengths6;
}

/* A length must be probed for before its first ban is there. */
static int length_add(struct control *control, const struct prefix *prefix)
{
	uint32_t *count, *lengths = lengths_of(control, prefix_is4(prefix), &count);

	for (uint32_t i = 0; i < *count; i++)
		if (lengths[i] == prefix->length)
			return 0;
	if (*count >= BAN_LENGTHS)
		return -ENOSPC;
	__atomic_store_n(&lengths[*count], prefix->length, __ATOMIC_RELAXED);
	__atomic_store_n(count, *count + 1, __ATOMIC_RELEASE);
	return 0;
}

/* Forgets the lengths that `used` does not have; a reader never misses one that it has. */
static void lengths_keep(struct control *control, bool is4, const bool used[129])
{
	uint32_t *count, *lengths = lengths_of(control, is4, &count);

	for (uint32_t i = 0; i < *count;) {
		if (used[lengths[i]]) {
			i++;
			continue;
		}
		__atomic_store_n(&lengths[i], lengths[*count - 1], __ATOMIC_RELEASE);
		__atomic_store_n(count, *count - 1, __ATOMIC_RELEASE);
	}
}

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

int gate_ban_put(struct gate *gate, const struct prefix *prefix, const struct ban *ban,
		 struct fault *fault)
{
	int fd = gate->maps[MAP_BANS], err = length_add(gate->control, prefix);

	if (err)
		return fault_put(gate, prefix, err, fault);
	bloom_add(&gate->ban_bloom, prefix, 0);
	if (!bpf_map_update_elem(fd, prefix, ban, BPF_NOEXIST)) {
		__atomic_fetch_add(&gate->control->ban_used, 1, __ATOMIC_RELAXED);
		return 0;
	}
	if (errno == EEXIST && !bpf_map_update_elem(fd, prefix, ban, BPF_EXIST))
		return 0;
	return fault_put(gate, prefix, -errno, fault);
}

int gate_ban_put_many(struct gate *gate, const struct prefix *prefixes, const struct ban *bans,
		      size_t count, size_t *done, struct fault *fault)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	size_t at = 0;
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = length_add(gate->control, &prefixes[i]);
	if (err)
		return fault_put(gate, &prefixes[0], err, fault);
	for (size_t i = 0; i < count; i++)
		bloom_add(&gate->ban_bloom, &prefixes[i], 0);
	while (at < count) {
		__u32 batch = count - at > BATCH ? BATCH : (__u32)(count - at);

		/* May stop early, having put some: the rest one by one, to know which fails. */
		err = bpf_map_update_batch(gate->maps[MAP_BANS], &prefixes[at], &bans[at], &batch,
					   &options);
		if (err && !batch) {
			if (bpf_map_update_elem(gate->maps[MAP_BANS], &prefixes[at], &bans[at],
						BPF_ANY)) {
				err = fault_put(gate, &prefixes[at], -errno, fault);
				break;
			}
			batch = 1;
		}
		err = 0;
		at += batch;
	}
	/* Bans that were there already count twice until the next sweep, which counts anew. */
	__atomic_fetch_add(&gate->control->ban_used, at, __ATOMIC_RELAXED);
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

int gate_ban_find(struct gate *gate, const struct address *address, uint64_t now_boot_ns,
		  struct prefix *prefix, struct ban *ban, struct fault *fault)
{
	bool found = false;

	for (unsigned length = 0; length <= 128 && !found; length++) {
		struct prefix key = { .address = address_mask(address, length), .length = length };

		if (address_is4(address) && length < 96)
			continue;
		found = !bpf_map_lookup_elem(gate->maps[MAP_BANS], &key, ban) &&
			ban->expires_ns > now_boot_ns;
		*prefix = key;
	}
	return found ? 0 : fault_set(fault, -ENOENT, "not banned");
}

/* Walks in batches; a bucket that does not fit (ENOSPC) asks for more room. */
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

/* The kernel hands out whole buckets, which hold a few each: never GATE_BAN_SOME in one. */
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

static int settle_one(const struct prefix *prefix, const struct ban *ban, void *context)
{
	(void)ban;
	bloom_add(context, prefix, 0);
	return 0;
}

int bans_settle(struct gate *gate, struct fault *fault)
{
	int err;

	if (bloom_is_believed(&gate->ban_bloom))
		return 0;
	err = gate_ban_each(gate, settle_one, &gate->ban_bloom, fault);
	if (!err)
		bloom_believe(&gate->ban_bloom);
	return err;
}

struct sweep {
	const struct bloom *bloom;
	uint64_t *words; /* of those that are kept */
	uint64_t now_ns;
	uint64_t kept;
	bool used4[129], used6[129];
	struct prefix *ended;
	size_t ended_count, ended_room;
};

static int sweep_one(const struct prefix *prefix, const struct ban *ban, void *context)
{
	struct sweep *sweep = context;

	if (ban->expires_ns > sweep->now_ns) {
		(prefix_is4(prefix) ? sweep->used4 : sweep->used6)[prefix->length] = true;
		sweep->kept++;
		bloom_note(sweep->bloom, sweep->words, prefix);
		return 0;
	}
	if (sweep->ended_count == sweep->ended_room) {
		size_t room = sweep->ended_room ? sweep->ended_room * 2 : 1024;
		struct prefix *more = realloc(sweep->ended, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		sweep->ended = more;
		sweep->ended_room = room;
	}
	sweep->ended[sweep->ended_count++] = *prefix;
	return 0;
}

int gate_ban_sweep(struct gate *gate, uint64_t now_boot_ns, size_t *removed, struct fault *fault)
{
	struct sweep sweep = { .bloom = &gate->ban_bloom,
			       .words = bloom_begin(&gate->ban_bloom),
			       .now_ns = now_boot_ns };
	int err = sweep.words ? gate_ban_each(gate, sweep_one, &sweep, fault) : -ENOMEM;

	if (err == -ENOMEM)
		fault_set(fault, err, "out of memory");
	for (size_t i = 0; i < sweep.ended_count && !err; i++)
		bpf_map_delete_elem(gate->maps[MAP_BANS], &sweep.ended[i]);
	if (!err) {
		lengths_keep(gate->control, true, sweep.used4);
		lengths_keep(gate->control, false, sweep.used6);
		bloom_replace(&gate->ban_bloom, sweep.words);
		__atomic_store_n(&gate->control->ban_used, sweep.kept, __ATOMIC_RELAXED);
		if (removed)
			*removed = sweep.ended_count;
	}
	free(sweep.ended);
	free(sweep.words);
	return err;
}

int gate_ban_usage(struct gate *gate, struct gate_usage *usage, struct fault *fault)
{
	(void)fault;
	usage->used = __atomic_load_n(&gate->control->ban_used, __ATOMIC_RELAXED);
	usage->size = gate->ban_size;
	usage->overflows = __atomic_load_n(&gate->control->ban_overflows, __ATOMIC_RELAXED);
	return 0;
}
