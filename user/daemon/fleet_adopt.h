/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bans that the fleet would adopt, against what this server knows. Not here: the socket. */
#ifndef SEKISHO_FLEET_ADOPT_H
#define SEKISHO_FLEET_ADOPT_H

#include "daemon/daemon.h"
#include "fleet/channel.h"

/* Bans, or has a reason not to. What a fleet process in wrong hands could ask for beyond what a
 * fleet may is refused here once more: width, length, room. */
enum channel_outcome fleet_adopt(struct daemon *daemon, const struct channel_message *message);
/* Lifts a ban that was adopted, and none that a rule or somebody made here. */
void fleet_release(struct daemon *daemon, const struct channel_message *message);

#endif
