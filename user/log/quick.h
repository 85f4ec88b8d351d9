/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The many lines of a mail server in which there is nothing: who connects and leaves, message ids,
 * what the queue does, deliveries, ends of IMAP sessions. Told by their first bytes, so that the
 * long way of envelope.h and the formats is for the others. What is told here the long way tells
 * too; what is not told says nothing of a line.
 */
#ifndef SEKISHO_LOG_QUICK_H
#define SEKISHO_LOG_QUICK_H

#include "log/stamp.h"

/* Whether the line, of a plain log, is nothing that a rule wants; `deliveries`: what was delivered
 * and queued is something. *clock: its stamp; *missed: no format finds anything in it. Pure. */
bool quick_is_nothing(struct span line, bool deliveries, struct stamp *clock, bool *missed);

#endif
