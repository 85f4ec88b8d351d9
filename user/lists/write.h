/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ranges as text: plain prefixes, one a line. Not here: the tables that commands print. */
#ifndef SEKISHO_LIST_WRITE_H
#define SEKISHO_LIST_WRITE_H

#include <stdio.h>
#include "lists/ranges.h"
#include "base/fault.h"

/* Writes normal ranges and flushes. -errno of the stream. */
int ranges_write(const struct ranges *ranges, FILE *out, struct fault *fault);

#endif
