// SPDX-License-Identifier: GPL-2.0-or-later
/* What this server tells the fleet process; see fleet_link.h. */
#include "daemon/fleet_link_internal.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"
#include "bucket.h"
#include "daemon/daemon_log.h"
#include "kernel/ban_entry.h"
#include "lists/providers.h"

#define TELL_EVERY_NS (NS_PER_S / 50)
#define SIGHT_NS      (NS_PER_S / 20) /* for each failure, or old password, that is told */
#define SIGHTS_BURST  1200	      /* at once: a minute's */

_Static_assert((int)SIGHT_LOGIN == FLEET_SIGHT_LOGIN && (int)SIGHT_FAILURE == FLEET_SIGHT_FAILURE &&
		       (int)SIGHT_OLD == FLEET_SIGHT_OLD,
	       "the numbers are the same");

void fleet_link_drop(struct fleet_link *link, const char *why)
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

void fleet_link_ring(struct fleet_link *link)
{
	if (!link->rings)
		link->rings = !loop_after(link->daemon->loop, TELL_EVERY_NS, on_ring, link->daemon);
}

/* Sends the messages that wait. */
static void flush(struct fleet_link *link)
{
	int error = 0;

	while (link->out_count && !(error = channel_send(link->fd, &link->out[link->out_at]))) {
		link->out_at = (link->out_at + 1) % OUT_MAX;
		link->out_count--;
	}
	if (error && error != -EAGAIN && error != -EINTR)
		fleet_link_drop(link, "has ended");
}

/* If the ring is full, the fleet process hangs. */
void fleet_link_send(struct fleet_link *link, const struct channel_message *message)
{
	if (!link->welcomed)
		return;
	if (link->out_count == OUT_MAX) {
		fleet_link_drop(link, "takes nothing any more");
		return;
	}
	link->out[(link->out_at + link->out_count++) % OUT_MAX] = *message;
	flush(link);
	if (link->out_count)
		fleet_link_ring(link);
}

void fleet_link_ban(struct daemon *daemon, const struct ban_record *ban)
{
	struct channel_message message = { .kind = CHANNEL_BAN,
					   .prefix = ban->prefix,
					   .services = ban->services & BAN_ALL,
					   .rule = (uint8_t)ban->rule,
					   .time_ms = ban->until_wall_ns / NS_PER_MS };

	if (daemon->fleet)
		fleet_link_send(daemon->fleet, &message);
}

/* Limits failures and old passwords apart. A source that fails on many accounts must not flood the
 * other members, nor hide a source that knows an old password. */
static bool may_tell(struct fleet_link *link, enum detect_sight sight)
{
	uint64_t *bucket = &link->sights_boot_ns[sight], now = clock_boot_ns();

	if (sight == SIGHT_KNOWN || sight == SIGHT_LOGIN)
		return true;
	if (!bucket_has(*bucket, now, SIGHT_NS, SIGHTS_BURST))
		return false;
	*bucket = bucket_take(*bucket, now, SIGHT_NS, SIGHTS_BURST);
	return true;
}

void fleet_link_sight(const char *account, const struct address *source, enum detect_sight sight,
		      int64_t wall_ns, void *context)
{
	struct daemon *daemon = context;
	struct channel_message message = { .kind = CHANNEL_LOGIN };
	const struct config *config = daemon->instance.config;

	if (!daemon->fleet || !daemon->fleet->welcomed || !may_tell(daemon->fleet, sight))
		return;
	snprintf(message.text, sizeof(message.text), "%s", account);
	fleet_link_send(daemon->fleet, &message);
	if (sight == SIGHT_KNOWN)
		return;
	message.kind = CHANNEL_SIGHT;
	message.sight = (uint8_t)sight;
	message.country = COUNTRY_ZZ;
	message.prefix = address_network(source, config->network_length4, config->network_length6);
	message.time_ms = wall_ns / NS_PER_MS;
	if (daemon->providers)
		message.provider = providers_find(daemon->providers, source);
	if (daemon->table.head)
		message.country = gate_table_look(&daemon->table, source, 0).country;
	if (message.country >= COUNTRY_COUNT)
		message.country = COUNTRY_ZZ;
	fleet_link_send(daemon->fleet, &message);
}

/* Tells the kernel's bans, except those that the fleet made. */
static void tell_kernel_bans(struct daemon *daemon, const struct prefix *prefix,
			     const struct ban *entry, const struct clocks *clocks)
{
	struct ban_record bans[BAN_GROUPS];
	size_t count = ban_entry_read(prefix, entry, clocks, bans);

	for (size_t i = 0; i < count; i++)
		if (bans[i].rule != RULE_FLEET)
			fleet_link_ban(daemon, &bans[i]);
}

static void walk(struct daemon *daemon, struct fleet_link *link)
{
	static struct prefix prefixes[GATE_BAN_SOME];
	static struct ban entries[GATE_BAN_SOME];
	struct clocks clocks = clocks_read();
	size_t count = 0;

	/* A walk that breaks off must not claim that it saw all. */
	if (!daemon->instance.gate ||
	    gate_ban_some(daemon->instance.gate, &link->walk, prefixes, entries, &count, NULL)) {
		link->walking = false;
		return;
	}
	for (size_t i = 0; i < count; i++)
		tell_kernel_bans(daemon, &prefixes[i], &entries[i], &clocks);
	if (link->walk.ended)
		fleet_link_send(link, &(struct channel_message){ .kind = CHANNEL_WALKED });
	link->walking = link->welcomed && !link->walk.ended;
}

void fleet_link_walk(struct fleet_link *link)
{
	link->walk = (struct gate_ban_walk){ 0 };
	link->walking = true;
	fleet_link_send(link, &(struct channel_message){ .kind = CHANNEL_WALK });
	fleet_link_ring(link);
}

/* Sends what waits; when all was taken, continues the walk by a portion. */
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
		fleet_link_ring(link);
}
