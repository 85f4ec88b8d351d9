/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines that wrap the line that was logged: Docker's json-file, Kubernetes' and podman's CRI lines,
 * and what journalctl writes as JSON, for export or verbose. Joins what they cut. Not here: headers
 * in front of a message, which stay text (envelope.h).
 */
#ifndef SEKISHO_UNWRAP_H
#define SEKISHO_UNWRAP_H

#include "log/envelope.h"

struct unwrap; /* of one log: what waits for its rest */

struct unwrapped {
	struct span line; /* as it was logged; into the line given, or valid until the next call */
	enum wrapping wrapping;
	struct stamp clock; /* what the wrapping says of the time; kind STAMP_NONE: nothing */
};

/* NULL is an unwrap that has seen nothing: it is made when a line needs it. */
void unwrap_free(struct unwrap *unwrap);

/* One line without its newline. False: it is a part of one that is not whole yet, or says nothing
 * that counts (an entry of the journal that no daemon wrote: trust.h). */
bool unwrap_line(struct unwrap **unwrap, struct span line, struct unwrapped *out);

#endif
