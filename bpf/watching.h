/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports verdicts to processes that watch (verdict_word.h). Packets that are not reported cost
 * only watch_is_on(). */
#ifndef SEKISHO_WATCHING_H
#define SEKISHO_WATCHING_H

#include "packet.h"
#include "verdict_word.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct watching);
} watching SEC(".maps");

struct watch_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, WATCH_SLOTS);
	__type(key, __u32);
	__array(values, struct watch_ring);
} watched SEC(".maps");

/* Who watches, and what. Never NULL, but the verifier wants it checked. */
static __always_inline struct watching *watch_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&watching, &zero);
}

/* Whether somebody may watch verdicts like this word, as far as that is known without a clock. */
static __always_inline bool watch_is_on(__u32 word)
{
	const struct watching *state;

	if (!(word & VERDICT_SAID))
		return false;
	state = watch_state();
	return state && *(volatile __u32 *)&state->active;
}

/* Whether the filter takes the packet with this verdict. */
static __always_inline bool watch_wants(const struct watch_filter *filter,
					const struct packet *packet, __u32 word)
{
	__u32 country = verdict_country(word);

	if (!(filter->services & 1U << verdict_service(word)) ||
	    !(filter->reasons & 1U << verdict_reason(word)))
		return false;
	if (!filter->every_country && !(filter->countries[country / 64] & 1ULL << country % 64))
		return false;
	if (filter->family && (filter->family == 4) != packet->is4)
		return false;
	for (int i = 0; i < 4; i++)
		if ((packet->source.word[i] & filter->mask.word[i]) != filter->source.word[i])
			return false;
	return true;
}

/* Whether the rate allows another record. Once a window's records are taken, its count is
 * only read, which stays cheap on many CPUs. Two CPUs that begin a window together may take
 * a few more. */
static __always_inline bool watch_within_rate(struct watch_slot *slot, __u64 now)
{
	__u64 number = now >> WATCH_WINDOW_SHIFT;

	if (*(volatile __u64 *)&slot->window != number) {
		*(volatile __u64 *)&slot->window = number;
		*(volatile __u64 *)&slot->taken = 0;
	}
	return *(volatile __u64 *)&slot->taken < slot->filter.most &&
	       __sync_fetch_and_add(&slot->taken, 1) < slot->filter.most;
}

/* A record for the watcher of a slot, filled in except for the bytes; NULL: no record is for
 * him. */
static __always_inline struct watch_record *watch_reserve(struct watch_slot *slot, __u32 number,
							  const struct packet *packet, __u32 word)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct watch_record *record;
	void *ring;

	if (slot->until_ns <= now) {
		struct watching *state = watch_state();

		if (state)
			__sync_fetch_and_and(&state->active, ~(1U << number));
		return NULL;
	}
	if (!watch_wants(&slot->filter, packet, word))
		return NULL;
	if (!watch_within_rate(slot, now)) {
		__sync_fetch_and_add(&slot->missed, 1);
		return NULL;
	}
	ring = bpf_map_lookup_elem(&watched, &number);
	record = ring ? bpf_ringbuf_reserve(ring, sizeof(*record), 0) : NULL;
	if (!record) {
		__sync_fetch_and_add(&slot->lost, 1);
		return NULL;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->time_ns = now;
	record->source = packet->source;
	record->word = word;
	record->port = packet->port;
	record->syn = packet->syn != 0;
	return record;
}

/* How many of a packet's `size` bytes are taken: 1 to WATCH_BYTES, in a form whose bounds the
 * verifier sees. */
static __always_inline __u32 watch_length(__u32 size)
{
	__u32 last = (size < WATCH_BYTES ? size : WATCH_BYTES) - 1;

	barrier_var(last);
	last &= WATCH_BYTES - 1;
	last++;
	barrier_var(last);
	return last;
}

/* Watchers are not woken: they look at their buffer some times a second. */
#define WATCH_SUBMIT BPF_RB_NO_WAKEUP

/* The same as watch_tell_tc(), for XDP. `frags`: whether this kernel has bpf_xdp_load_bytes()
 * (5.18); without it no bytes are taken. */
static __always_inline void watch_tell_xdp(struct xdp_md *ctx, const struct packet *packet,
					   __u32 word, bool frags)
{
	struct watching *state = watch_state();

	for (__u32 i = 0; state && i < WATCH_SLOTS; i++) {
		struct watch_record *record = NULL;
		__u32 length;

		if (state->active & 1U << i)
			record = watch_reserve(&state->slots[i], i, packet, word);
		if (!record)
			continue;
		record->packet_size = ctx->data_end - ctx->data;
		length = watch_length(record->packet_size);
		if (frags && state->slots[i].filter.bytes &&
		    !bpf_xdp_load_bytes(ctx, 0, record->bytes, length))
			record->size = (__u16)length;
		bpf_ringbuf_submit(record, WATCH_SUBMIT);
	}
}

/* Writes a record for each watcher, with the packet's first bytes if the watcher wants them.
 * `ip_offset`: offset of the packet's IP header. */
static __always_inline void watch_tell_tc(struct __sk_buff *skb, const struct packet *packet,
					  __u32 word, __u32 ip_offset)
{
	struct watching *state = watch_state();

	for (__u32 i = 0; state && i < WATCH_SLOTS; i++) {
		struct watch_record *record = NULL;
		__u32 length;

		if (state->active & 1U << i)
			record = watch_reserve(&state->slots[i], i, packet, word);
		if (!record)
			continue;
		record->packet_size = skb->len;
		record->protocol = bpf_ntohs((__u16)skb->protocol);
		record->ip_offset = ip_offset;
		length = watch_length(skb->len);
		if (state->slots[i].filter.bytes &&
		    !bpf_skb_load_bytes(skb, 0, record->bytes, length))
			record->size = (__u16)length;
		bpf_ringbuf_submit(record, WATCH_SUBMIT);
	}
}

#endif
