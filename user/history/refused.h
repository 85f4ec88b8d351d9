/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sources limits refused within a minute, from the gate's counts of each source; `why --at`
 * shows them for one address. Bounded: REFUSED_KEPT sources that are known to an account, so that a
 * flood of strangers takes no place of theirs, and as many others. Of the others at most
 * REFUSED_OF_NETWORK are of one network, and each has the same chance. No clock, no I/O. Not here:
 * reading the counts (daemon/refusals.c), and keeping the rows (store/store_refusals.c).
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

/* Remembers the counts of at most `most` sources and services; later ones are left out. NULL: out
 * of memory. */
struct refused *refused_new(uint32_t most);
void refused_free(struct refused *refused);

/* Begins a look at all counts. The first look after refused_new() only notes the counts. */
void refused_look(struct refused *refused);
/* During a look, takes the count of one key, and returns how much it grew since the last look. */
uint64_t refused_since(struct refused *refused, const struct meter_key *key, uint64_t dropped);
/* Ends a look. If it was not `whole`, the next one only notes the counts. */
void refused_looked(struct refused *refused, bool whole);

/* Notes that `count` connections of a source in `network` were refused. `known` is called at most
 * REFUSED_ASKED times from one look to the next. */
void refused_add(struct refused *refused, const struct prefix *source, const struct prefix *network,
		 const char *service, uint64_t count,
		 bool (*known)(const struct prefix *source, void *context), void *context);

/* The rows since refused_forget(); then how many more sources and services were refused. */
size_t refused_rows(struct refused *refused, const struct refused_row **rows);
uint64_t refused_left_out(const struct refused *refused);
void refused_forget(struct refused *refused);

#endif
