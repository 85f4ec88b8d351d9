/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The open connections of banned sources: the kernel is asked for them once for many bans. Private
 * to user/enforce/ except cuts_make(), which bans.h declares. */
#ifndef SEKISHO_CUTS_H
#define SEKISHO_CUTS_H

#include "enforce/bans.h"

/* Has the next cuts_make() close the connections of `prefix` to these services. -ENOMEM. */
int cuts_add(struct instance *instance, const struct prefix *prefix, enum ban_services services);

#endif
