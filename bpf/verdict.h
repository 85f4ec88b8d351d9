/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct packet -> drop or pass, in the order that the manual promises; the first match wins. Bans
 * and deny lists act on every packet, so that open sessions end; all else acts on SYNs only.
 */
#ifndef SEKISHO_VERDICT_H
#define SEKISHO_VERDICT_H

#include "bloom.h"
#include "stats.h"
#include "handshake.h"
#include "judge_syn.h"
#include "packet.h"
#include "passing.h"
#include "table_find.h"
#include "verdict_word.h"

/* A block of the static table, other than the head's (TABLE_BLOCK bytes); NULL: the table has fewer
 * blocks. */
static __always_inline const void *table_block(const struct table_head *head, __u32 block)
{
	__u32 slot = head->rest, behind = block - 1;
	void *rest = bpf_map_lookup_elem(&table_rest, &slot);

	return rest ? bpf_map_lookup_elem(rest, &behind) : NULL;
}

/*
 * A source's word in host order. Older verifiers (6.1) know nothing of a value once its bytes were
 * swapped, and clang would fold the shift that bounds it into the swap: keep the two apart.
 */
static __always_inline __u32 host_word(__be32 word)
{
	__u32 host = bpf_ntohl(word);

	asm volatile("" : "+r"(host));
	return host;
}

/* A lookup and the stamp of its table. Stamp 0: there is no table. */
union stamped_lookup {
	struct {
		struct lookup lookup;
		__u32 stamp;
	};
	__u64 bytes;
};

/* The head of the table in force; NULL: there is none. Each question gets it once, and so never a
 * mixture of two tables. */
static __always_inline const struct table_head *current_table(void)
{
	__u32 zero = 0;
	void *inner = bpf_map_lookup_elem(&table, &zero);

	return inner ? bpf_map_lookup_elem(inner, &zero) : NULL;
}

/* Looks an IPv4 source up in the static table for a service. Returns the bytes of a stamped lookup.
 */
static __always_inline __u64 lookup4(const struct packet *packet, __u32 service)
{
	union stamped_lookup found = { .lookup = { .country = COUNTRY_ZZ } };
	const struct table_head *head = current_table();

	if (!head)
		return found.bytes;
	found.stamp = head->stamp;
	found.lookup = table_find4(head, host_word(packet->source.word[3]), service);
	return found.bytes;
}

/*
 * The same for either family. This and the next __noinline functions are global: the verifier
 * checks each once, by itself, and not again behind every way that leads there.
 */
__noinline __u64 find_lookup(const struct packet *packet, __u32 service)
{
	union stamped_lookup found = { .lookup = { .country = COUNTRY_ZZ } };
	const struct table_head *head = current_table();
	const __be32 *word;

	if (!head || !packet)
		return found.bytes;
	if (packet->is4)
		return lookup4(packet, service);
	found.stamp = head->stamp;
	word = packet->source.word;
	found.lookup = table_find6(head, (__u64)host_word(word[0]) << 32 | host_word(word[1]),
				   (__u64)host_word(word[2]) << 32 | host_word(word[3]), service);
	return found.bytes;
}

/* The same for each packet: the code for IPv4 is short enough to be inlined. */
static __always_inline __u64 lookup_packet(const struct packet *packet, __u32 service)
{
	return packet->is4 ? lookup4(packet, service) : find_lookup(packet, service);
}

/*
 * CLOCK_BOOTTIME as of the last tick: exact enough for the end of a ban, and far cheaper than
 * reading the clock for each packet. The time is written before its tick, so that an interrupt in
 * between finds the older pair.
 */
static __always_inline __u64 tick_time(void)
{
	__u64 now, tick = bpf_jiffies64();
	struct tick_clock *clock;
	__u32 zero = 0;

	clock = bpf_map_lookup_elem(&tick_clock, &zero);
	if (!clock)
		return bpf_ktime_get_boot_ns();
	if (*(volatile __u64 *)&clock->tick == tick)
		return clock->boot_ns;
	now = bpf_ktime_get_boot_ns();
	*(volatile __u64 *)&clock->boot_ns = now;
	*(volatile __u64 *)&clock->tick = tick;
	return now;
}

