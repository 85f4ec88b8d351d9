/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of the lists that cover an address decides, for each service: allow beats deny; among lists
 * of one action the lower id wins. The result is one list if all services agree, else an index into
 * the combinations met so far (struct table_mixed). Pure. Private to the compiler.
 */
#ifndef SEKISHO_CHOICE_H
#define SEKISHO_CHOICE_H

#include "lists/compile.h"

#define CHOICE_BUCKETS 8192 /* a power of two, above TABLE_MIXED */

/* 90 KiB: not for the stack. */
struct choice {
	/* Services that no list distinguishes are of one kind, and worked out once. */
	uint8_t kind_of[SERVICE_MAX];
	unsigned kinds;
	uint64_t for_kind[SERVICE_MAX][LIST_MAX / 64]; /* by kind: the lists that are for it */
	unsigned count;
	struct table_mixed mixed[TABLE_MIXED];
	uint16_t buckets[CHOICE_BUCKETS]; /* index + 1; 0: none */
};

/* Sorts services into kinds: services that the same lists are for are of one kind. Reads `lists`
 * only during the call. */
void choice_open(struct choice *choice, const struct compile_list *lists, size_t count);

/* The lowest list id in both sets, bits by list id; 0: none. */
uint8_t choice_lowest(const uint64_t set[LIST_MAX / 64], const uint64_t of[LIST_MAX / 64]);

/* Sets list and flags of the lookup; `allow` and `deny` are bits by list id. -ENOSPC: more than
 * TABLE_MIXED combinations. */
int choice_make(struct choice *choice, const uint64_t allow[LIST_MAX / 64],
		const uint64_t deny[LIST_MAX / 64], struct lookup *lookup);

#endif
