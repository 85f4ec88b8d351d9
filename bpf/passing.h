/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the gate remembers of a source: whose it is, and that packets of open sessions pass. Not
 * here: what was asked before (verdict.h). */
#ifndef SEKISHO_PASSING_H
#define SEKISHO_PASSING_H

#include "maps.h"
#include "packet.h"

/*
 * What the stamp of a remembered lookup is mixed with: whose lookup it is. A ban may end, and its
 * place in the map be another's, between the look-up and the note; a note that lands there is none
 * of his. Odd factors: no two IPv4 addresses mix alike.
 */
static __always_inline __u32 stamp_of(const struct prefix *banned)
{
	const __be32 *word = banned->address.word;

	return word[0] * 0x9e3779b1U + word[1] * 0x85ebca6bU + word[2] * 0xc2b2ae35U +
	       word[3] * 0x27d4eb2fU + banned->length;
}

/* Where it is noted that packets of this source pass. */
static __always_inline struct passing *passing_of(const struct address *source)
{
	const struct prefix whole = { .address = *source };
	__u32 slot = stamp_of(&whole) / (0xffffffffU / PASSING_SLOTS + 1);

	return bpf_map_lookup_elem(&passing, &slot);
}

/* Whether that is noted, and still holds: not while bans are put in (`changes` is odd). */
static __always_inline bool passing_holds(const struct passing *noted, const struct packet *packet,
					  __u32 port, __u32 changes, __u32 stamp)
{
	const __be32 *word = packet->source.word, *of = noted->source.word;

	return !(changes & 1) && noted->ban_changes == changes && noted->table_stamp == stamp &&
	       noted->port == port && of[3] == word[3] && of[2] == word[2] && of[1] == word[1] &&
	       of[0] == word[0];
}

/* Notes it, of a lookup by the table of this stamp (0: there is none). */
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
