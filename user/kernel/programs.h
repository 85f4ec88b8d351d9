/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pinned programs of an instance: PINS/vN/programs/SET/NAME, where a set has all programs of
 * one build of the gate. With them a restart uses the programs that are there, without another
 * verification, and recognises a tc filter as ours.
 */
#ifndef SEKISHO_PROGRAMS_H
#define SEKISHO_PROGRAMS_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/gate_internal.h"

const char *gate_program_name(enum gate_program program); /* "gate_xdp" */

/* The number of this process's network namespace; 0: unknown. */
unsigned gate_namespace(void);

/* Opens the pinned programs that this build would load, over the maps of the gate, which are open.
 * -ENOENT: there are none, or not all, or they work on other maps. */
int gate_open_programs(struct gate *gate, struct fault *fault);

/* Pins the loaded programs. */
int gate_pin_programs(struct gate *gate, struct fault *fault);

/* Removes the pins of other builds' programs. Programs that are still attached stay in force. */
void gate_unpin_older_programs(struct gate *gate);

/* The ids and names of the programs under FOLDER/SET, of every set; at most `room`. Returns their
 * number. */
size_t gate_pinned_programs(const char *folder, uint32_t *ids, char (*names)[BPF_OBJ_NAME_LEN],
			    size_t room);

#endif
