// SPDX-License-Identifier: GPL-2.0-or-later
/* See fleet_link.h: the connection, and what is received. What is sent: fleet_send.c. */
#include "daemon/fleet_link_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "daemon/ban_queue.h"
#include "daemon/fleet_adopt.h"
#include "daemon/daemon_log.h"
#include "fleet/adoption.h"
#include "fleet/channel.h"
#include "lists/providers.h"

#define TICK_NS	      NS_PER_S
#define PORTION_NS    (NS_PER_S / 1000) /* of the loop's time, for what is received at once */
#define TROUBLES_HOUR 20		/* alerts that a fleet process may raise */

static void greet(struct fleet_link *link)
{
	struct channel_message hello = { .kind = CHANNEL_DAEMON };

	link->welcomed = true;
	fleet_link_send(link, &hello);
	log_line(false, "the fleet process is there");
	link->was_there = true;
	fleet_link_walk(link);
}

/* ---- receiving ---- */

static void take_trouble(struct fleet_link *link, const char *text)
{
	struct decision decision = { .rule = RULE_FLEET,
				     .action = ACTION_ALERT,
				     .wall_ns = clock_wall_ns() };
	uint64_t now = clock_boot_ns();

	if (now - link->hour_boot_ns > 3600ULL * NS_PER_S) {
		link->hour_boot_ns = now;
		link->troubles = 0;
	}
	if (link->troubles++ >= TROUBLES_HOUR)
		return;
	snprintf(decision.reason, sizeof(decision.reason), "%.150s", text);
	for (char *at = decision.reason; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	alerting_raise(link->daemon, &decision);
}

/* A time of the future is taken as now: it would hold a window open. */
static void take_remote(struct daemon *daemon, const struct channel_message *message)
{
	struct detect_remote seen = { .server = message->member, .network = message->prefix };
	int64_t now_ms = clock_wall_ns() / NS_PER_MS;

	if (message->sight <= SIGHT_KNOWN || message->sight >= SIGHTS ||
	    message->time_ms < now_ms - FLEET_OLD_MS)
		return;
	seen.sight = (enum detect_sight)message->sight;
	seen.wall_ns = (message->time_ms < now_ms ? message->time_ms : now_ms) * NS_PER_MS;
	rules_remote(daemon, message->text, &seen);
}

static void take(struct fleet_link *link, const struct channel_message *message)
{
	struct channel_message answer = { .kind = CHANNEL_OUTCOME,
					  .prefix = message->prefix,
					  .services = message->services };

	if (!link->welcomed) {
		if (message->kind == CHANNEL_WELCOME)
			greet(link);
		return;
	}
	switch ((enum channel_kind)message->kind) {
	case CHANNEL_ADOPT:
		answer.outcome = (uint8_t)fleet_adopt(link->daemon, message);
		fleet_link_send(link, &answer);
		break;
	case CHANNEL_RELEASE:
		fleet_release(link->daemon, message);
		break;
	case CHANNEL_REMOTE:
		take_remote(link->daemon, message);
		break;
	case CHANNEL_TROUBLE:
		take_trouble(link, message->text);
		break;
	default:
		break;
	}
}

/* Receives a portion; the loop calls again while there is more. */
static void on_ready(int fd, void *context)
{
	struct fleet_link *link = context;
	uint64_t begun = clock_boot_ns();
	struct channel_message message;
	int got = 1;

	while (link->fd == fd && (got = channel_receive(fd, &message)) > 0) {
		take(link, &message);
		if (clock_boot_ns() - begun > PORTION_NS)
			break;
	}
	commit_end(link->daemon);
	if (got < 0)
		fleet_link_drop(link, "has ended");
}

/* ---- the link ---- */

/* If a command could not tell its bans to the fleet process, all bans are told once more. */
static void look_for_untold(struct fleet_link *link)
{
	char path[PATH_MAX];

	if (link->walking || !link->welcomed || ban_queue_owes_bans(link->daemon))
		return;
	snprintf(path, sizeof(path), "%s/" CHANNEL_UNTOLD,
		 link->daemon->instance.config->paths.runtime);
	if (!unlink(path))
		fleet_link_walk(link);
}

static void on_tick(void *context)
{
	struct daemon *daemon = context;
	struct fleet_link *link = daemon->fleet;

	if (link)
		look_for_untold(link);
	if (!link || link->fd >= 0 || clock_boot_ns() < link->retry_boot_ns)
		return;
	link->retry_boot_ns = clock_boot_ns() + RETRY_NS;
	link->fd = channel_connect(link->path);
	if (link->fd < 0) {
		link->fd = -1;
		return;
	}
	if (loop_add(daemon->loop, link->fd, on_ready, link)) {
		close(link->fd);
		link->fd = -1;
	}
}

void fleet_link_open(struct daemon *daemon)
{
	struct fleet_link *link;

	if (!daemon->instance.config->fleet.server)
		return;
	link = calloc(1, sizeof(*link));
	if (link)
		link->out = calloc(OUT_MAX, sizeof(*link->out));
	if (!link || !link->out ||
	    !channel_path(daemon->instance.config->paths.runtime, link->path, sizeof(link->path))) {
		daemon_fault(daemon, "fleet: %s",
			     link && link->out ? "[paths] runtime is too long for a socket"
					       : "out of memory");
		if (link)
			free(link->out);
		free(link);
		return;
	}
	link->fd = -1;
	link->daemon = daemon;
	daemon->fleet = link;
	if (!daemon->fleet_ticks)
		daemon->fleet_ticks = !loop_every(daemon->loop, TICK_NS, on_tick, daemon);
	on_tick(daemon);
}

void fleet_link_reload(struct daemon *daemon)
{
	bool wanted = daemon->instance.config->fleet.server;

	if (wanted == (daemon->fleet != NULL))
		return;
	if (wanted)
		fleet_link_open(daemon);
	else
		fleet_link_close(daemon);
}

void fleet_link_close(struct daemon *daemon)
{
	struct fleet_link *link = daemon->fleet;

	if (!link)
		return;
	link->was_there = false;
	fleet_link_drop(link, "");
	free(link->out);
	free(link);
	daemon->fleet = NULL;
}
