/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ban that waits for its lock or for the store, with copies of its evidence. */
#ifndef SEKISHO_PENDING_BAN_H
#define SEKISHO_PENDING_BAN_H

#include "base/ban.h"
#include "store/store.h"

struct pending_ban {
	struct ban_record ban;
	struct store_evidence *evidence; /* owned, with its lines */
	size_t evidence_count;
	bool in_kernel; /* only the store lacks it */
	bool doubtful;	/* or has it in a transaction that is not committed */
};

/* False: out of memory, and nothing is to be freed. */
bool pending_ban_copy(struct pending_ban *pending, const struct ban_record *ban,
		      const struct store_evidence *evidence, size_t evidence_count, bool in_kernel);
void pending_ban_free(struct pending_ban *pending);

#endif
