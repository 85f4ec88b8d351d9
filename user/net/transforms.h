/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPsec of this network namespace: packets that become others behind the gate. */
#ifndef SEKISHO_TRANSFORMS_H
#define SEKISHO_TRANSFORMS_H

#include "base/fault.h"

struct transforms {
	unsigned tunnel, transport; /* states by their mode; of an xfrm interface none is counted */
};

/* -errno: the kernel has no IPsec, or could not be asked; then none is counted. */
int transforms_count(struct transforms *transforms);

#endif
