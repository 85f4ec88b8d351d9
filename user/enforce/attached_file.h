/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RUNTIME/attached: why each device is guarded as it is, kept for `status` by whoever attached
 * last. The kernel knows what is attached, and not what was tried before. */
#ifndef SEKISHO_ATTACHED_FILE_H
#define SEKISHO_ATTACHED_FILE_H

#include "kernel/attach.h"

/* A runtime folder that cannot be written to costs `status` the reasons and no more. */
void attached_write(const char *runtime, const struct attachment *attachments, size_t count);

/* At most `room`, of which only device, ifindex, attached, hook, why and outflow_why are set;
 * returns how many, 0 where there is no such file. */
size_t attached_read(const char *runtime, struct attachment *attachments, size_t room);

#endif
