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
	struct gate_ban_walk walk;   /* to tell the bans that hold here */
	struct channel_message *out; /* a ring of OUT_MAX */
	size_t out_at, out_count;
	bool walking, rings;
	bool was_there; /* so that its loss, and its return, are logged once */
	uint64_t hour_boot_ns;
	unsigned troubles;		 /* in the hour since hour_boot_ns */
	uint64_t sights_boot_ns[SIGHTS]; /* bucket.h: for each kind of sighting that is told */
};

/* Ends the connection, to be tried again later; `why` is for the log: "the fleet process ...". */
void fleet_link_drop(struct fleet_link *link, const char *why);
/* Begins to tell all bans that hold here. */
void fleet_link_walk(struct fleet_link *link);
/* Has waiting messages sent, and the walk continued, after a while. */
void fleet_link_ring(struct fleet_link *link);
/* Sends the message, or keeps it until there is room. If OUT_MAX wait already, ends the
 * connection. */
void fleet_link_send(struct fleet_link *link, const struct channel_message *message);

#endif
