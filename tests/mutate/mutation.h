/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mutation: a family and a list of steps away from the plain SYN. Each step carries its own seed,
 * so that it does the same whatever other steps are left out: that is what makes minimising work.
 */
#ifndef SEKISHO_MUTATE_MUTATION_H
#define SEKISHO_MUTATE_MUTATION_H

#include "draft.h"

#define STEPS_MAX   10
#define FRAMES_MAX  16
#define TRAIN_BYTES 65536

#define FAMILY4	    1
#define FAMILY6	    2

struct step {
	unsigned kind; /* index of kinds[] */
	uint64_t seed;
};

struct mutation {
	uint64_t seed; /* of what every draft has of its own: sequence number and the like */
	bool is4;
	unsigned count;
	struct step steps[STEPS_MAX];
};

/* A kind of step. */
struct kind {
	const char *name;
	uint8_t families, weight;
	/* Linux answers some of them: a run in which it answered none has tested nothing. */
	bool answered;
	void (*apply)(struct draft *draft, struct rng *rng);
};

extern const struct kind kinds[];
extern const unsigned kind_count;

/* Mutation `number` of the run with this seed. `only`: a kind that it must have, or -1. */
struct mutation mutation_make(uint64_t seed, uint64_t number, int only);

/* The names of its steps, "ip6: tiny order"; cut at `size`. */
void mutation_format(const struct mutation *mutation, char *text, size_t size);

/* The frames of one mutation, in the order in which they are sent. */
struct train {
	unsigned count;
	uint32_t at[FRAMES_MAX], size[FRAMES_MAX];
	uint32_t used;
	uint8_t bytes[TRAIN_BYTES];
};

/*
 * The frames, from the banned source with host part `host` and from `port`. The clean source has
 * the same 16-bit words in another order, so that putting it in (train_make_clean()) leaves every
 * checksum right, also where it covers several fragments.
 */
void mutation_render(const struct mutation *mutation, uint16_t port, uint8_t host,
		     struct train *train);
void train_make_clean(struct train *train, uint8_t host);

struct source_pair {
	uint8_t banned4[4], clean4[4], banned6[16], clean6[16];
};
struct source_pair source_pair(uint8_t host);

/*
 * Why the gate may call one of these frames unreadable, as the manual says it does, or NULL. Read
 * anew here, from the manual and not from the gate's own code.
 */
const char *train_unreadable(const struct train *train);

/* The steps, by the header that they change. */
void step_tag_priority(struct draft *draft, struct rng *rng);
void step_tag_vlan(struct draft *draft, struct rng *rng);
void step_tag_many(struct draft *draft, struct rng *rng);
void step_ethertype(struct draft *draft, struct rng *rng);
void step_mac_from(struct draft *draft, struct rng *rng);
void step_mac_to(struct draft *draft, struct rng *rng);
void step_trail_random(struct draft *draft, struct rng *rng);
void step_trail_decoy(struct draft *draft, struct rng *rng);
void step_cut(struct draft *draft, struct rng *rng);
void step_flip(struct draft *draft, struct rng *rng);

void step_class(struct draft *draft, struct rng *rng);
void step_hops(struct draft *draft, struct rng *rng);
void step_version(struct draft *draft, struct rng *rng);
void step_next(struct draft *draft, struct rng *rng);
void step_length(struct draft *draft, struct rng *rng);
void step_second(struct draft *draft, struct rng *rng);
void step_ihl(struct draft *draft, struct rng *rng);
void step_fragment_bits(struct draft *draft, struct rng *rng);
void step_dont_fragment(struct draft *draft, struct rng *rng);
void step_header_checksum(struct draft *draft, struct rng *rng);
void step_options4(struct draft *draft, struct rng *rng);
void step_route4(struct draft *draft, struct rng *rng);
void step_options4_bad(struct draft *draft, struct rng *rng);

void step_flow(struct draft *draft, struct rng *rng);
void step_hop_by_hop(struct draft *draft, struct rng *rng);
void step_destination(struct draft *draft, struct rng *rng);
void step_routing(struct draft *draft, struct rng *rng);
void step_routing_bad(struct draft *draft, struct rng *rng);
void step_segments(struct draft *draft, struct rng *rng);
void step_segments_inner(struct draft *draft, struct rng *rng);
void step_auth(struct draft *draft, struct rng *rng);
void step_odd_header(struct draft *draft, struct rng *rng);
void step_long_chain(struct draft *draft, struct rng *rng);
void step_large_chain(struct draft *draft, struct rng *rng);
void step_length_zero(struct draft *draft, struct rng *rng);
void step_jumbo(struct draft *draft, struct rng *rng);
void step_atomic(struct draft *draft, struct rng *rng);
void step_fragment_header(struct draft *draft, struct rng *rng);
void step_shuffle(struct draft *draft, struct rng *rng);

void step_split(struct draft *draft, struct rng *rng);
void step_tiny(struct draft *draft, struct rng *rng);
void step_order(struct draft *draft, struct rng *rng);
void step_duplicate(struct draft *draft, struct rng *rng);
void step_overlap(struct draft *draft, struct rng *rng);
void step_later_next(struct draft *draft, struct rng *rng);

void step_port(struct draft *draft, struct rng *rng);
void step_sequence(struct draft *draft, struct rng *rng);
void step_data_offset(struct draft *draft, struct rng *rng);
void step_flags(struct draft *draft, struct rng *rng);
void step_flags_more(struct draft *draft, struct rng *rng);
void step_reserved(struct draft *draft, struct rng *rng);
void step_window(struct draft *draft, struct rng *rng);
void step_urgent(struct draft *draft, struct rng *rng);
void step_options(struct draft *draft, struct rng *rng);
void step_options_random(struct draft *draft, struct rng *rng);
void step_data(struct draft *draft, struct rng *rng);
void step_checksum(struct draft *draft, struct rng *rng);

#endif
