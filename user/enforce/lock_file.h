/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lock between processes: flock(2) on a file that names its holder. The lock ends with the
 * holder's process, however that ends. Private to user/enforce/. */
#ifndef SEKISHO_LOCK_FILE_H
#define SEKISHO_LOCK_FILE_H

#include <stdbool.h>
#include "base/fault.h"

#define LOCK_POLL_NS 1000000L /* how often who waits looks, in the beginning */

/*
 * Takes the lock FOLDER/NAME, waiting up to `wait_ms`; *fd (the caller's) holds it until it is
 * closed. The process that is next in turn holds a second file, FOLDER/NAME.next: so a holder that
 * releases the lock and takes it again at once, as the daemon does for each portion of its logs,
 * comes behind processes that waited meanwhile. With `or_folder` the folder itself is locked if the
 * file cannot be made (a full or read-only disk). -EBUSY: another process has it, the fault names
 * it; -EINTR: a signal came; -ENOENT: there is no such folder; others of open(2) and flock(2).
 */
int lock_file_take(const char *folder, const char *name, bool or_folder, unsigned wait_ms, int *fd,
		   struct fault *fault);

#endif
