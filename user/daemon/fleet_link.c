// SPDX-License-Identifier: GPL-2.0-or-later
/* See fleet_link.h. */
#include "daemon/fleet_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "daemon/fleet_adopt.h"
#include "daemon/daemon_log.h"
#include "fleet/adoption.h"
#include "fleet/channel.h"
#include "lists/providers.h"

#define TICK_NS	      NS_PER_S
#define RETRY_NS      NS_PER_S
#define PORTION_NS    (NS_PER_S / 1000) /* of the loop's time, for what comes at once */
#define TELL_EVERY_NS (NS_PER_S / 50)
#define OUT_MAX	      4096 /* messages that the socket has no room for yet: 1.3 MiB */
#define TROUBLES_HOUR 20   /* alerts that a fleet process may raise */

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
	unsigned troubles; /* in that hour */
};

static void drop(struct fleet_link *link, const char *why)
{
	if (link->fd < 0)
		return;
	loop_remove(link->daemon->loop, link->fd);
	close(link->fd);
	link->fd = -1;
	link->walking = link->welcomed = false;
	link->out_count = 0;
	link->retry_boot_ns = clock_boot_ns() + RETRY_NS;
	if (link->was_there)
		log_line(true, "the fleet process %s; bans here go on without it", why);
	link->was_there = false;
}

static void on_ring(void *context);

static void ring_later(struct fleet_link *link)
{
	if (!link->rings)
		link->rings = !loop_after(link->daemon->loop, TELL_EVERY_NS, on_ring, link->daemon);
}

/* What waits first. */
static void flush(struct fleet_link *link)
{
	int error = 0;

	while (link->out_count && !(error = channel_send(link->fd, &link->out[link->out_at]))) {
		link->out_at = (link->out_at + 1) % OUT_MAX;
		link->out_count--;
	}
	if (error && error != -EAGAIN && error != -EINTR)
		drop(link, "has ended");
}

/* Who has taken nothing for so long hangs. */
static void tell(struct fleet_link *link, const struct channel_message *message)
{
	if (!link->welcomed)
		return;
	if (link->out_count == OUT_MAX) {
		drop(link, "takes nothing any more");
		return;
	}
	link->out[(link->out_at + link->out_count++) % OUT_MAX] = *message;
	flush(link);
	if (link->out_count)
		ring_later(link);
}

/* ---- what is banned here ---- */

static void tell_ban(struct fleet_link *link, const struct prefix *prefix, uint8_t services,
		     uint8_t rule, int64_t until_ms)
{
	struct channel_message message = { .kind = CHANNEL_BAN,
					   .prefix = *prefix,
					   .services = services,
					   .rule = rule,
					   .time_ms = until_ms };

	tell(link, &message);
}

void fleet_link_ban(struct daemon *daemon, const struct ban_request *request)
{
	if (daemon->fleet)
		tell_ban(daemon->fleet, &request->prefix, request->services & BAN_ALL,
			 (uint8_t)request->rule, request->until_wall_ns / 1000000);
}

void fleet_link_login(const char *account, const struct address *source, bool fresh,
		      int64_t wall_ns, void *context)
{
	struct daemon *daemon = context;
	struct channel_message message = { .kind = CHANNEL_LOGIN };
	const struct config *config = daemon->instance.config;

	if (!daemon->fleet || !daemon->fleet->welcomed)
		return;
	snprintf(message.text, sizeof(message.text), "%s", account);
	tell(daemon->fleet, &message);
	if (!fresh)
		return;
	message.kind = CHANNEL_SIGHT;
	message.sight = FLEET_SIGHT_LOGIN;
	message.country = COUNTRY_ZZ;
	message.prefix = address_network(source, config->network_length4, config->network_length6);
	message.time_ms = wall_ns / 1000000;
	if (daemon->providers)
		message.provider = providers_find(daemon->providers, source);
	if (daemon->table.head)
		message.country = gate_table_look(&daemon->table, source, 0).country;
	if (message.country >= COUNTRY_COUNT)
		message.country = COUNTRY_ZZ;
	tell(daemon->fleet, &message);
}

/* One of the kernel's, each group of services by itself, unless the fleet made it. */
static void tell_kernel_ban(struct fleet_link *link, const struct prefix *prefix,
			    const struct ban *ban)
{
	uint64_t now = clock_boot_ns();

	for (unsigned group = 0; group < BAN_GROUPS; group++)
		if (ban->expires_ns[group] > now && ban->rule[group] != RULE_FLEET)
			tell_ban(link, prefix, (uint8_t)(1U << group), ban->rule[group],
				 clock_wall_ns() / 1000000 +
					 (int64_t)((ban->expires_ns[group] - now) / 1000000));
}

static void walk(struct daemon *daemon, struct fleet_link *link)
{
	static struct prefix prefixes[GATE_BAN_SOME];
	static struct ban bans[GATE_BAN_SOME];
	size_t count = 0;

	if (!daemon->instance.gate)
		return;
	if (gate_ban_some(daemon->instance.gate, &link->walk, prefixes, bans, &count, NULL))
		link->walk.ended = true;
	for (size_t i = 0; i < count; i++)
		tell_kernel_ban(link, &prefixes[i], &bans[i]);
	link->walking = link->welcomed && !link->walk.ended;
}

/* A portion of the walk each time, once the last one was taken. */
static void on_ring(void *context)
{
	struct daemon *daemon = context;
	struct fleet_link *link = daemon->fleet;

	if (!link)
		return;
	link->rings = false;
	flush(link);
	if (link->walking && !link->out_count)
		walk(daemon, link);
	if (link->walking || link->out_count)
		ring_later(link);
}

static void greet(struct fleet_link *link)
{
	struct channel_message hello = { .kind = CHANNEL_DAEMON };

	link->welcomed = true;
	tell(link, &hello);
	log_line(false, "the fleet process is there");
	link->was_there = true;
	link->walk = (struct gate_ban_walk){ 0 };
	link->walking = true;
	ring_later(link);
}

/* ---- what comes ---- */

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

/* A time that is to come would hold a window open. */
static void take_remote(struct daemon *daemon, const struct channel_message *message)
{
	struct detect_remote login = { .server = message->member, .network = message->prefix };
	int64_t now_ms = clock_wall_ns() / 1000000;

	if (message->sight != FLEET_SIGHT_LOGIN || message->time_ms < now_ms - FLEET_OLD_MS)
		return;
	login.wall_ns = (message->time_ms < now_ms ? message->time_ms : now_ms) * 1000000;
	decide_remote(daemon, message->text, &login);
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
		tell(link, &answer);
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

/* A portion; the loop calls again while there is more. */
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
		drop(link, "has ended");
}

/* ---- the link ---- */

static void on_tick(void *context)
{
	struct daemon *daemon = context;
	struct fleet_link *link = daemon->fleet;

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
	drop(link, "");
	free(link->out);
	free(link);
	daemon->fleet = NULL;
}
