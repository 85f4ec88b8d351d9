/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SYN that is being made: what each header will say. The steps (steps_*.c) change it, render.c
 * makes frames of it. A fresh draft is the plain SYN that every Linux listener answers.
 */
#ifndef SEKISHO_MUTATE_DRAFT_H
#define SEKISHO_MUTATE_DRAFT_H

#include "rng.h"

#define TAG_ROOM       8
#define CHAIN_ROOM     16
#define ARENA_ROOM     8192
#define OPTIONS_ROOM   40

#define PORT_SMTP      25  /* protected */
#define PORT_SUBMIT    587 /* protected */
#define PORT_REFUSED   465 /* protected, and open to no country: no SYN may reach it */
#define PORT_OTHER     80  /* none of the gate's */

#define HEADER_HOP     0
#define HEADER_IP4     4
#define HEADER_TCP     6
#define HEADER_IP6     41
#define HEADER_ROUTING 43
#define HEADER_FRAG    44
#define HEADER_AUTH    51
#define HEADER_NONE    59
#define HEADER_DEST    60

#define FLAG_FIN       0x01
#define FLAG_SYN       0x02
#define FLAG_RST       0x04
#define FLAG_PSH       0x08
#define FLAG_ACK       0x10

enum trail { TRAIL_NONE = 0, TRAIL_RANDOM, TRAIL_DECOY };

struct extension {
	uint8_t kind;
	uint16_t at, size; /* in the arena; its first byte is filled in when rendering */
};

struct draft {
	bool is4;
	/* link */
	uint8_t mac_to[6], mac_from[6];
	struct {
		uint16_t type, tci;
	} tags[TAG_ROOM];
	unsigned tag_count;
	uint16_t ethertype;
	/* both IPs; -1 in an override: as it should be */
	uint8_t version, traffic_class, hops;
	int next_override, ihl_override, length_override;
	int length_change;
	bool to_second; /* the server's second address */
	/* IPv4 */
	uint16_t fragment_bits; /* of a whole packet */
	uint8_t options4[OPTIONS_ROOM];
	unsigned options4_size; /* a multiple of 4 */
	bool header_checksum_wrong;
	/* IPv6 */
	uint32_t flow;
	struct extension chain[CHAIN_ROOM];
	unsigned chain_count;
	uint8_t arena[ARENA_ROOM];
	unsigned arena_used;
	bool through_second; /* a routing header leads on from the first address to the second */
	uint8_t inner;	     /* HEADER_IP4 or HEADER_IP6: the SYN in a packet of its own; or 0 */
	bool carrier;	     /* the outer packet is from somebody else */
	/* TCP */
	uint16_t port, window, urgent;
	uint32_t seq, ack;
	int data_offset_override;
	uint8_t flags, reserved; /* reserved: the lower four bits of byte 12 */
	uint8_t options[OPTIONS_ROOM];
	unsigned options_size; /* a multiple of 4 */
	unsigned data_size;
	bool checksum_wrong;
	/* a train of fragments; a seed of 0: not so */
	uint64_t split_seed, order_seed, duplicate_seed, overlap_seed, later_next_seed;
	bool tiny, atomic;
	uint8_t fragment_at; /* how many headers of the chain every fragment has */
	/* what is behind the packet in the frame */
	enum trail trail;
	uint64_t trail_seed;
	/* after all, the bytes of the frame; a seed of 0: not so */
	uint64_t cut_seed, flip_seed;
};

void draft_init(struct draft *draft, bool is4, struct rng *rng);

/* Adds a header of `size` bytes (a multiple of 8) to the chain, at `index` or, with a negative one,
 * at its end; its length byte is set. NULL: full. */
uint8_t *draft_add(struct draft *draft, int index, uint8_t kind, unsigned size);

#endif
