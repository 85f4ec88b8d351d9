/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outflow breaker: a connection to a mail port elsewhere -> drop or pass. It is on tc egress,
 * where our own SYNs are not forged: so a SYN counts here, unlike at the gate.
 */
#ifndef SEKISHO_OUTFLOW_JUDGE_H
#define SEKISHO_OUTFLOW_JUDGE_H

#include "bucket.h"
#include "outflow_maps.h"
#include "outflow_syn.h"

#define SOCKET_STREAM 1

/* A guest's SYN that comes again is free about as often as Linux sends one again (6 times in two
 * minutes). Further repetitions are not, since a guest could forge them: its stack is not ours. */
#define OUTFLOW_REPEATS	  8
#define OUTFLOW_REPEAT_NS (130 * 1000000000ULL)

/* The rules in force; NULL: none are published. */
static __always_inline const struct outflow_rules *current_outflow_rules(void)
{
	__u32 zero = 0;
	void *inner = bpf_map_lookup_elem(&outflow_rules, &zero);

	return inner ? bpf_map_lookup_elem(inner, &zero) : NULL;
}

/* What all senders share: releases, counts of full tables. Never NULL, but the verifier wants it
 * checked. */
static __always_inline struct outflow_control *outflow_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&outflow_control, &zero);
}

/* Which of `excepts` (guests == 0) or `guests` holds the address, from 1; 0: none. */
__noinline int outflow_find_prefix(const struct address *address, __u32 is4, __u32 guests)
{
	const struct outflow_rules *rules = current_outflow_rules();
	__u32 count;

	if (!rules || !address)
		return 0;
	count = guests ? rules->guest_count : rules->except_count;
	for (__u32 i = 0; i < OUTFLOW_PREFIXES; i++) {
		const struct outflow_prefix *prefix = guests ? &rules->guests[i]
							     : &rules->excepts[i];

		if (i >= count)
			break;
		if (prefix->is4 == is4 &&
		    (address->word[0] & prefix->mask.word[0]) == prefix->address.word[0] &&
		    (address->word[1] & prefix->mask.word[1]) == prefix->address.word[1] &&
		    (address->word[2] & prefix->mask.word[2]) == prefix->address.word[2] &&
		    (address->word[3] & prefix->mask.word[3]) == prefix->address.word[3])
			return (int)i + 1;
	}
	return 0;
}

/* Whether [outflow] users lets this user send; guests are not asked. */
static __always_inline bool outflow_may_send(const struct outflow_rules *rules,
					     const struct outflow_key *who)
{
	if (!rules->users_only || who->origin != OUTFLOW_LOCAL)
		return true;
	for (__u32 i = 0; i < OUTFLOW_USERS && i < rules->user_count; i++)
		if (rules->users[i] == who->id)
			return true;
	return false;
}

/* The key's entry, which is made if it is not there; in a full map the entry for all others. */
static __always_inline struct outflow_breaker *outflow_breaker_of(const struct outflow_key *key,
								  struct outflow_control *control)
{
	struct outflow_breaker *breaker = bpf_map_lookup_elem(&outflow_breakers, key);
	struct outflow_key other = { .origin = OUTFLOW_OTHER };
	struct outflow_breaker fresh = {};

	if (breaker)
		return breaker;
	if (!bpf_map_update_elem(&outflow_breakers, key, &fresh, BPF_NOEXIST))
		__sync_fetch_and_add(&control->breaker_used, 1);
	breaker = bpf_map_lookup_elem(&outflow_breakers, key);
	if (breaker)
		return breaker;
	__sync_fetch_and_add(&control->breaker_overflows, 1);
	return bpf_map_lookup_elem(&outflow_breakers, &other);
}

/* Takes a token if there is one. Of two CPUs at once the loser tries again, a few times; then there
 * is none for it, so that the limit holds. */
static __always_inline bool outflow_take(struct outflow_breaker *breaker, __u64 now, __u64 interval,
					 __u32 burst)
{
	for (int i = 0; i < 8; i++) {
		__u64 seen = *(volatile __u64 *)&breaker->arrival_ns;

		if (!bucket_has(seen, now, interval, burst))
			return false;
		if (__sync_val_compare_and_swap(&breaker->arrival_ns, seen,
						bucket_take(seen, now, interval, burst)) == seen)
			return true;
	}
	return false;
}

