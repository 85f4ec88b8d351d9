/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `sekisho fleet run`: the process between the daemon (channel.h) and the engine (engine.h), around
 * a node (node.h). Private to fleet_run.c, fleet_clients.c and fleet_report.c.
 */
#ifndef SEKISHO_FLEET_PROCESS_H
#define SEKISHO_FLEET_PROCESS_H

#include "base/time.h"
#include "conf/config.h"
#include "fleet/channel.h"
#include "fleet/engine.h"
#include "fleet/known_accounts.h"
#include "fleet/node.h"

#define FLEET_CLIENTS 8
#define FLEET_KEPT    16
#define FLEET_OUT_MAX 32768 /* messages that the daemon has not taken yet: 10 MiB */
/* Bounds within it: sightings leave room for changed bans, and these for the walk over all bans. */
#define FLEET_OUT_SIGHTINGS (FLEET_OUT_MAX / 4)
#define FLEET_OUT_CHANGES   (FLEET_OUT_MAX / 2)
#define FLEET_OUT_WALK	    (FLEET_OUT_MAX / 4 * 3)
#define FLEET_SILENT_MS	    600000 /* 10 min: a member that is silent for so long is reported */
#define FLEET_CLOCK_MS()    (clock_wall_ns() / NS_PER_MS)

struct fleet_client {
	int fd; /* -1: none */
	bool is_daemon;
};

struct fleet_process {
	struct config *config;
	struct node_member *members; /* as in config->fleet.members */
	struct node_settings settings;
	struct node *node;
	struct engine *engine;
	struct known_accounts *accounts;
	int listener;
	char socket_path[108], status_path[128];
	struct fleet_client clients[FLEET_CLIENTS];
	struct channel_message *out; /* a ring of out_size for the daemon */
	size_t out_size, out_at, out_count;
	bool resync;  /* a change found no room: the daemon is to be told all adopted bans anew */
	bool walking; /* the daemon is being told them */
	struct adoption_walk walk;
	uint64_t untold;			 /* sightings that found no room */
	struct channel_message kept[FLEET_KEPT]; /* troubles while there was no daemon to tell */
	size_t kept_count;
	uint64_t outcomes[OUTCOMES];
	uint64_t unknown; /* sightings of accounts that nobody has here */
	bool *silent;	  /* by member: its silence was reported */
	int64_t begun_ms, appended_boot_ms;
};

/* ---- fleet_clients.c ---- */
int fleet_clients_open(struct fleet_process *process, struct fault *fault);
void fleet_clients_close(struct fleet_process *process);
void fleet_clients_accept(struct fleet_process *process);
/* Reads what a client has sent; a portion of it. */
void fleet_client_read(struct fleet_process *process, struct fleet_client *client);
/* Sends the daemon as much as it takes. */
void fleet_clients_flush(struct fleet_process *process);
bool fleet_clients_wait(const struct fleet_process *process); /* for the daemon to take more */
void fleet_tell_change(const struct adoption_change *change, void *process);
void fleet_tell_sighting(uint16_t member, const struct fleet_statement *sighting, void *process);
void fleet_tell_trouble(struct fleet_process *process, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- fleet_report.c ---- */
/* Writes the status file; on a failure it is only missing, or old. */
void fleet_report(const struct fleet_process *process);

#endif
