/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sources limits refused within a minute, from the counts that the gate keeps of each: what
 * `why --at` tells of one address. Bounded: REFUSED_KEPT sources of those that are known to an
 * account, as many of all others, which a flood of strangers therefore takes no place of; among
 * these at most REFUSED_OF_NETWORK of one network, and each with the same chance. No clock, no I/O.
 * Not here: reading the counts (daemon/refusals.c), and keeping the rows (store/store_refusals.c).
 */
#ifndef SEKISHO_REFUSED_H
#define SEKISHO_REFUSED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"

#define REFUSED_KEPT	   16 /* of each kind, in a minute */
#define REFUSED_OF_NETWORK 2
#define REFUSED_ASKED	   4096 /* sources of a look that it is asked of whether they are known */

struct refused;

struct refused_row {
	struct prefix source;
	char service[SERVICE_NAME_SIZE];
	uint64_t count; /* connections */
	bool known;	/* the source is known to an account */
};

/* Remembers the counts of at most `most` sources and services; of more, those that come then are
 * not told of. NULL: out of memory. */
struct refused *refused_new(uint32_t most);
void refused_free(struct refused *refused);

/* A look at all counts. The first one after refused_new() tells where they stood. */
void refused_look(struct refused *refused);
/* The count of one, during a look: how many more than at the last look. */
uint64_t refused_since(struct refused *refused, const struct meter_key *key, uint64_t dropped);
/* After a look that was not `whole`, the next one tells where the counts stand. */
void refused_looked(struct refused *refused, bool whole);

/* So many connections of a source, whose surroundings are `network`, were refused. `known` is asked
 * at most REFUSED_ASKED times from one look to the next. */
void refused_add(struct refused *refused, const struct prefix *source, const struct prefix *network,
		 const char *service, uint64_t count,
		 bool (*known)(const struct prefix *source, void *context), void *context);

/* The rows since refused_forget(), and how many more sources and services were refused. */
size_t refused_rows(struct refused *refused, const struct refused_row **rows);
uint64_t refused_left_out(const struct refused *refused);
void refused_forget(struct refused *refused);

#endif
