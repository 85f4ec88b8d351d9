/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migrates the maps of an older contract to ours. A map whose shape did not change is taken over
 * whole: both generations of programs work on it until the older one is off the last device. If the
 * values of a map grew, the members that both contracts have are copied. In any other case the map
 * begins anew and is filled from the store, the configuration and the open sockets.
 *
 * So a new contract may append members to a value. A key, the order of an enum or the meaning of a
 * member may change only together with `anew_since` in migrate.c.
 */
#ifndef SEKISHO_MIGRATE_H
#define SEKISHO_MIGRATE_H

#include "kernel/gate_internal.h"

struct gate_bpf;

/* Takes over whole maps where that is possible, for maps that have no pin of ours yet: the
 * skeleton's maps become the older ones. To be called before the skeleton is loaded. 0 if there is
 * no older contract. */
int migrate_whole(const struct gate *gate, struct gate_bpf *skeleton, struct fault *fault);

/* Pins the older contract's links among ours: the next attachment then updates them in place. */
int migrate_links(const struct gate *gate, struct fault *fault);

/* Adds to each ban what the older programs counted of it since gate_migrate(). To be called once
 * they are off all devices, and once only. */
void migrate_rest(struct gate *gate);

/* Whether the older contract's maps are complete (they had the store's bans). */
bool migrate_is_due(const struct gate *gate);

#endif
