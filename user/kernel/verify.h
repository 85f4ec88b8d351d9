/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs on their way into the kernel. Its verifier takes longer than all else of a start, so
 * it works in threads of its own while the start fills the maps.
 */
#ifndef SEKISHO_VERIFY_H
#define SEKISHO_VERIFY_H

#include "kernel/gate_internal.h"

/* Sets, before programs are loaded, what they hold as constants of this machine. */
struct gate_bpf;
void gate_set_switches(struct gate_bpf *skeleton);

/* Begins to load the programs of this binary over the gate's maps, which are open. */
int verify_begin(struct gate *gate, struct fault *fault);

/* Waits for them; the programs are then the gate's. A fault is the kernel's refusal, with the
 * remedy. 0 where none are on their way. */
int verify_end(struct gate *gate, struct fault *fault);

/* Why the kernel refused maps or programs, with the remedy; returns the error. */
int verify_fault(int error, struct fault *fault);

#endif
