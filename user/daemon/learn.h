/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an installation's first start learns from the logs that there are already. */
#ifndef SEKISHO_LEARN_H
#define SEKISHO_LEARN_H

#include "daemon/daemon.h"

/*
 * Reads the files of [log] and those that were rotated away beside them, of the last 30 days and
 * newest first until LEARN_MOST bytes, through rules of its own that decide nothing, and stores
 * whom the accounts know, who delivers mail, and what is usual. The journal, containers and files
 * packed otherwise than by gzip are left out. Says what it read. `settings` as of
 * detect_store_settings(). What fails is said and leaves what there was.
 */
#define LEARN_MOST (256ULL << 20) /* a gzip file counts eight times its size */
void learn_from_logs(struct daemon *daemon, const struct detect_settings *settings);

#endif
