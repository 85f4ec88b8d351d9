/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watches the files of lists and countries while the daemon runs: a changed one is read without a
 * reload. */
#ifndef SEKISHO_LIST_FILES_WATCH_H
#define SEKISHO_LIST_FILES_WATCH_H

#include "daemon/daemon.h"

/* Looks at their times and sizes every two seconds from now on, on the daemon's loop. A file that
 * has changed, and has then stayed the same for a round, is imported as at a reload. -errno of the
 * timer. */
int list_files_watch(struct daemon *daemon);

#endif
