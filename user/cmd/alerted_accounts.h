/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which accounts the alerts in the store name: one each, or those of alerts that were summed up. */
#ifndef SEKISHO_ALERTED_ACCOUNTS_H
#define SEKISHO_ALERTED_ACCOUNTS_H

#include "store/store.h"

/* Returns another value than 0 to stop. */
typedef int alerted_account(const char *account, void *context);

/* Of the alerts since from_wall_ns, the last first; an account comes once for each. */
int alerted_accounts_each(struct store *store, int64_t from_wall_ns, alerted_account *each,
			  void *context, struct fault *fault);

#endif
