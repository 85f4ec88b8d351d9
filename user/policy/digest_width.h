/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To how many bits Dovecot cuts the digests of passwords (auth_policy_hash_truncate). It sends
 * whole bytes and shifts the remaining bits to the right, so 20 bits come as 24, of which the first
 * four are 0: only many digests show this. Pure.
 */
#ifndef SEKISHO_POLICY_DIGEST_WIDTH_H
#define SEKISHO_POLICY_DIGEST_WIDTH_H

#include "policy/ask.h"

struct digest_width {
	unsigned sent; /* bits of the last one as it was written; 0: none yet */
	/* The most bits of a digest without its leading zeros: of the present group of digests, and
	 * of the group before. 0: none. */
	unsigned now, before;
	uint64_t different; /* the present group: a bit for each value of their last six bits */
};

/* Takes the digest of a login, if it has one. A digest of another size than before begins anew. */
void digest_width_see(struct digest_width *width, const struct policy_login *login);

/* The width as far as it is known: the written size until sixteen different digests were seen. That
 * all sixteen have a leading 0 by chance is one case in 65,536. 0: none was seen. */
unsigned digest_width_bits(const struct digest_width *width);

/* Whether the last digest surely has so many bits or more. */
bool digest_width_reaches(const struct digest_width *width, unsigned bits);

#endif
