/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RUNTIME/attached: why each device is guarded as it is. The process that attached last writes it
 * for `status`. The kernel knows what is attached, but not what was tried before. */
#ifndef SEKISHO_ATTACHED_FILE_H
#define SEKISHO_ATTACHED_FILE_H

#include "kernel/attach.h"

/* If the runtime folder cannot be written to, `status` lacks the reasons, and nothing else. */
void attached_write(const char *runtime, const struct attachment *attachments, size_t count);

/* Reads at most `room` attachments; only device, ifindex, attached, hook, why and outflow_why are
 * set. Returns how many, 0 if there is no such file. */
size_t attached_read(const char *runtime, struct attachment *attachments, size_t room);

#endif
