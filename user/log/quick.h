/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recognises the many lines of a mail server that are no event: connects and disconnects, message
 * ids, work of the queue, deliveries, ends of IMAP sessions. Their first bytes suffice, so that
 * only other lines take the long way of envelope.h and the formats. A line that is nothing here is
 * nothing on the long way, too; about any other line this file says nothing.
 */
#ifndef SEKISHO_LOG_QUICK_H
#define SEKISHO_LOG_QUICK_H

#include "log/stamp.h"

/* Whether the line of a plain log is nothing that a rule wants; `deliveries`: deliveries and queued
 * messages are something. *clock: its stamp; *missed: no format finds anything in it. Pure. */
bool quick_is_nothing(struct span line, bool deliveries, struct stamp *clock, bool *missed);

#endif
