/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the programs into the kernel. Its verifier takes longer than all else of a start, so
 * threads of their own load the programs while the start fills the maps.
 */
#ifndef SEKISHO_VERIFY_H
#define SEKISHO_VERIFY_H

#include "kernel/gate_internal.h"

/* Sets the programs' constants for this machine, before they are loaded. */
struct gate_bpf;
void gate_set_switches(struct gate_bpf *skeleton);

/* Begins to load the programs of this binary over the gate's maps, which are open. */
int verify_begin(struct gate *gate, struct fault *fault);

/* Waits until they are loaded; the programs are then the gate's. A fault is the kernel's refusal,
 * with the remedy. 0 if none are being loaded. */
int verify_end(struct gate *gate, struct fault *fault);

/* Sets the fault to why the kernel refused maps or programs, with the remedy; returns the error. */
int verify_fault(int error, struct fault *fault);

#endif
