/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One server may write one thing into several logs: its file and the journal, Exim's main and its
 * reject log, /var/log/mail.log and /var/log/syslog. What was seen in one log is a copy when it is
 * seen in another, by what it says: as often as the log that says it most often, within
 * COPY_WINDOW_S of log time. Within one log nothing is a copy.
 */
#ifndef SEKISHO_LOG_COPIES_H
#define SEKISHO_LOG_COPIES_H

#include "log/line_event.h"

#define COPY_WINDOW_S 2
#define COPY_SLOTS    4096 /* 32 bytes each, where a server has several logs */

struct copies;

struct copies *copies_new(void); /* NULL: out of memory */
void copies_free(struct copies *copies);

/* Whether another log has said this already. */
bool copies_is_one(struct copies *copies, const struct line_event *line_event);

#endif
