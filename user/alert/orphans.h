/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that alert programs started and left behind. Private to user/alert/. */
#ifndef SEKISHO_ORPHANS_H
#define SEKISHO_ORPHANS_H

#include <stddef.h>
#include <sys/types.h>

/* From now on descendants whose parent ends become children of this process. To be called before
 * the first program. */
void orphans_adopt(void);

/* Looks at this process's children that are in other process groups and not among the `count`
 * programs: kills those older than `timeout_s`, and reaps ended ones. Returns how many were killed.
 * Finds none if /proc does not list children (CONFIG_PROC_CHILDREN). */
size_t orphans_end(const pid_t *programs, size_t count, unsigned timeout_s);

#endif
