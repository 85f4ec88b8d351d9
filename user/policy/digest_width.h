/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To how many bits Dovecot cuts the digests of passwords (auth_policy_hash_truncate). It sends
 * whole bytes and shifts what is left to the right, so 20 bits come as 24, of which the first four
 * are 0: that is seen of many digests only. Pure.
 */
#ifndef SEKISHO_POLICY_DIGEST_WIDTH_H
#define SEKISHO_POLICY_DIGEST_WIDTH_H

#include "policy/ask.h"

struct digest_width {
	unsigned sent; /* bits of the last one as it was written; 0: none yet */
	/* Most bits of one, its leading zeros left out: of the digests now, and of those before
	 * them. 0: none. */
	unsigned now, before;
	uint64_t different; /* digests now: a bit for each value of their last six bits */
};

/* Nothing where the login has no digest. Another size than before begins anew. */
void digest_width_see(struct digest_width *width, const struct policy_login *login);

/* What is known of it: as they are written, until sixteen different ones were seen. Those with a
 * leading 0 by chance, all sixteen, are one case in 65,536. 0: none was seen. */
unsigned digest_width_bits(const struct digest_width *width);

/* Whether the last one is surely of so many bits or more. */
bool digest_width_reaches(const struct digest_width *width, unsigned bits);

#endif
