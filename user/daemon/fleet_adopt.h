/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks bans that the fleet would adopt by what this server knows. Not here: the socket. */
#ifndef SEKISHO_FLEET_ADOPT_H
#define SEKISHO_FLEET_ADOPT_H

#include "daemon/daemon.h"
#include "fleet/channel.h"

/* Bans, or returns a reason not to. Checks width, length and room once more, as a fleet process in
 * wrong hands could ask for more than a fleet may. */
enum channel_outcome fleet_adopt(struct daemon *daemon, const struct channel_message *message);
/* Lifts a ban that was adopted, but no ban that a rule or an administrator made here. */
void fleet_release(struct daemon *daemon, const struct channel_message *message);

#endif
