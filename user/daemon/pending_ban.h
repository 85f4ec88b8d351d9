/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ban that waits for its lock or for the store, with copies of all that it needs. */
#ifndef SEKISHO_PENDING_BAN_H
#define SEKISHO_PENDING_BAN_H

#include "enforce/bans.h"

struct pending_ban {
	struct ban_request request; /* reason and evidence are owned */
	bool in_kernel;		    /* only the store lacks it */
	bool doubtful;		    /* or has it in a transaction that is not committed */
};

/* False: out of memory, and nothing is to be freed. */
bool pending_ban_copy(struct pending_ban *waiting, const struct ban_request *request,
		      bool in_kernel);
void pending_ban_free(struct pending_ban *waiting);

#endif
