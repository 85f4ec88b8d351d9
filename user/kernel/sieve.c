// SPDX-License-Identifier: GPL-2.0-or-later
/* See kernel/sieve.h. Writers hold the instance's lock; the gate reads meanwhile. */
#include "kernel/sieve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "ban_sieve.h"

uint32_t sieve_words(uint32_t ban_size)
{
	uint32_t bits = SIEVE_BITS_LEAST;

	while (bits < SIEVE_BITS_MOST && bits / SIEVE_BITS_EACH < ban_size)
		bits *= 2;
	return 1 + bits / 64;
}

/* The most bits, a power of two, that so many words have room for. */
static uint32_t bits_of(uint32_t words)
{
	uint32_t bits = 64;

	while (bits < SIEVE_BITS_MOST && bits / 64 * 2 <= words - 1)
		bits *= 2;
	return bits;
}

int sieve_map(struct gate *gate, struct fault *fault)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	void *at;

	if (bpf_obj_get_info_by_fd(gate->maps[MAP_SIEVE], &info, &size))
		return fault_set(fault, -errno, "cannot ask about the map sieve: %s",
				 strerror(errno));
	if (info.max_entries < 2)
		return fault_set(fault, -EPROTO, "the map sieve has no room for a bit");
	at = mmap(NULL, info.max_entries * sizeof(*gate->sieve), PROT_READ | PROT_WRITE, MAP_SHARED,
		  gate->maps[MAP_SIEVE], 0);
	if (at == MAP_FAILED)
		return fault_set(fault, -errno, "cannot map the sieve of the bans: %s",
				 strerror(errno));
	gate->sieve = at;
	gate->sieve_words = info.max_entries;
	return 0;
}

void sieve_unmap(struct gate *gate)
{
	if (gate->sieve)
		munmap(gate->sieve, gate->sieve_words * sizeof(*gate->sieve));
	gate->sieve = NULL;
}

static void set_bit(uint64_t *words, uint32_t bit)
{
	/* Release, and before the system call that puts the ban in: whoever finds the ban by its
	 * prefix has found the bit. */
	__atomic_fetch_or(&words[1 + bit / 64], 1ULL << bit % 64, __ATOMIC_RELEASE);
}

void sieve_add(struct gate *gate, const struct prefix *prefix)
{
	set_bit(gate->sieve, sieve_bit(prefix, bits_of(gate->sieve_words)));
}

uint64_t *sieve_begin(const struct gate *gate)
{
	return calloc(gate->sieve_words, sizeof(uint64_t));
}

void sieve_note(const struct gate *gate, uint64_t *words, const struct prefix *prefix)
{
	set_bit(words, sieve_bit(prefix, bits_of(gate->sieve_words)));
}

void sieve_replace(struct gate *gate, const uint64_t *words)
{
	for (uint32_t i = 1; i < gate->sieve_words; i++)
		if (gate->sieve[i] != words[i])
			__atomic_store_n(&gate->sieve[i], words[i], __ATOMIC_RELAXED);
	sieve_believe(gate);
}

void sieve_believe(struct gate *gate)
{
	__atomic_store_n(&gate->sieve[0], bits_of(gate->sieve_words), __ATOMIC_RELEASE);
}
