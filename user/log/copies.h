/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One server may write the same event to several logs: its file and the journal, Exim's main and
 * its reject log, /var/log/mail.log and /var/log/syslog. An event that was seen in one log is a
 * copy when an equal one is seen in another within COPY_WINDOW_S of log time. It counts as often as
 * the log has it that has it most often. Within one log nothing is a copy.
 */
#ifndef SEKISHO_LOG_COPIES_H
#define SEKISHO_LOG_COPIES_H

#include "log/line_event.h"

#define COPY_WINDOW_S 2
#define COPY_SLOTS    4096 /* 32 bytes each, if a server has several logs */

struct copies;

struct copies *copies_new(void); /* NULL: out of memory */
void copies_free(struct copies *copies);

/* Whether another log has had this event already. */
bool copies_is_one(struct copies *copies, const struct line_event *line_event);

#endif
