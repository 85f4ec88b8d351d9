/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The static table: address -> lookup (country, list), as one read-only image of equal blocks that
 * user space compiles and the gate reads. This file is the layout. Not here: the look-up
 * (table_find.h), compiling (user/lists/compile.c), publishing (user/kernel/).
 *
 * Ranges: the address space is cut at sorted boundaries; an entry says from which key on which
 * lookup holds, until the next entry. An index over the top bits names the run of entries ("chunk")
 * to search:
 *
 *   IPv4: index by the top 16 bits. Entry u32: low 16 address bits << 16 | palette index.
 *         A chunk never crosses a block.
 *   IPv6: the upper 64 bits. In 2000::/3 index by bits 3..18, elsewhere 65536 + the top 16 bits.
 *         Entry u64: lower 48 of the 64 bits << 16 | palette index. A chunk may cross blocks.
 *   Prefixes longer than /64: the lookup that covers the /64 has LOOKUP_LONG; the long prefixes,
 * sorted by (high, low), then hold the answer for exactly this /64 (each such /64 has a first entry
 * with low == 0).
 *
 * Positions count entries from block 0 of the image: position / entries-per-block is the block.
 * index[i] is where chunk i begins, index[i + 1] where it ends (exclusive). No chunk is empty: its
 * first entry has address bits 0 below the index. Where an IPv4 chunk would cross into the next
 * block it begins there instead, and the entries in between repeat the last entry of the chunk
 * before.
 *
 * Exact hosts: a single IPv4 address, or IPv6 /64, between two addresses of one lookup leaves no
 * boundary in the ranges. It is an entry with its own lookup among the exact hosts, which are
 * searched before the ranges. Its key is the address (the upper 64 bits) times an odd constant,
 * which scatters neighbours and maps no two addresses to one key. Entries, chunks by the key's top
 * 16 bits and their index are as above, but a chunk may be empty, and only an entry of exactly this
 * key counts. If an IPv4 chunk begins in the next block instead, so do the empty chunks right
 * before it. An index of exact hosts, TABLE_EXACT_HOSTS + 1 positions as u32, crosses no block; a
 * family without exact hosts has none.
 *
 * A Bloom filter before the exact hosts spares the search for nearly all other addresses: the key's
 * top bits number a bit, which is set if an exact host has the same top bits. A filter has a power
 * of two of bits, at least TABLE_BLOOM_BITS for each exact host.
 *
 * The image has, in this order: the head; from TABLE_BEGIN4 on the ranges of IPv4; from a new block
 * on the ranges of IPv6; the exact hosts of IPv4 and of IPv6, each behind their index; Bloom
 * filters; the long prefixes. A Bloom filter, in u64 words, lies in block 0 behind the ranges of
 * IPv4 if it fits there: a look-up that has the head needs no other block then, and getting a block
 * costs more than a look into it.
 */
#ifndef SEKISHO_TABLE_H
#define SEKISHO_TABLE_H

#include "contract.h"

#define TABLE_BLOCK	  (4U << 20) /* bytes; the most that an array's value has on every 5.15+ kernel */
#define TABLE_ENTRIES4	  (TABLE_BLOCK / 4)
#define TABLE_ENTRIES6	  (TABLE_BLOCK / 8)
#define TABLE_LONG	  (TABLE_BLOCK / 32)
#define TABLE_BLOCKS	  2048 /* 8 GiB: the most an image may have */
#define TABLE_SLOTS	  2    /* of "table_rest": of the table in force, and of the one to come */
#define TABLE_MAGIC	  0x6f6b6573U

#define TABLE_INDEX4	  65536
#define TABLE_INDEX6	  131072
#define TABLE_PALETTE	  65536
#define TABLE_EXACT_HOSTS 65536 /* chunks of exact hosts, in either family */

#define TABLE_SCATTER4	  0x9e3779b1U /* odd, near 2^32 and 2^64 over the golden ratio */
#define TABLE_SCATTER6	  0x9e3779b97f4a7c15ULL
#define TABLE_BLOOM_BITS  8

#define TABLE_MIXED	  4096 /* combinations of lists that differ by service */

enum lookup_flag {
	LOOKUP_ALLOW = 1,
	LOOKUP_DENY = 2,
	LOOKUP_LONG = 4,
	LOOKUP_MIXED = 8,
	LOOKUP_INDEX = 0xf0, /* the upper bits of a mixed lookup's index */
};

