// SPDX-License-Identifier: GPL-2.0-or-later
/* See kernel/bloom_fill.h. Writers hold the writers' lock. Meanwhile the gate reads, and marks
 * networks. */
#include "kernel/bloom_fill.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "bloom_bit.h"

uint32_t bloom_words(uint32_t entries, bool noted)
{
	uint32_t bits = BLOOM_BITS_LEAST;

	while (bits < BLOOM_BITS_MOST && bits / BLOOM_BITS_EACH < entries)
		bits *= 2;
	return 1 + bits / 64 * (noted ? 2 : 1);
}

/* The number of bits of the filter: the largest power of two that there is room for. */
static uint32_t bits_of(const struct bloom *bloom)
{
	uint32_t bits = 64;

	while (bits < BLOOM_BITS_MOST && bits / 64 * 2 <= bloom->count - 1)
		bits *= 2;
	return bits;
}

int bloom_map(struct gate *gate, enum gate_map map, struct bloom *bloom, struct fault *fault)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	void *at;

	if (bpf_obj_get_info_by_fd(gate->maps[map], &info, &size))
		return fault_set(fault, -errno, "cannot ask about the map %s: %s",
				 gate_map_name(map), strerror(errno));
	if (info.max_entries < 3)
		return fault_set(fault, -EPROTO, "the map %s has no room for a bit",
				 gate_map_name(map));
	at = mmap(NULL, info.max_entries * sizeof(*bloom->words), PROT_READ | PROT_WRITE,
		  MAP_SHARED, gate->maps[map], 0);
	if (at == MAP_FAILED)
		return fault_set(fault, -errno, "cannot map the Bloom filter %s: %s",
				 gate_map_name(map), strerror(errno));
	bloom->words = at;
	bloom->mapped = bloom->count = info.max_entries;
	if (map == MAP_BAN_BLOOM) {
		bloom->count = 1 + (info.max_entries - 1) / 2;
		bloom->noted = bloom->words + bloom->count;
	}
	return 0;
}

void bloom_unmap(struct bloom *bloom)
{
	if (bloom->words)
		munmap(bloom->words, bloom->mapped * sizeof(*bloom->words));
	bloom->words = NULL;
}

bool bloom_is_valid(const struct bloom *bloom)
{
	return __atomic_load_n(&bloom->words[0], __ATOMIC_ACQUIRE) & BLOOM_VALID;
}

static void set_bit(uint64_t *words, uint32_t bit)
{
	/* Release order, and before the system call that adds a ban: whoever finds the ban by its
	 * prefix also finds the bit. */
	__atomic_fetch_or(&words[bit / 64], 1ULL << bit % 64, __ATOMIC_RELEASE);
}

void bloom_add_ban(struct bloom *bloom, const struct prefix *prefix)
{
	set_bit(bloom->words + 1, bloom_bit(prefix, 0, bits_of(bloom)));
}

void bloom_add_network(struct bloom *bloom, const struct meter_key *network, uint32_t which)
{
	uint32_t bit = network_bit(&network->prefix, network->service, bits_of(bloom));

	for (uint32_t i = 0; i < 2; i++)
		if (which & NETWORK_THERE << i)
			set_bit(bloom->words + 1, bit + i);
}

void bloom_believe(struct bloom *bloom)
{
	__atomic_store_n(&bloom->words[0], bits_of(bloom) | BLOOM_VALID, __ATOMIC_RELEASE);
}

void bloom_empty(struct bloom *bloom)
{
	__atomic_store_n(&bloom->words[0], bits_of(bloom), __ATOMIC_SEQ_CST);
	for (uint32_t i = 1; i < bloom->count; i++)
		if (bloom->words[i])
			__atomic_store_n(&bloom->words[i], 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void bloom_note_none(struct bloom *bloom)
{
	memset(bloom->noted, 0, (bloom->count - 1) * sizeof(*bloom->noted));
}

void bloom_note(struct bloom *bloom, const struct prefix *prefix)
{
	set_bit(bloom->noted, bloom_bit(prefix, 0, bits_of(bloom)));
}

void bloom_take_noted(struct bloom *bloom)
{
	uint64_t *words = bloom->words + 1;

	for (uint32_t i = 0; i < bloom->count - 1; i++)
		if (words[i] != bloom->noted[i])
			__atomic_store_n(&words[i], bloom->noted[i], __ATOMIC_RELAXED);
	bloom_believe(bloom);
}
