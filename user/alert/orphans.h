/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What alert programs started and left behind. Private to user/alert/. */
#ifndef SEKISHO_ORPHANS_H
#define SEKISHO_ORPHANS_H

#include <stddef.h>
#include <sys/types.h>

/* From now on processes whose parent ends become children of this one. Before the first program. */
void orphans_adopt(void);

/* Children of this process in other process groups than its own that are not among the `count`
 * programs: those older than `timeout_s` are killed, ended ones are reaped. Returns how many were
 * killed. Where /proc says nothing of children (CONFIG_PROC_CHILDREN), none are found. */
size_t orphans_end(const pid_t *programs, size_t count, unsigned timeout_s);

#endif
