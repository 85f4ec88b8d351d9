/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwraps lines that hold the line that was logged: Docker's json-file, Kubernetes' and podman's
 * CRI lines, and journalctl's JSON, export and verbose output. Joins what they cut. Not here:
 * headers in front of a message, which stay text (envelope.h).
 */
#ifndef SEKISHO_UNWRAP_H
#define SEKISHO_UNWRAP_H

#include "log/envelope.h"

struct unwrap; /* of one log: parts that wait for their rest */

struct unwrapped {
	struct span line; /* as it was logged; into the line given, or valid until the next call */
	enum wrapping wrapping;
	struct stamp clock; /* the time by the wrapping; kind STAMP_NONE: none */
};

/* NULL is an unwrap that has seen nothing: it is made when a line needs it. */
void unwrap_free(struct unwrap *unwrap);

/* Unwraps one line without its newline. False: it is a part of a line that is not whole yet, or it
 * does not count (a journal entry that no daemon wrote: trust.h). */
bool unwrap_line(struct unwrap **unwrap, struct span line, struct unwrapped *out);

#endif
