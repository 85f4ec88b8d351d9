/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages of `load` and `run`: one line each on standard output, faults on standard error,
 * with control characters made visible. */
#ifndef SEKISHO_DAEMON_LOG_H
#define SEKISHO_DAEMON_LOG_H

#include <stdbool.h>
#include "kernel/attach.h"

/* Also a list_files_log; `context` is not used. */
void log_text(bool fault, const char *text, void *context);
void log_line(bool fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "eth0: guarded by native XDP", "eth0: guarded by tc ingress (why)", "eth0: not guarded: why". */
void log_attachment(const struct attachment *attachment);

#endif
