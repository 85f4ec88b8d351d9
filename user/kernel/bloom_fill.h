/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Bloom filters of the bans and of the networks, as user space writes them: one bit for each
 * entry, so that the gate need not look for most that are not there. Which bit is an entry's:
 * include/bloom_bit.h. `service` is a meter's, 0 for a ban.
 *
 * A bit too many costs a packet a look-up; one too few would let a banned source in, or a source
 * beyond its network's limits.
 */
#ifndef SEKISHO_KERNEL_BLOOM_H
#define SEKISHO_KERNEL_BLOOM_H

#include "kernel/gate_internal.h"

/* Words of a filter for a map of that many entries; with as many for what a sweep notes. */
uint32_t bloom_words(uint32_t entries, bool noted);

/* mmap()s the filter in `map`; bloom_unmap() ends it. */
int bloom_map(struct gate *gate, enum gate_map map, struct bloom *bloom, struct fault *fault);
void bloom_unmap(struct bloom *bloom);

/* Whether the programs may trust it: not while it is being filled anew. */
bool bloom_is_valid(const struct bloom *bloom);

/* Of a ban: to be called before it is put in. Of a network: after. */
void bloom_add(struct bloom *bloom, const struct prefix *prefix, uint32_t service);

/* From now on the gate believes the bits. */
void bloom_believe(struct bloom *bloom);

/* No bit is set, and until bloom_believe() the gate asks for every entry. What it marks meanwhile
 * stays. */
void bloom_empty(struct bloom *bloom);

/* The filter of the bans has a second one beside it, which the gate does not read: nothing is noted
 * in it; a ban is; what is noted, the bits of every ban there is, becomes the filter. */
void bloom_note_none(struct bloom *bloom);
void bloom_note(struct bloom *bloom, const struct prefix *prefix);
void bloom_take_noted(struct bloom *bloom);

/* Fill a filter that is new, or that nobody finished, from the bans (gate_bans.c) and the networks
 * (meters.c) that there are. */
int bans_rebuild(struct gate *gate, struct fault *fault);
int networks_rebuild(struct gate *gate, struct fault *fault);

#endif
