// SPDX-License-Identifier: GPL-2.0-or-later
/* See fleet_adopt.h. */
#include "daemon/fleet_adopt.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "daemon/after_ban.h"
#include "daemon/ban_queue.h"
#include "daemon/daemon_log.h"
#include "fleet/adoption.h"
#include "kernel/ban_entry.h"

#define LEASE_NS   (FLEET_LEASE_MS * NS_PER_MS)
#define ROOM_PARTS 4 /* one such part of the table of bans is kept free of others' bans */

static bool is_one_service(uint8_t services)
{
	return services == BAN_SMTP || services == BAN_LOGIN;
}

/* Reads the kernel's ban of this prefix for the one group of services. False: there is none. */
static bool get_ban(struct daemon *daemon, const struct channel_message *message,
		    const struct clocks *clocks, struct ban_record *ban)
{
	struct ban_record bans[BAN_GROUPS];
	size_t count;

	if (!daemon->instance.gate || !is_one_service(message->services) ||
	    ban_entry_get(daemon->instance.gate, &message->prefix, clocks, bans, &count, NULL))
		return false;
	for (size_t i = 0; i < count; i++)
		if (bans[i].services & message->services) {
			*ban = bans[i];
			return true;
		}
	return false;
}

static bool has_room(struct daemon *daemon)
{
	struct gate_usage usage = gate_ban_usage(daemon->instance.gate);

	return usage.used < usage.size - usage.size / ROOM_PARTS;
}

/* Whether the prefix is on an allow list for any service. */
static bool is_allowed(struct daemon *daemon, const struct prefix *prefix)
{
	if (gate_table_view_renew(daemon->instance.gate, &daemon->table, NULL))
		return false;
	for (unsigned service = 1; service <= daemon->instance.config->service_count; service++)
		if (gate_table_look(&daemon->table, &prefix->address, service).flags & LOOKUP_ALLOW)
			return true;
	return false;
}

/* This server's reason against the ban. OUTCOME_ADOPTED: there is none. */
static enum channel_outcome veto(struct daemon *daemon, const struct prefix *prefix, int64_t now)
{
	if (address_is_lan(&prefix->address) || !unbannable_known(daemon) ||
	    protected_why(&daemon->protected, prefix))
		return OUTCOME_PROTECTED;
	if (is_allowed(daemon, prefix))
		return OUTCOME_ALLOWED;
	switch (detect_vouches(daemon->detect, prefix, now)) {
	case VOUCH_KNOWN:
		return OUTCOME_KNOWN;
	case VOUCH_SENDER:
		return OUTCOME_SENDER;
	default:
		return OUTCOME_ADOPTED;
	}
}

/* Writes "mx1, mx2: source-failures". The names come from the configuration, but by way of the
 * fleet process, which is not trusted. */
static void describe(const struct channel_message *message, char *reason, size_t size)
{
	char names[CHANNEL_TEXT_SIZE];

	snprintf(names, sizeof(names), "%s", message->text);
	for (char *at = names; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("._-, ", *at))
			*at = '?';
	snprintf(reason, size, "%s: %s", *names ? names : "nobody",
		 rule_name((enum ban_rule)message->rule));
}

static enum channel_outcome add(struct daemon *daemon, const struct channel_message *message,
				int64_t now, int64_t until)
{
	struct ban_record ban = { .prefix = message->prefix,
				  .services = (enum ban_services)message->services,
				  .since_wall_ns = now,
				  .until_wall_ns = until,
				  .rule = RULE_FLEET };
	char text[PREFIX_TEXT_SIZE];
	struct fault fault;
	int error;

	describe(message, ban.reason, sizeof(ban.reason));
	error = ban_queue_ban(daemon, &ban, NULL, 0, &fault);
	if (!error || error == -EINPROGRESS)
		return OUTCOME_ADOPTED;
	prefix_format(&message->prefix, text);
	daemon_fault(daemon, "fleet: not banned: %s: %s", text, fault.text);
	return OUTCOME_FAILED;
}

enum channel_outcome fleet_adopt(struct daemon *daemon, const struct channel_message *message)
{
	struct clocks clocks = clocks_read();
	int64_t now = clocks.wall_ns, until = INT64_MAX;
	enum channel_outcome outcome;
	struct ban_record ban;
	bool held;

	if (message->time_ms < INT64_MAX / NS_PER_MS)
		until = message->time_ms * NS_PER_MS;
	if (!daemon->instance.gate || !is_one_service(message->services) ||
	    !adoption_is_narrow(&message->prefix) || until <= now)
		return OUTCOME_FAILED;
	if (until > now + LEASE_NS)
		until = now + LEASE_NS;
	outcome = veto(daemon, &message->prefix, now);
	if (outcome)
		return outcome;
	held = get_ban(daemon, message, &clocks, &ban);
	if (held && ban.rule != RULE_FLEET)
		return OUTCOME_HELD;
	if (held && (ban.until_wall_ns > until || ban_is_same_end(ban.until_wall_ns, until)))
		return OUTCOME_ADOPTED;
	if (!held && !has_room(daemon))
		return OUTCOME_FAILED;
	return add(daemon, message, now, until);
}

void fleet_release(struct daemon *daemon, const struct channel_message *message)
{
	struct clocks clocks = clocks_read();
	char text[PREFIX_TEXT_SIZE];
	struct fault fault = { 0 };
	struct ban_record ban;

	if (!get_ban(daemon, message, &clocks, &ban) || ban.rule != RULE_FLEET)
		return;
	prefix_format(&message->prefix, text);
	if (commit_begin(daemon, &fault) ||
	    bans_remove(&daemon->instance, &message->prefix, (enum ban_services)message->services,
			&fault))
		daemon_fault(daemon, "fleet: %s is not released: %s", text, fault.text);
	else if (ban_may_log(daemon))
		log_line(false, "unbanned %s: the fleet holds it no more", text);
}
