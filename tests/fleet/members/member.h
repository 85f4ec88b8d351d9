/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A member that a test is: it has the key and the secret of a configuration, and a connection to
 * its engine, but no daemon. The member's own fleet process is to be stopped before, or both are
 * one key in two hands. Not here: what it says.
 */
#ifndef SEKISHO_TEST_MEMBER_H
#define SEKISHO_TEST_MEMBER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "conf/config.h"
#include "fleet/engine.h"
#include "fleet/node.h"

#define NOW_MS	    (clock_wall_ns() / 1000000)
#define NOW_BOOT_MS ((int64_t)(clock_boot_ns() / 1000000))

struct member {
	struct config *config;
	struct node_member *members;
	struct node_settings settings;
	struct node *node;
	struct engine *engine;
};

/* Opens the member of the configuration at `path` into `member`, which is all zero and lives on.
 * false: said on stderr why not. What it reads from others is thrown away. */
bool member_open(struct member *member, const char *path);

/* Signs what `node`, the member's own or a twin of it, has to say as of `now_ms`, and appends it. */
void member_append(struct member *member, struct node *node, int64_t now_ms);

/* A single address, as IPv4 in host byte order. */
struct prefix member_host(uint32_t address);

#endif
