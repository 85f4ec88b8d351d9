/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists and countries into store and kernel as one transaction: compile, prepare in the kernel,
 * commit the store, swap. Killed before the commit, both hold the old; killed between commit and
 * swap, the next instance_open() for writing completes it (publish_sync()).
 */
#ifndef SEKISHO_PUBLISH_H
#define SEKISHO_PUBLISH_H

#include "enforce/instance.h"

/* `list->name`, `allow`, `source`... are the caller's; `id`, `prefixes` are filled in. */
int publish_list(struct instance *instance, struct store_list *list, const struct ranges *ranges,
		 struct fault *fault);
int publish_list_removal(struct instance *instance, const char *name, struct fault *fault);
int publish_countries(struct instance *instance, const char *source, int64_t now_wall_ns,
		      const struct ranges *ranges, struct fault *fault);
/* Makes the kernel's table that of the store, if it is not. *published (may be NULL) says whether
 * it had to. */
int publish_sync(struct instance *instance, bool *published, struct fault *fault);

#endif
