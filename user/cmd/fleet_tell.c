// SPDX-License-Identifier: GPL-2.0-or-later
/* See fleet_tell.h. */
#include "cmd/fleet_tell.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"
#include "fleet/channel.h"

/* Leaves a file by which the daemon knows that it must tell all bans in force (CHANNEL_UNTOLD). It
 * is made again for each ban, since the daemon may have removed it meanwhile. */
static void leave_untold(const struct fleet_tell *tell)
{
	int fd = open(tell->untold, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		close(fd);
}

static void send_one(struct fleet_tell *tell, const struct config *config,
		     const struct channel_message *message)
{
	if (!config->fleet.server || tell->over)
		return;
	if (tell->fd < 0)
		tell->fd = channel_call(config->paths.runtime);
	if (tell->fd < 0 || channel_send_patiently(tell->fd, message))
		tell->over = true;
	if (!tell->over)
		return;
	snprintf(tell->untold, sizeof(tell->untold), "%s/" CHANNEL_UNTOLD, config->paths.runtime);
	leave_untold(tell);
}

void fleet_tell_ban(struct fleet_tell *tell, const struct config *config,
		    const struct ban_record *ban)
{
	struct channel_message message = { .kind = CHANNEL_BAN,
					   .prefix = ban->prefix,
					   .services = ban->services & BAN_ALL,
					   .rule = (uint8_t)ban->rule,
					   .time_ms = ban->until_wall_ns / NS_PER_MS };

	send_one(tell, config, &message);
}

void fleet_tell_unban(struct fleet_tell *tell, const struct config *config,
		      const struct prefix *prefix, enum ban_services services)
{
	struct channel_message message = { .kind = CHANNEL_UNBAN,
					   .prefix = *prefix,
					   .services = services & BAN_ALL };

	send_one(tell, config, &message);
}

void fleet_tell_end(struct fleet_tell *tell)
{
	if (tell->fd >= 0)
		close(tell->fd);
	tell->fd = -1;
	if (*tell->untold)
		leave_untold(tell);
}
