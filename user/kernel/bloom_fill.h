/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the Bloom filters of the bans and of the networks: one bit for each entry, so that the
 * gate need not look for most entries that are not there. include/bloom_bit.h has the bit of an
 * entry. `service` is that of a meter; 0 for a ban.
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

/* Sets an entry's bit. To be called before a ban is added, and after a network is. */
void bloom_add(struct bloom *bloom, const struct prefix *prefix, uint32_t service);

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

#endif
