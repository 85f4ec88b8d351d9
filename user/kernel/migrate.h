/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the maps of an older contract to ours. A map whose shape did not change is handed on whole:
 * both generations of programs work on it until the older is off the last device. Of one whose
 * values grew, what both know is copied. Where neither holds, the map begins anew and is filled
 * from the store, the configuration and the open sockets.
 *
 * So a new contract may append members to a value. A key, the order of an enum or the meaning of a
 * member may change only together with `anew_since` in migrate.c.
 */
#ifndef SEKISHO_MIGRATE_H
#define SEKISHO_MIGRATE_H

#include "kernel/gate_internal.h"

struct gate_bpf;

/* Hands on what can be handed on whole, for maps that have no pin of ours yet: the skeleton's maps
 * take over the older ones. Before the skeleton is loaded. 0 where there is no older contract. */
int migrate_whole(const struct gate *gate, struct gate_bpf *skeleton, struct fault *fault);

/* Pins the older contract's links among ours: the next attachment then updates them in place. */
int migrate_links(const struct gate *gate, struct fault *fault);

/* The older contract's maps are complete (their store's bans were in). */
bool migrate_is_due(const struct gate *gate);

#endif
