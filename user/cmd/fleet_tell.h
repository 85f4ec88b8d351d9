/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `ban` and `unban` tell the fleet process, if one runs. That it was not told is no fault: the
 * daemon tells it all when it comes back. */
#ifndef SEKISHO_FLEET_TELL_H
#define SEKISHO_FLEET_TELL_H

#include <limits.h>

#include "enforce/bans.h"

struct fleet_tell {
	int fd;		       /* -1 */
	bool over;	       /* it was tried, and nobody answers */
	char untold[PATH_MAX]; /* the file that says so; "": there is nothing to say */
};

/* Tells the fleet process of a ban, or that one was lifted, so that other members hear of it. Does
 * nothing without [fleet]. No error: `over` says that it did not answer; then the rest is left to
 * the daemon, which tells all that holds once the fleet process takes something again. */
void fleet_tell_ban(struct fleet_tell *tell, const struct config *config,
		    const struct ban_record *ban);
void fleet_tell_unban(struct fleet_tell *tell, const struct config *config,
		      const struct prefix *prefix, enum ban_services services);
/* To be called in any case, behind the last ban. */
void fleet_tell_end(struct fleet_tell *tell);

#endif
