/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `load` and `run` print as they go: one line each on standard output, faults on standard
 * error, control characters made visible. */
#ifndef SEKISHO_SAY_H
#define SEKISHO_SAY_H

#include <stdbool.h>
#include "kernel/attach.h"

/* Also a sources_say; `context` is not used. */
void say_line(bool fault, const char *text, void *context);
void say(bool fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "eth0: guarded by native XDP", "eth0: guarded by tc ingress (why)", "eth0: not guarded: why". */
void say_attachment(const struct attachment *attachment);

#endif