/* Whether the ban closes a port now, by the port's port_service[]. A port that was not seen (0) is
 * closed only if the ban closes all services. */
static __always_inline bool ban_closes(const struct ban *ban, __u32 port, __u64 now)
{
	if (ban->expires_ns[port / PORT_LOGIN & 1] <= now)
		return false;
	return port || ban->expires_ns[BAN_GROUP_LOGIN] > now;
}

/* The first ban of the source that closes the port and has not ended, with its prefix in `*prefix`.
 * NULL: there is none. */
static __always_inline struct ban *find_ban(const struct packet *packet, __u32 port, __u64 *now,
					    struct prefix *prefix)
{
	__u32 zero = 0, count;
	const __u32 *lengths;
	const struct control *state = bpf_map_lookup_elem(&control, &zero);

	if (!state)
		return NULL;
	count = packet->is4 ? state->length_count4 : state->length_count6;
	lengths = packet->is4 ? state->lengths4 : state->lengths6;
	for (__u32 i = 0; i < BAN_LENGTHS && i < count; i++) {
		struct ban *ban;

		*prefix = mask_prefix(&packet->source, lengths[i]);
		if (!ban_may_be(prefix))
			continue;
		ban = bpf_map_lookup_elem(&bans, prefix);
		if (!ban)
			continue;
		*now = tick_time();
		if (ban_closes(ban, port, *now))
			return ban;
	}
	return NULL;
}

/*
 * The lookup of a banned source: the one that the ban remembers of this table, else a new one. A
 * lookup is remembered only if it is the same for all sources of the ban and for every service. It
 * is written and read as one word.
 */
static __always_inline union stamped_lookup lookup_of_banned(struct ban *ban,
							     const struct packet *packet,
							     __u32 service,
							     const struct prefix *banned)
{
	union stamped_lookup lookup = { .bytes = *(volatile __u64 *)&ban->lookup }, noted;
	__u32 zero = 0, length = banned->length, mixed = stamp_of(banned);
	const struct control *state = bpf_map_lookup_elem(&control, &zero);

	if (state && lookup.bytes && lookup.stamp - mixed == state->table_stamp)
		return lookup;
	lookup.bytes = find_lookup(packet, service);
	if (lookup.lookup.flags & LOOKUP_MIXED)
		return lookup;
	noted = lookup;
	noted.stamp += mixed;
	if (lookup.stamp && (length == 128 || (!packet->is4 && length >= 64 &&
					       !(lookup.lookup.flags & LOOKUP_LONG))))
		*(volatile __u64 *)&ban->lookup = noted.bytes;
	return lookup;
}

/* Whether an allow list has the source. */
static __always_inline bool lookup_allows(const struct lookup *lookup)
{
	return lookup->list && lookup->flags & LOOKUP_ALLOW;
}

/* Whether the source may be banned. If bans have several lengths, always: a look at the second is
 * too much for the verifier here. */
static __always_inline bool may_be_banned(const struct packet *packet, const struct control *state)
{
	__u32 count = packet->is4 ? state->length_count4 : state->length_count6;
	struct prefix prefix;

	if (count != 1)
		return count;
	prefix =
		mask_prefix(&packet->source, packet->is4 ? state->lengths4[0] : state->lengths6[0]);
	return ban_may_be(&prefix);
}

/* Bits of judge_ban()'s result: the source is banned; it is banned, but an allow list lets
 * it in. */
#define SOURCE_BANNED (1ULL << 32)
#define SOURCE_LIFTED (1ULL << 33)

/*
 * 0: no active ban of the packet's source closes its port (port_service[]). Else the bytes of the
 * source's lookup, with SOURCE_BANNED, for which the packet is counted, or SOURCE_LIFTED. Bans are
 * looked up before the table, which a flood of banned sources then need not reach.
 */
