// SPDX-License-Identifier: GPL-2.0-or-later
/* See after_ban.h. */
#include "daemon/after_ban.h"

#include "base/time.h"
#include "conf/ban_services.h"
#include "daemon/ban_queue_internal.h"
#include "daemon/daemon_log.h"
#include "daemon/fleet_link.h"

bool ban_may_log(struct daemon *daemon)
{
	struct ban_queue *ban_queue = daemon->ban_queue;

	if (ban_queue->bans_said < BAN_LOGGED_MAX) {
		ban_queue->bans_said++;
		return true;
	}
	ban_queue->bans_unsaid++;
	return false;
}

void after_ban(struct daemon *daemon, const struct ban_record *ban, bool waited, const char *amiss)
{
	const char *verb = daemon->instance.config->mode == GATE_ENFORCE ? "banned" : "would ban";
	char prefix[PREFIX_TEXT_SIZE], end[TIME_TEXT_SIZE];

	daemon->bans++;
	daemon->last_ban_wall_ns = ban->since_wall_ns;
	if (ban->rule != RULE_FLEET)
		fleet_link_ban(daemon, ban);
	prefix_format(&ban->prefix, prefix);
	time_format(ban->until_wall_ns / NS_PER_S * NS_PER_S, end);
	if (ban_may_log(daemon))
		log_line(false, "%s %s from %s until %s: %s: %s%s", verb, prefix,
			 ban_services_word(ban->services), end, rule_name(ban->rule), ban->reason,
			 waited ? "; it had waited" : "");
	if (*amiss)
		daemon_fault(daemon, "%s %s, but: %s", verb, prefix, amiss);
}