/* Notes that an attempt was held back; the first after a quiet time begins a trip. */
static __always_inline void outflow_hold(struct outflow_breaker *breaker,
					 const struct outflow_rules *rules, __u64 released_ns,
					 const struct outflow_syn *syn)
{
	__u64 since = *(volatile __u64 *)&breaker->since_ns;

	if ((!since || breaker->last_held_ns + rules->calm_ns <= syn->now ||
	     since <= released_ns) &&
	    __sync_val_compare_and_swap(&breaker->since_ns, since, syn->now) == since) {
		breaker->trip_held = 0;
		__sync_fetch_and_add(&breaker->trips, 1);
	}
	breaker->last_held_ns = syn->now;
	if (syn->repeat)
		return;
	__sync_fetch_and_add(&breaker->trip_held, 1);
	__sync_fetch_and_add(&breaker->held, 1);
}

/* Judges a SYN that is not excepted. Returns enum outflow_verdict. */
__noinline int outflow_judge(const struct outflow_syn *syn)
{
	const struct outflow_rules *rules = current_outflow_rules();
	struct outflow_control *control = outflow_state();
	struct outflow_breaker *breaker;
	struct outflow_key key;
	__u64 interval;
	__u32 burst, verdict = OUTFLOW_PASS;

	if (!rules || !control || !syn)
		return OUTFLOW_PASS;
	key = syn->who;
	key.port = 0;
	interval = key.origin == OUTFLOW_LOCAL ? rules->interval_ns : rules->guest_interval_ns;
	burst = key.origin == OUTFLOW_LOCAL ? rules->burst : rules->guest_burst;
	if (!outflow_may_send(rules, &key)) {
		key.origin = OUTFLOW_REFUSED;
		verdict = OUTFLOW_USER;
	} else if (key.origin == OUTFLOW_LOCAL) {
		key.id = 0;
	}
	breaker = outflow_breaker_of(&key, control);
	if (!breaker)
		return verdict;
	if (!syn->repeat)
		__sync_fetch_and_add(&breaker->attempts, 1);
	breaker->last_ns = syn->now;
	if (verdict == OUTFLOW_PASS && syn->unreadable && (interval || rules->users_only))
		verdict = OUTFLOW_UNREADABLE;
	else if (verdict == OUTFLOW_PASS && interval && syn->now < control->released_until_ns)
		verdict = OUTFLOW_RELEASED;
	else if (verdict == OUTFLOW_PASS && interval &&
		 !outflow_take(breaker, syn->now, interval, burst))
		verdict = OUTFLOW_HELD;
	if (verdict >= OUTFLOW_HELD)
		outflow_hold(breaker, rules, verdict == OUTFLOW_USER ? 0 : control->released_ns,
			     syn);
	return (int)verdict;
}

/* The key's counters, which are made if they are not there; in a full map those for all others. */
static __always_inline struct outflow_count *outflow_count_of(const struct outflow_key *who,
							      struct outflow_control *control)
{
	struct outflow_count *count = bpf_map_lookup_elem(&outflow_counts, who);
	struct outflow_key other = { .origin = OUTFLOW_OTHER, .port = who->port };
	struct outflow_count fresh = {};

	if (count)
		return count;
	if (!bpf_map_update_elem(&outflow_counts, who, &fresh, BPF_NOEXIST))
		__sync_fetch_and_add(&control->count_used, 1);
	count = bpf_map_lookup_elem(&outflow_counts, who);
	if (count)
		return count;
	__sync_fetch_and_add(&control->count_overflows, 1);
	return bpf_map_lookup_elem(&outflow_counts, &other);
}

/* Puts the attempt into the ring of the last ones. */
static __always_inline void outflow_remember_attempt(const struct outflow_syn *syn, __u32 verdict,
						     __u32 mode, struct outflow_control *control)
{
	__u32 slot = __sync_fetch_and_add(&control->recent_next, 1) & (OUTFLOW_RECENT - 1);
	struct outflow_recent *recent = bpf_map_lookup_elem(&outflow_recent, &slot);

	if (!recent)
		return;
	*(volatile __u64 *)&recent->time_ns = 0; /* readers skip it until the time is there */
	recent->cgroup = syn->cgroup;
	recent->source = syn->flow.source;
	recent->destination = syn->flow.destination;
	recent->who = syn->who;
	recent->source_port = bpf_ntohs(syn->flow.source_port);
	recent->verdict = (__u8)verdict;
	recent->mode = (__u8)mode;
	*(volatile __u64 *)&recent->time_ns = syn->now;
}

