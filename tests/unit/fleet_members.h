/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of a fleet for tests, with keys that are made of their numbers. */
#ifndef SEKISHO_FLEET_MEMBERS_H
#define SEKISHO_FLEET_MEMBERS_H

#include <stdio.h>
#include <string.h>

#include "fleet/node.h"

/* Members "mx0", "mx1"... with one key each. -1: no cryptography. */
static inline int fleet_members_make(struct node_member *members, struct fleet_signer *signers,
				     unsigned count)
{
	if (!fleet_crypto_ready())
		return -1;
	for (unsigned i = 0; i < count; i++) {
		memset(signers[i].seed, (int)i + 1, FLEET_KEY_SIZE);
		fleet_signer_derive(&signers[i]);
		memcpy(members[i].keys[0], signers[i].public, FLEET_KEY_SIZE);
		members[i].key_count = 1;
		snprintf(members[i].name, sizeof(members[i].name), "mx%u", i);
	}
	return 0;
}

/* The node of settings->self, with the secret that all of them share. NULL: out of memory. */
static inline struct node *fleet_members_node(struct node_settings *settings, uint64_t incarnation)
{
	static const uint8_t secret[FLEET_KEY_SIZE] = "secret";

	settings->secret_count = 1;
	fleet_secret_derive(secret, &settings->secrets[0]);
	return node_new(settings, incarnation);
}

#endif
