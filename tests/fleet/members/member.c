// SPDX-License-Identifier: GPL-2.0-or-later
/* See member.h. */
#include "member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/fleet_keys.h"

static void no_entry(size_t stream, const uint8_t *bytes, size_t size, void *context)
{
	(void)stream;
	(void)bytes;
	(void)size;
	(void)context;
}

static void no_connection(void *context)
{
	(void)context;
}

static const char *stream_name(size_t stream, void *context)
{
	return ((struct member *)context)->members[stream].name;
}

static void print_fault(const char *text, void *context)
{
	(void)context;
	fprintf(stderr, "%s\n", text);
}

static int read_keys(struct member *member, struct fault *fault)
{
	const struct config_fleet *fleet = &member->config->fleet;
	uint8_t secrets[FLEET_SECRETS_MAX][FLEET_KEY_SIZE];
	struct node_settings *settings = &member->settings;
	int err = fleet_key_read(fleet->key_file, &settings->signer, fault);

	if (!err)
		err = fleet_secret_read(fleet->secret_file, secrets, FLEET_SECRETS_MAX,
					&settings->secret_count, fault);
	for (size_t i = 0; i < settings->secret_count && !err; i++)
		fleet_secret_derive(secrets[i], &settings->secrets[i]);
	return err;
}

bool member_open(struct member *member, const char *path)
{
	struct engine_settings engine = { .stream_name = stream_name,
					  .entry = no_entry,
					  .snapshot = no_entry,
					  .connected = no_connection,
					  .context = member };
	struct node_settings *settings = &member->settings;
	const struct config_fleet *fleet;
	struct fault fault = { 0 };

	if (!fleet_crypto_ready() || config_load(path, print_fault, NULL, &member->config))
		return false;
	fleet = &member->config->fleet;
	member->members = calloc(fleet->member_count, sizeof(*member->members));
	if (!member->members || read_keys(member, &fault)) {
		fprintf(stderr, "%s\n", fault.text);
		return false;
	}
	for (size_t i = 0; i < fleet->member_count; i++) {
		memcpy(member->members[i].name, fleet->members[i].name,
		       sizeof(member->members[i].name));
		if (!strcmp(fleet->members[i].name, fleet->member))
			settings->self = (uint16_t)i;
	}
	settings->members = member->members;
	settings->member_count = (uint16_t)fleet->member_count;
	settings->quorum = 1;
	member->node = node_new(settings, (uint64_t)NOW_MS);
	engine.server = fleet->server;
	engine.prefix = settings->secrets[0].stream;
	engine.stream_count = fleet->member_count;
	engine.own = settings->self;
	return member->node && !engine_new(&engine, 0, &member->engine, &fault);
}

void member_append(struct member *member, struct node *node, int64_t now_ms)
{
	uint8_t bytes[FLEET_BATCH_SIZE];
	size_t size = node_next(node, now_ms, bytes);

	if (size)
		engine_append(member->engine, bytes, size, NOW_BOOT_MS, NOW_MS);
}

struct prefix member_host(uint32_t address)
{
	return (struct prefix){ .address = address_from4(address), .length = 128 };
}
