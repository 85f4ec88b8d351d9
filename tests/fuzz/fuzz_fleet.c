// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes in a fleet's stream, and as a member's snapshot: as they are, and as a payload that the
 * member has signed. */
#include <stdlib.h>
#include <string.h>

#include "fleet/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_MS 1795000000000LL

static struct node_member members[3];

static void on_changed(const struct adoption_change *change, void *context)
{
	(void)context;
	if (!change->until_ms)
		return;
	/* One member, at quorum 2, causes nothing. */
	abort();
}

static void on_sighted(uint16_t member, const struct fleet_statement *sighting, void *context)
{
	(void)context;
	if (member != 1 || !sighting->sight || sighting->sight >= FLEET_SIGHT_COUNT ||
	    sighting->country >= COUNTRY_COUNT)
		abort();
}

static struct node *make_node(struct node_settings *settings)
{
	static const uint8_t secret[FLEET_KEY_SIZE] = "fuzz";
	struct fleet_signer signer;

	*settings = (struct node_settings){ .members = members,
					    .member_count = 3,
					    .quorum = 2,
					    .budget = 100,
					    .secret_count = 1,
					    .changed = on_changed,
					    .sighted = on_sighted };
	for (unsigned i = 0; i < 3; i++) {
		memset(signer.seed, (int)i, sizeof(signer.seed));
		fleet_signer_derive(&signer);
		memcpy(members[i].keys[0], signer.public, FLEET_KEY_SIZE);
		members[i].key_count = 1;
		if (i < 2)
			settings->signer = signer;
	}
	fleet_secret_derive(secret, &settings->secrets[0]);
	return node_new(settings, 1);
}

enum { HEAD = 28, SEALED = HEAD + FLEET_NONCE_SIZE };

/* `data` as the payload of a batch, or of a snapshot's part, that member 1 signed; its size. */
static size_t sign(const struct node_settings *settings, const char *magic, const uint8_t *data,
		   size_t size, uint8_t *bytes)
{
	size_t end = SEALED + size + FLEET_TAG_SIZE;

	memset(bytes, 0, SEALED);
	memcpy(bytes, magic, 4);
	fleet_key_id(settings->signer.public, bytes + 4);
	bytes[19] = bytes[27] = 1;
	fleet_seal(settings->secrets[0].seal, bytes + HEAD, bytes, HEAD, data, size,
		   bytes + SEALED);
	fleet_sign(&settings->signer, bytes, end, bytes + end);
	return end + FLEET_SIGNATURE_SIZE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct node_settings settings;
	uint8_t bytes[2 + FLEET_BATCH_SIZE];
	struct node *node;
	size_t used;

	if (!fleet_crypto_ready())
		abort();
	node = make_node(&settings);
	if (!node)
		return 0;
	node_receive(node, 1, data, size, NOW_MS);
	node_begin(node, 1, data, size, NOW_MS);
	if (size <= FLEET_BATCH_SIZE - SEALED - FLEET_TAG_SIZE - FLEET_SIGNATURE_SIZE) {
		used = sign(&settings, "SKS1", data, size, bytes + 2);
		bytes[0] = (uint8_t)(used >> 8);
		bytes[1] = (uint8_t)used;
		node_begin(node, 1, bytes, 2 + used, NOW_MS);
		used = sign(&settings, "SKF1", data, size, bytes + 2);
		node_receive(node, 1, bytes + 2, used, NOW_MS);
	}
	node_tick(node, NOW_MS + 1000);
	node_free(node);
	return 0;
}