__noinline __u64 judge_ban(const struct packet *packet, __u32 port)
{
	union stamped_lookup lookup;
	struct prefix prefix;
	struct ban *ban;
	__u64 now = 0;

	if (!packet)
		return 0;
	ban = find_ban(packet, port, &now, &prefix);
	if (!ban)
		return 0;
	lookup = lookup_of_banned(ban, packet, port & (SERVICE_MAX - 1), &prefix);
	if (lookup_allows(&lookup.lookup))
		return (__u32)lookup.bytes | SOURCE_LIFTED;
	__sync_fetch_and_add(&ban->packets, 1);
	if (packet->syn)
		__sync_fetch_and_add(&ban->attempts, 1);
	ban->last = (__u32)(now >> BAN_TIME_SHIFT);
	return (__u32)lookup.bytes | SOURCE_BANNED;
}

/* Whether the gate judges the packet, and in `*port` the port_service[] of its port. It judges an
 * unreadable packet whose port was seen only on a protected port, and always (service 0) one whose
 * port was not. */
static __always_inline bool is_asked(const struct policy *rules, const struct packet *packet,
				     __u32 *port)
{
	if (packet->kind == PACKET_OTHER || !rules)
		return false;
	*port = rules->port_service[packet->port];
	return *port || (packet->kind == PACKET_UNREADABLE && !packet->port);
}

/* The verdict on a packet (verdict_word.h), which passes unless VERDICT_DROP is set. One call reads
 * one policy. */
static __always_inline __u32 verdict(const struct packet *packet)
{
	const struct policy *rules = current_policy();
	enum reason reason;
	union stamped_lookup found;
	struct lookup lookup;
	__u32 port, service, country, mode, word, stranger = 0, judged, changes = 1, zero = 0;
	const struct control *state = bpf_map_lookup_elem(&control, &zero);
	struct passing *noted = NULL;
	__u64 source = 0;

	if (!state || !is_asked(rules, packet, &port))
		return 0;
	if (packet->kind == PACKET_TCP && !packet->syn)
		noted = passing_of(&packet->source);
	if (noted) {
		changes = *(const volatile __u32 *)&state->ban_changes;
		if (passing_holds(noted, packet, port, changes, state->table_stamp))
			return 0;
		/* A full barrier: bans are looked up after `changes` was read. */
		__sync_lock_test_and_set(&noted->ban_changes, 1);
	}
	service = port & (SERVICE_MAX - 1);
	mode = rules->mode;
	if (may_be_banned(packet, state))
		source = judge_ban(packet, port);
	found.bytes = source ? source : lookup_packet(packet, service);
	lookup = found.lookup;
	country = lookup_country(rules, service, lookup.country);
	if (lookup_allows(&lookup)) {
		count_list(lookup.list, packet->syn);
		reason = REASON_NONE;
	} else if (source & SOURCE_BANNED) {
		reason = REASON_BANNED;
	} else if (lookup.flags & LOOKUP_DENY) {
		count_list(lookup.list, packet->syn);
		reason = REASON_LISTED;
	} else if (packet->kind == PACKET_UNREADABLE) {
		reason = REASON_UNREADABLE;
	} else if (packet->syn && class_of(rules, service, country) == CLASS_DENY) {
		reason = REASON_COUNTRY;
	} else if (packet->syn) {
		judged = (__u32)judge_syn(packet, service, country);
		reason = judged & (SYN_METERED - 1);
		if (!reason && rules->count_syn)
			meter_syn(packet, service, country);
		if (!judged && rules->syn_cookies)
			stranger = mode == GATE_ENFORCE ? VERDICT_STRANGER
							: VERDICT_STRANGER | VERDICT_COUNTS;
	} else {
		if (noted && !source)
			passing_note(noted, packet, port, changes, found.stamp);
		return 0;
	}
	if (packet->syn)
		count_attempt(service, country, reason, mode);
	word = verdict_word(service, country, reason, lookup.list);
	if (!reason)
		return packet->syn ? word | stranger : 0;
	count_reason(service, reason, mode, packet->syn);
	return word | (mode == GATE_ENFORCE ? VERDICT_DROP : VERDICT_WOULD);
}

#endif
