/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct packet -> drop or pass, in the order that the manual promises; the first match wins.
 * Bans and deny lists act on every packet, so that open sessions end; the rest on SYNs alone.
 */
#ifndef SEKISHO_VERDICT_H
#define SEKISHO_VERDICT_H

#include "count.h"
#include "packet.h"
#include "table_find.h"

static __always_inline const void *table_block(void *inner, __u32 block)
{
	return bpf_map_lookup_elem(inner, &block);
}

static __always_inline const struct policy *current_policy(void)
{
	__u32 zero = 0;
	void *inner = bpf_map_lookup_elem(&policy, &zero);

	return inner ? bpf_map_lookup_elem(inner, &zero) : NULL;
}

/*
 * The static table's word on the source, as the bytes of a struct leaf. One outer look-up, so never
 * a mixture of two tables. This and the next are global functions: the verifier checks each once,
 * by itself, and not again behind every way that leads there.
 */
__noinline __u32 find_leaf(const struct packet *packet)
{
	union {
		struct leaf leaf;
		__u32 bytes;
	} found = { .leaf = { .country = COUNTRY_ZZ } };
	__u32 zero = 0;
	const struct table_head *head;
	const __be32 *word;
	void *inner;

	inner = bpf_map_lookup_elem(&table, &zero);
	if (!inner || !packet)
		return found.bytes;
	head = table_block(inner, 0);
	if (!head)
		return found.bytes;
	word = packet->source.word;
	if (packet->is4)
		found.leaf = table_find4(head, inner, bpf_ntohl(word[3]));
	else
		found.leaf = table_find6(head, inner,
					 (__u64)bpf_ntohl(word[0]) << 32 | bpf_ntohl(word[1]),
					 (__u64)bpf_ntohl(word[2]) << 32 | bpf_ntohl(word[3]));
	return found.bytes;
}

static __always_inline struct ban *probe_ban(const struct address *source, __u32 length)
{
	__u64 high = length < 64 ? ~(~0ULL >> (length & 63)) : ~0ULL;
	__u64 low = length < 128 ? ~(~0ULL >> (length & 63)) : ~0ULL;
	struct prefix key;

	if (length <= 64)
		low = 0;
	key.address.word[0] = source->word[0] & bpf_htonl((__u32)(high >> 32));
	key.address.word[1] = source->word[1] & bpf_htonl((__u32)high);
	key.address.word[2] = source->word[2] & bpf_htonl((__u32)(low >> 32));
	key.address.word[3] = source->word[3] & bpf_htonl((__u32)low);
	key.length = length;
	return bpf_map_lookup_elem(&bans, &key);
}

/* Counts the packet against the ban if it is still running. */
static __always_inline bool ban_holds(struct ban *ban, __u32 syn)
{
	__u64 now = bpf_ktime_get_boot_ns();

	if (ban->expires_ns <= now)
		return false;
	__sync_fetch_and_add(&ban->packets, 1);
	if (syn)
		__sync_fetch_and_add(&ban->attempts, 1);
	ban->last_ns = now;
	return true;
}

/* Whether an active ban, of whatever length, covers the source. */
__noinline int is_banned(const struct packet *packet)
{
	__u32 zero = 0, count;
	const __u32 *lengths;
	struct control *state;

	state = bpf_map_lookup_elem(&control, &zero);
	if (!state || !packet)
		return 0;
	count = packet->is4 ? state->length_count4 : state->length_count6;
	lengths = packet->is4 ? state->lengths4 : state->lengths6;
	for (__u32 i = 0; i < BAN_LENGTHS && i < count; i++) {
		struct ban *ban = probe_ban(&packet->source, lengths[i]);

		if (ban && ban_holds(ban, packet->syn))
			return 1;
	}
	return 0;
}

/* What only a SYN is asked: country policy now; connections and rates have their place here. */
static __always_inline enum reason judge_syn(const struct policy *rules, __u32 service,
					     __u32 country)
{
	__u32 class = rules->country_class[service][country];

	if (class == CLASS_DENY)
		return REASON_COUNTRY;
	return REASON_NONE;
}

/* 1: drop, 0: pass. */
__noinline int verdict(struct packet *packet)
{
	const struct policy *rules;
	enum reason reason;
	struct leaf leaf;
	__u32 service, country, mode, bytes;

	if (!packet || packet->kind == PACKET_OTHER)
		return 0;
	rules = current_policy();
	if (!rules)
		return 0;
	service = rules->port_service[packet->port] & (SERVICE_MAX - 1);
	/* An unreadable packet whose port was seen is the gate's only on a protected port. */
	if (!service && (packet->kind == PACKET_TCP || packet->port))
		return 0;
	mode = rules->mode;
	bytes = find_leaf(packet);
	__builtin_memcpy(&leaf, &bytes, sizeof(leaf));
	country = leaf.country < COUNTRY_COUNT ? leaf.country : COUNTRY_ZZ;
	if (leaf.list && leaf.flags & LEAF_ALLOW) {
		count_list(leaf.list, packet->syn);
		reason = REASON_NONE;
	} else if (is_banned(packet)) {
		reason = REASON_BANNED;
	} else if (leaf.flags & LEAF_DENY) {
		count_list(leaf.list, packet->syn);
		reason = REASON_LISTED;
	} else if (packet->kind == PACKET_UNREADABLE) {
		reason = REASON_UNREADABLE;
	} else if (packet->syn) {
		reason = judge_syn(rules, service, country);
	} else {
		return 0;
	}
	if (packet->syn)
		count_attempt(service, country, reason, mode);
	if (!reason)
		return 0;
	count_reason(service, reason, mode, packet->syn);
	return mode == GATE_ENFORCE;
}

#endif