/*
 * What the table has of an address. Of several lists that cover it, this names the one that
 * decides: allow goes before deny, then the lower list id before the higher.
 *
 * If that depends on the service, the lookup in the palette has LOOKUP_MIXED alone and the index of
 * a struct table_mixed: its lower 8 bits are `list`, its upper 4 bits LOOKUP_INDEX of `flags`. The
 * lookup that table_find4() and table_find6() return then has the list and the action for the
 * service, and LOOKUP_MIXED.
 */
struct lookup {
	__u16 country; /* COUNTRY_ZZ in a gap of the data, COUNTRY_LAN for local addresses; from bit
			* LOOKUP_CODE_SHIFT on a list's code: 1 for XA, 26 for XZ, 0 for none */
	__u8 list;     /* 0: none */
	__u8 flags;    /* enum lookup_flag */
};
_Static_assert(sizeof(struct lookup) == 4, "no padding");

#define LOOKUP_CODE_SHIFT 10
_Static_assert(COUNTRY_COUNT <= 1 << LOOKUP_CODE_SHIFT, "a code stands above");

/* The country according to the data; COUNTRY_ZZ: none. `found` is lookup.country. */
static inline __u32 lookup_own_country(__u32 found)
{
	found &= (1U << LOOKUP_CODE_SHIFT) - 1;
	return found < COUNTRY_COUNT ? found : COUNTRY_ZZ;
}

/* The country by which `service` judges an address: the code of its list if the service names that
 * code, else the country according to the data. An address without a code costs one comparison. */
static inline __u32 lookup_country(const struct policy *policy, __u32 service, __u32 found)
{
	const __u8 *classes = &policy->country_class[0][0];
	__u32 code, index;

	if (found < COUNTRY_COUNT)
		return found;
	code = COUNTRY_XA - 1 + (found >> LOOKUP_CODE_SHIFT);
	index = service * COUNTRY_COUNT + code;
	asm volatile("" : "+r"(index)); /* clang would find the check needless */
	if (code < COUNTRY_XA || code >= COUNTRY_XA + COUNTRY_CODES ||
	    index >= SERVICE_MAX * COUNTRY_COUNT || classes[index] == CLASS_UNNAMED)
		return lookup_own_country(found);
	return code;
}

/* By service id. Service 0, for packets that hide their port, has what all services share. */
struct table_mixed {
	__u8 list[SERVICE_MAX]; /* the list that decides; 0: none */
	__u16 allow;		/* a bit for each service whose list allows; the others deny */
};
_Static_assert(sizeof(struct table_mixed) == 18, "no padding");

struct table_long {
	__u64 high, low; /* host order; the lookup holds from here on */
	__u32 lookup;	 /* palette index */
	__u32 reserved[3];
};
_Static_assert(sizeof(struct table_long) == 32, "a power of two, so that none crosses a block");

/* Bit key >> shift, counted from word `begin` on. */
struct table_bloom {
	__u32 begin; /* position in u64 words; 0: the family has no exact hosts */
	__u32 shift;
};

/* What block 0 begins with. */
struct table_head {
	__u32 magic;
	__u32 contract_version;
	__u64 generation; /* the store's, so that kernel and store can be compared */
	__u32 stamp;	  /* not 0; set when a gate gets the table; no earlier table had it */
	__u32 mixed_count;
	__u32 blocks; /* of TABLE_BLOCK bytes, this one included */
	__u32 palette_count;
	__u32 long_begin; /* position in entries of struct table_long */
	__u32 long_end;
	__u64 prefixes; /* list prefixes compiled in */
	__u64 ranges;	/* country ranges compiled in */
	__u64 services; /* which services each list is for, as a hash; 0: every list is for all */
	__u32 exact_hosts4, exact_hosts6; /* positions of their indexes; 0: none */
	struct table_bloom bloom4, bloom6;
	__u32 rest; /* slot in "table_rest" of the other blocks; set with the stamp */
	__u32 reserved;
	struct lookup palette[TABLE_PALETTE];
	struct table_mixed mixed[TABLE_MIXED];
	__u32 index4[TABLE_INDEX4 + 1];
	__u32 index6[TABLE_INDEX6 + 1];
};
#define TABLE_BEGIN4 ((__u32)(sizeof(struct table_head) + 63) / 64 * 16)
_Static_assert(TABLE_BEGIN4 + 65536 <= TABLE_ENTRIES4, "the first chunk lies in block 0");

#endif
