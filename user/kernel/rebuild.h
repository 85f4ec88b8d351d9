/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of user space to meters and connections, through the program gate_settle. Only for the
 * files of user/kernel/. */
#ifndef SEKISHO_KERNEL_REBUILD_H
#define SEKISHO_KERNEL_REBUILD_H

#include "kernel/gate_internal.h"
#include "rebuild_args.h"

/* 1: done, 0: there was nothing to do, -errno; -ENOENT: the loaded programs are of another
 * build. */
int rebuild(struct gate *gate, const struct rebuild_args *arguments);

#endif
