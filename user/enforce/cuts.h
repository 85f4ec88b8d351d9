/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The open connections of sources that were banned: asked for once for many bans. Private to
 * user/enforce/ but for cuts_make(), which bans.h declares. */
#ifndef SEKISHO_CUTS_H
#define SEKISHO_CUTS_H

#include "enforce/bans.h"

/* The connections of `prefix` to these services are cut by the next cuts_make(). -ENOMEM. */
int cuts_add(struct instance *instance, const struct prefix *prefix, enum ban_services services);

#endif
