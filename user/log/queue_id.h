/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queue ids by their form. A log line or a request may give anything as one, and root is to copy
 * them into commands: `postsuper -d ALL` would delete every message. Pure. */
#ifndef SEKISHO_QUEUE_ID_H
#define SEKISHO_QUEUE_ID_H

#include "log/event.h"

/* The mail server whose queue ids have this form: Postfix or Exim, for which commands are known
 * here. Else EVENT_DAEMON_UNKNOWN: it gets into no command. */
enum event_daemon queue_id_daemon(const char *queue);

#endif
