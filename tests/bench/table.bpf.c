// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One look-up in each design of the static table, 64 to a run, and the same run without one. Not
 * the gate: only what a look-up costs. Keys lie in an array, read in order from where the last run
 * ended; the sums of what was found must be the same for all designs.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "contract.h"
#include "table.h"

#define LOOKUPS	 64
#define KEYS	 (1U << 20)
#define BLOCK	 TABLE_BLOCK
#define DEEPER16 0x8000 /* in an entry: look further */
#define DEEPER32 0x80000000

char LICENSE[] SEC("license") = "GPL";

struct blocks {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, BLOCK);
};

#define OUTER(name)                                       \
	struct {                                          \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); \
		__uint(max_entries, 1);                   \
		__type(key, __u32);                       \
		__array(values, struct blocks);           \
	} name SEC(".maps")

OUTER(chunks);	/* the image of table.h */
OUTER(top24);	/* u16 for each /24, for the hash */
OUTER(dir24);	/* u32 for each /24 */
OUTER(below24); /* u16 for each address of the /24s that are not of one leaf */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64[KEYS]);
} keys SEC(".maps");

struct key4 {
	__u32 length;
	__u32 address; /* network order in the trie, host order in the hash */
};

struct key6 {
	__u32 length;
	__u32 word[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct key4);
	__type(value, __u32);
} longer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key4);
	__type(value, __u32);
} trie4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key6);
	__type(value, __u32);
} trie6 SEC(".maps");

__u32 cursor = 0;
__u64 sum = 0;

#include "table_find.h"

static __always_inline void *inner_of(void *outer)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(outer, &zero);
}

static __always_inline const void *block_of(void *outer, __u32 block)
{
	void *inner = inner_of(outer);

	return inner ? bpf_map_lookup_elem(inner, &block) : NULL;
}

static __always_inline const void *table_block(const struct table_head *head, __u32 block)
{
	return head ? block_of(&chunks, block) : NULL;
}

static __always_inline __u32 word_of(struct lookup lookup)
{
	return (__u32)lookup.country | (__u32)lookup.list << 16 | (__u32)lookup.flags << 24;
}

/* Global functions: the verifier looks at each once, and not in each of the 64 rounds. */
__noinline __u32 find_none4(__u32 address)
{
	return address & 1;
}

__noinline __u32 find_none6(__u64 high)
{
	return high & 1;
}

__noinline __u32 find_chunks4(__u32 address)
{
	const struct table_head *head = block_of(&chunks, 0);

	return head ? word_of(table_find4(head, address, 1)) : 0;
}

__noinline __u32 find_chunks6(__u64 high)
{
	const struct table_head *head = block_of(&chunks, 0);

	return head ? word_of(table_find6(head, high, 0, 1)) : 0;
}

static __always_inline __u32 entry16(void *outer, __u32 at)
{
	const __u16 *entries = block_of(outer, at / (BLOCK / 2));

	return entries ? entries[at & (BLOCK / 2 - 1)] : 0;
}

/* Palette indexes become leaves in each design the same way: one more load from the head. */
static __always_inline __u32 palette_word(__u32 index)
{
	const struct table_head *head = block_of(&chunks, 0);

	return head ? word_of(head->palette[index & (TABLE_PALETTE - 1)]) : 0;
}

__noinline __u32 find_hash4(__u32 address)
{
	__u32 found = entry16(&top24, address >> 8);

	if (!(found & DEEPER16))
		return palette_word(found);
	for (__u32 length = 32; length > 24; length--) {
		struct key4 key = { length, address & (__u32)(~0ULL << (32 - length)) };
		const __u32 *value = bpf_map_lookup_elem(&longer, &key);

		if (value)
			return palette_word(*value);
	}
	return palette_word(found & ~DEEPER16);
}

__noinline __u32 find_dir4(__u32 address)
{
	const __u32 *entries = block_of(&dir24, (address >> 8) / TABLE_ENTRIES4);
	__u32 found = entries ? entries[(address >> 8) & (TABLE_ENTRIES4 - 1)] : 0;

	if (found & DEEPER32)
		found = entry16(&below24, (found & ~DEEPER32) << 8 | (address & 0xff));
	return palette_word(found);
}

__noinline __u32 find_trie4(__u32 address)
{
	struct key4 key = { 32, __builtin_bswap32(address) };
	const __u32 *value = bpf_map_lookup_elem(&trie4, &key);

	return value ? palette_word(*value) : COUNTRY_ZZ;
}

__noinline __u32 find_trie6(__u64 high)
{
	struct key6 key = { 128, { __builtin_bswap32(high >> 32), __builtin_bswap32(high) } };
	const __u32 *value = bpf_map_lookup_elem(&trie6, &key);

	return value ? palette_word(*value) : COUNTRY_ZZ;
}

#define PROGRAM(name, type)                                                     \
	SEC("xdp") int run_##name(struct xdp_md *context)                       \
	{                                                                       \
		__u32 zero = 0, at = cursor, i;                                 \
		const __u64 *all = bpf_map_lookup_elem(&keys, &zero);           \
		__u64 total = 0;                                                \
                                                                                \
		if (!context || !all)                                           \
			return XDP_ABORTED;                                     \
		for (i = 0; i < LOOKUPS; i++)                                   \
			total += find_##name((type)all[(at + i) & (KEYS - 1)]); \
		cursor = at + LOOKUPS;                                          \
		sum += total;                                                   \
		return XDP_PASS;                                                \
	}

PROGRAM(none4, __u32)
PROGRAM(none6, __u64)
PROGRAM(chunks4, __u32)
PROGRAM(hash4, __u32)
PROGRAM(dir4, __u32)
PROGRAM(trie4, __u32)
PROGRAM(chunks6, __u64)
PROGRAM(trie6, __u64)
