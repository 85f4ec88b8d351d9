/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the Bloom filters of the bans and of the networks: one bit for each entry, so that the
 * gate need not look for most entries that are not there, and one for each network that may be at a
 * limit. include/bloom_bit.h has the bits of an entry.
 *
 * A bit too many costs a packet a look-up; a bit too few would let in a banned source, or a source
 * beyond its network's limits.
 */
#ifndef SEKISHO_KERNEL_BLOOM_H
#define SEKISHO_KERNEL_BLOOM_H

#include "kernel/gate_internal.h"

/* The words of a filter for a map of so many entries; `noted`: with as many for the notes of a
 * sweep. */
uint32_t bloom_words(uint32_t entries, bool noted);

/* mmap()s the filter in `map`; bloom_unmap() ends it. */
int bloom_map(struct gate *gate, enum gate_map map, struct bloom *bloom, struct fault *fault);
void bloom_unmap(struct bloom *bloom);

/* Whether the programs may trust the filter: not while it is being filled anew. */
bool bloom_is_valid(const struct bloom *bloom);

/* Sets a ban's bit. To be called before the ban is added. */
void bloom_add_ban(struct bloom *bloom, const struct prefix *prefix);

/* Sets bits of a network: NETWORK_THERE after it is added, NETWORK_AT_LIMIT if it may be at a
 * limit. */
void bloom_add_network(struct bloom *bloom, const struct meter_key *network, uint32_t which);

/* Lets the gate trust the bits from now on. */
void bloom_believe(struct bloom *bloom);

/* Clears all bits. Until bloom_believe() the gate looks every entry up; bits that it sets meanwhile
 * stay. */
void bloom_empty(struct bloom *bloom);

/* The filter of the bans has a second one beside it, which the gate does not read: clears it; notes
 * a ban in it; makes it the filter, once it has the bits of every ban. */
void bloom_note_none(struct bloom *bloom);
void bloom_note(struct bloom *bloom, const struct prefix *prefix);
void bloom_take_noted(struct bloom *bloom);

/* Fill a filter that is new, or that was not finished, from the bans (gate_bans.c) or the networks
 * (meters.c) in the map. */
int bans_rebuild(struct gate *gate, struct fault *fault);
int networks_rebuild(struct gate *gate, struct fault *fault);

/* Marks the networks that may be at a limit of the policy, which must be in force. If that fails,
 * the gate looks every network up until the next sweep. */
void networks_mark(struct gate *gate, const struct policy *policy);

#endif
