/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What node.c (which tells) and node_hear.c (which hears) share. Private to both. */
#ifndef SEKISHO_NODE_INTERNAL_H
#define SEKISHO_NODE_INTERNAL_H

#include "fleet/chain.h"
#include "fleet/node.h"
#include "fleet/own_bans.h"

struct peer {
	struct fleet_chain chain;
	struct node_counts counts;
	uint64_t sightings_ms;		/* bucket.h */
	int64_t told_ms[NODE_TROUBLES]; /* 0: never */
};

struct node {
	struct node_settings settings;
	struct adoption *adoption;
	struct peer *peers; /* by number; this member's own chain has its own batches */
	struct own_bans own;
	uint64_t incarnation, sequence;
	uint8_t previous[FLEET_HASH_SIZE];
	int64_t restated_ms; /* 0: never */
	bool restate_due;
	int64_t snapshot_ms; /* when the last one was made; 0: none yet */
	int64_t said_ms;     /* when the last batch was made; 0: none yet */
	bool alive_due;
};

/* Begins a new incarnation of this member, above all earlier ones. */
void node_begin_incarnation(struct node *node, uint64_t incarnation);

#endif
