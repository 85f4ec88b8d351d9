/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an installation's first start learns from the logs that there are already. */
#ifndef SEKISHO_LEARN_H
#define SEKISHO_LEARN_H

#include "daemon/daemon.h"

/*
 * Reads the files of [log], containers' too, and those that were rotated away beside them, of the
 * last 30 days and newest first until LEARN_MOST bytes, and the newest LEARN_ENTRIES entries of the
 * journal, through rules of its own that decide nothing, and stores whom the accounts know, who
 * delivers mail, and what is usual. Says what it read. `settings` as of detect_store_settings().
 * What fails is said and leaves what there was.
 */
#define LEARN_MOST    (256ULL << 20) /* of a packed file packed_factor() times its size */
#define LEARN_ENTRIES 1000000	     /* for each [log] that is of the journal */
void learn_from_logs(struct daemon *daemon, const struct detect_settings *settings);

#endif
