/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPsec of this network namespace: packets that are decrypted to others behind the gate. */
#ifndef SEKISHO_TRANSFORMS_H
#define SEKISHO_TRANSFORMS_H

#include "base/fault.h"

struct transforms {
	unsigned tunnel, transport; /* states by their mode, without those of xfrm interfaces */
};

/* -errno: the kernel has no IPsec, or could not be asked; then both counts are 0. */
int transforms_count(struct transforms *transforms);

#endif
