/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an installation's first start learns from existing logs. */
#ifndef SEKISHO_LEARN_H
#define SEKISHO_LEARN_H

#include "daemon/daemon.h"

/*
 * Reads the files of [log], containers' too, and the rotated files beside them, of the last 30
 * days, newest first until LEARN_MOST bytes, and the newest LEARN_ENTRIES entries of the journal.
 * Feeds them to rules of its own, which decide nothing, and stores which sources the accounts know,
 * which networks deliver mail, and what is usual. Logs what it read. `settings` are those of
 * detect_store_settings(). A failure is logged and leaves the store as it was.
 */
#define LEARN_MOST    (256ULL << 20) /* of a packed file packed_factor() times its size */
#define LEARN_ENTRIES 1000000	     /* for each [log] that is of the journal */
void learn_from_logs(struct daemon *daemon, const struct detect_settings *settings);

#endif
