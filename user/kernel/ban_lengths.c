// SPDX-License-Identifier: GPL-2.0-or-later
/* See ban_lengths.h. */
#include "kernel/ban_lengths.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/bloom_fill.h"

uint32_t *ban_lengths(struct control *control, bool is4, uint32_t **count)
{
	*count = is4 ? &control->length_count4 : &control->length_count6;
	return is4 ? control->lengths4 : control->lengths6;
}

/* Waits for packets that are being judged (an RCU grace period): one of them may still walk the
 * lengths by an older count, under which the slot that is written next held another length. */
static void wait_for_packets(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(20000); /* far longer than a packet takes */
}

/* Adds a length: the gate must look for it before its first ban is in the map. */
int ban_length_add(struct control *control, const struct prefix *prefix)
{
	uint32_t *count, *lengths = ban_lengths(control, prefix_is4(prefix), &count);

	for (uint32_t i = 0; i < *count; i++)
		if (lengths[i] == prefix->length)
			return 0;
	if (*count >= BAN_LENGTHS)
		return -ENOSPC;
	wait_for_packets();
	__atomic_store_n(&lengths[*count], prefix->length, __ATOMIC_RELAXED);
	__atomic_store_n(count, *count + 1, __ATOMIC_RELEASE);
	return 0;
}

void ban_sweep_note(struct gate *gate, const struct prefix *prefix)
{
	__u64 *lengths = gate->control->ban_sweep_lengths[prefix_is4(prefix)];

	if (!gate->control->ban_sweep || prefix->length > 128)
		return;
	lengths[prefix->length / 64] |= 1ULL << prefix->length % 64;
	bloom_note(&gate->ban_bloom, prefix);
}

void ban_lengths_keep_noted(struct control *control, bool is4)
{
	const __u64 *noted = control->ban_sweep_lengths[is4];
	uint32_t *count, *lengths = ban_lengths(control, is4, &count);

	for (uint32_t i = 0; i < *count;) {
		if (noted[lengths[i] / 64] >> lengths[i] % 64 & 1) {
			i++;
			continue;
		}
		__atomic_store_n(&lengths[i], lengths[*count - 1], __ATOMIC_RELEASE);
		__atomic_store_n(count, *count - 1, __ATOMIC_RELEASE);
	}
}
