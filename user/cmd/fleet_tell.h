/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `ban` and `unban` tell the fleet process, if one runs. If they cannot, this is no fault: the
 * daemon tells it everything when it comes back. */
#ifndef SEKISHO_FLEET_TELL_H
#define SEKISHO_FLEET_TELL_H

#include <limits.h>

#include "enforce/bans.h"

struct fleet_tell {
	int fd;		       /* -1 */
	bool over;	       /* the fleet process was called, and does not answer */
	char untold[PATH_MAX]; /* the file that notes this (CHANNEL_UNTOLD); "": nothing to note */
};

/* Tells the fleet process of a ban, or that one was lifted, so that other members hear of it. Does
 * nothing without [fleet]. Returns no error: `over` is set if the fleet process did not answer;
 * then the daemon tells it all bans that hold once it answers again. */
void fleet_tell_ban(struct fleet_tell *tell, const struct config *config,
		    const struct ban_record *ban);
void fleet_tell_unban(struct fleet_tell *tell, const struct config *config,
		      const struct prefix *prefix, enum ban_services services);
/* To be called in any case, after the last ban. */
void fleet_tell_end(struct fleet_tell *tell);

#endif
