/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the gate remembers of a source: a stamp of its address, and that packets of its open
 * sessions pass. Not here: the checks before that (verdict.h). */
#ifndef SEKISHO_PASSING_H
#define SEKISHO_PASSING_H

#include "maps.h"
#include "packet.h"

/*
 * A hash of a prefix. It is added to the stamp of a lookup that the prefix's ban remembers. Between
 * the look-up and the note the ban may end and another take its place in the map; the hash makes
 * the note invalid for that one. The factors are odd, so no two IPv4 addresses have one hash.
 */
static __always_inline __u32 stamp_of(const struct prefix *banned)
{
	const __be32 *word = banned->address.word;

	return word[0] * 0x9e3779b1U + word[1] * 0x85ebca6bU + word[2] * 0xc2b2ae35U +
	       word[3] * 0x27d4eb2fU + banned->length;
}

/* The place for the note that packets of this source pass. */
static __always_inline struct passing *passing_of(const struct address *source)
{
	const struct prefix whole = { .address = *source };
	__u32 slot = stamp_of(&whole) / (0xffffffffU / PASSING_SLOTS + 1);

	return bpf_map_lookup_elem(&passing, &slot);
}

/* Whether the place has this packet's note and the note is valid. None is while bans are added
 * (`changes` is odd). */
static __always_inline bool passing_holds(const struct passing *noted, const struct packet *packet,
					  __u32 port, __u32 changes, __u32 stamp)
{
	const __be32 *word = packet->source.word, *of = noted->source.word;

	return !(changes & 1) && noted->ban_changes == changes && noted->table_stamp == stamp &&
	       noted->port == port && of[3] == word[3] && of[2] == word[2] && of[1] == word[1] &&
	       of[0] == word[0];
}

/* Writes the note, for a lookup in the table with this stamp (0: there is no table). */
static __always_inline void passing_note(struct passing *noted, const struct packet *packet,
					 __u32 port, __u32 changes, __u32 stamp)
{
	if (!stamp || changes & 1)
		return;
	noted->source = packet->source;
	noted->table_stamp = stamp;
	noted->port = port;
	noted->ban_changes = changes;
}

#endif
