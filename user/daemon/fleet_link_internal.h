/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between fleet_link.c and fleet_send.c. */
#ifndef SEKISHO_FLEET_LINK_INTERNAL_H
#define SEKISHO_FLEET_LINK_INTERNAL_H

#include "base/time.h"
#include "daemon/fleet_link.h"
#include "fleet/channel.h"

#define RETRY_NS NS_PER_S
#define OUT_MAX	 4096 /* messages that the socket has no room for yet: 1.3 MiB */

struct fleet_link {
	struct daemon *daemon;
	char path[108];
	int fd; /* -1: none */
	bool welcomed;
	uint64_t retry_boot_ns;
	struct gate_ban_walk walk;   /* telling what is banned here */
	struct channel_message *out; /* a ring of OUT_MAX */
	size_t out_at, out_count;
	bool walking, rings;
	bool was_there; /* its loss, and its return, are said once */
	uint64_t hour_boot_ns;
	unsigned troubles;		 /* in that hour */
	uint64_t sights_boot_ns[SIGHTS]; /* bucket.h: of each kind that is told */
};

/* Ends the connection; `why` is for the log: "the fleet process ...". It is tried again later. */
void fleet_link_drop(struct fleet_link *link, const char *why);
/* All bans that hold here are told, from now on. */
void fleet_link_walk(struct fleet_link *link);
/* What waits is sent, and the walk goes on, after a while. */
void fleet_link_ring(struct fleet_link *link);
/* Sends it, or keeps it until there is room: OUT_MAX at most, then the connection ends. */
void fleet_link_send(struct fleet_link *link, const struct channel_message *message);

#endif