/* Counts the verdict. `before`: if the SYN is a repeated one, the verdict on the one before. */
__noinline int outflow_note(const struct outflow_syn *syn, __u32 verdict, __u32 before)
{
	const struct outflow_rules *rules = current_outflow_rules();
	struct outflow_control *control = outflow_state();
	struct outflow_count *count;
	struct outflow_key who;

	if (!rules || !control || !syn || verdict >= OUTFLOW_VERDICTS)
		return 0;
	who = syn->who; /* 6.1 takes no key out of a global function's argument */
	count = outflow_count_of(&who, control);
	if (!count)
		return 0;
	if (syn->repeat) {
		__sync_fetch_and_add(&count->again, 1);
		if (before >= OUTFLOW_HELD && verdict < OUTFLOW_HELD)
			__sync_fetch_and_add(&count->late, 1);
		return 0;
	}
	__sync_fetch_and_add(&count->attempts, 1);
	__sync_fetch_and_add(&count->verdicts[verdict], 1);
	if (verdict >= OUTFLOW_HELD && rules->mode == GATE_ENFORCE)
		__sync_fetch_and_add(&count->dropped, 1);
	count->last_ns = syn->now;
	outflow_remember_attempt(syn, verdict, rules->mode, control);
	return 0;
}

/* Whether it is the same SYN, sequence number included. */
static __always_inline bool outflow_same_flow(const struct outflow_flow *a,
					      const struct outflow_flow *b)
{
	const __u64 *x = (const void *)a, *y = (const void *)b;

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && x[3] == y[3] && x[4] == y[4];
}

/* Judges a SYN against what is remembered of it. Returns enum outflow_verdict. */
static __always_inline __u32 outflow_with_memory(struct outflow_syn *syn,
						 struct outflow_memory *memory, __u32 excepted)
{
	__u32 before = memory && syn->repeat ? memory->verdict : OUTFLOW_PASS;
	__u32 verdict = before;

	/* A SYN that passed once passes; one that did not is judged again, but is no new attempt. */
	if (!syn->repeat || before >= OUTFLOW_HELD)
		verdict = excepted ? OUTFLOW_EXCEPT : (__u32)outflow_judge(syn);
	outflow_note(syn, verdict, before);
	if (memory)
		memory->verdict = verdict;
	return verdict;
}

/* Judges a SYN of a TCP socket of this machine, whose own storage remembers its SYNs and ends with
 * it. Returns enum outflow_verdict. */
static __always_inline __u32 outflow_local(struct outflow_syn *syn, struct bpf_sock *socket,
					   __u32 excepted)
{
	struct outflow_control *control = outflow_state();
	struct outflow_memory *memory = NULL;

	if (!syn->unreadable) {
		memory = bpf_sk_storage_get(&outflow_sockets, socket, NULL,
					    BPF_SK_STORAGE_GET_F_CREATE);
		if (!memory && control)
			__sync_fetch_and_add(&control->memory_overflows, 1);
	}
	if (memory) {
		syn->repeat = memory->time_ns && outflow_same_flow(&memory->flow, &syn->flow);
		if (!syn->repeat) {
			memory->flow = syn->flow;
			memory->time_ns = syn->now;
		}
	}
	return outflow_with_memory(syn, memory, excepted);
}

/* Judges a guest's SYN. It has no socket of ours, so the flow itself is remembered. Returns enum
 * outflow_verdict. */
static __always_inline __u32 outflow_guest(struct outflow_syn *syn, __u32 excepted)
{
	struct outflow_memory *memory = NULL, fresh = {};
	__u32 verdict;

	if (!syn->unreadable)
		memory = bpf_map_lookup_elem(&outflow_flows, &syn->flow);
	if (memory && syn->now - memory->time_ns < OUTFLOW_REPEAT_NS &&
	    __sync_fetch_and_add(&memory->repeats, 1) < OUTFLOW_REPEATS)
		syn->repeat = 1;
	else
		memory = NULL;
	verdict = outflow_with_memory(syn, memory, excepted);
	if (memory || syn->unreadable)
		return verdict;
	fresh.time_ns = syn->now;
	fresh.verdict = verdict;
	bpf_map_update_elem(&outflow_flows, &syn->flow, &fresh, BPF_ANY);
	return verdict;
}

/* Finds the port of a bridge's guest: the stack names only the bridge, but outflow_enter() has
 * noted the port. */
static __always_inline void outflow_find_port(struct outflow_syn *syn)
{
	struct outflow_flow key = outflow_on_entry(&syn->flow);
	const __u32 *port = bpf_map_lookup_elem(&outflow_entered, &key);

	if (port)
		syn->who.id = *port;
}

/* Whether the rules want this port, in host order. */
static __always_inline bool outflow_wants(const struct outflow_rules *rules, __u16 port)
{
	for (__u32 i = 0; i < OUTFLOW_PORTS && i < rules->port_count; i++)
		if (rules->ports[i] == port)
			return true;
	return false;
}

/*
 * Judges SYNs and packets that cannot be read. 1: drop, 0: pass. `tcp`: offset of the TCP header of
 * a readable packet; `ip`: offset of the IP header, or OUTFLOW_ETHERNET. Global, as the other large
 * functions here, so that the verifier checks each once, and not again behind every way through the
 * headers.
 */
__noinline int outflow(struct __sk_buff *skb, const struct packet *packet, __u32 tcp, __u32 ip)
{
	const struct outflow_rules *rules;
	struct outflow_syn syn = {};
	struct bpf_sock *socket;
	__u32 excepted = 0, verdict;

	if (!packet)
		return 0;
	syn.unreadable = packet->kind == PACKET_UNREADABLE;
	rules = current_outflow_rules();
	if (!rules || !rules->port_count)
		return 0;
	if (!(syn.unreadable && !packet->port) && !outflow_wants(rules, packet->port))
		return 0;
	syn.now = bpf_ktime_get_boot_ns();
	syn.who.port = packet->port;
	outflow_read_addresses(skb, outflow_ip_offset(skb, ip), &syn);
	if (!syn.unreadable)
		bpf_skb_load_bytes(skb, tcp, &syn.flow.source_port, 8); /* ports and sequence */
	socket = skb->sk;
	if (socket)
		socket = bpf_sk_fullsock(socket);
	outflow_whose(skb, socket, &syn.who);
	if (syn.who.origin == OUTFLOW_GUEST && !syn.unreadable)
		outflow_find_port(&syn);
	syn.cgroup = bpf_skb_cgroup_id(skb);
	if (syn.direct && !syn.unreadable)
		excepted = outflow_find_prefix(&syn.flow.destination, syn.is4, 0);
	if (syn.who.origin != OUTFLOW_LOCAL)
		syn.who.guest = outflow_find_prefix(&syn.flow.source, syn.is4, 1);
	/* Our own raw and packet sockets can send anything: each of their SYNs is an attempt. */
	if (socket && socket->type == SOCKET_STREAM && socket->protocol == NEXT_TCP)
		verdict = outflow_local(&syn, socket, excepted);
	else if (socket && syn.who.origin == OUTFLOW_LOCAL)
		verdict = outflow_with_memory(&syn, NULL, excepted);
	else
		verdict = outflow_guest(&syn, excepted);
	return verdict >= OUTFLOW_HELD && rules->mode == GATE_ENFORCE;
}

/* Notes by which port of a bridge a SYN comes in. `tcp` and `ip` as in outflow(). */
__noinline int outflow_enter(struct __sk_buff *skb, const struct packet *packet, __u32 tcp,
			     __u32 ip)
{
	const struct outflow_rules *rules = current_outflow_rules();
	struct outflow_syn syn = {};
	struct outflow_flow key;
	__u32 port = skb->ifindex;

	if (!packet || !rules || !outflow_wants(rules, packet->port))
		return 0;
	outflow_read_addresses(skb, outflow_ip_offset(skb, ip), &syn);
	bpf_skb_load_bytes(skb, tcp, &syn.flow.source_port, 8);
	key = outflow_on_entry(&syn.flow);
	bpf_map_update_elem(&outflow_entered, &key, &port, BPF_ANY);
	return 0;
}

#endif
