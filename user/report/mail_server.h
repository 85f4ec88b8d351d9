/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands by which mail servers hold a thief's messages back, in the page of an incident. */
#ifndef SEKISHO_REPORT_MAIL_SERVER_H
#define SEKISHO_REPORT_MAIL_SERVER_H

#include "report/incident.h"
#include "report/page.h"

/* The command for the queue ids of the incident. False: nothing is queued (that has
 * an id of the mail server that took the messages), or no command of that server is known. */
bool mail_server_hold(const struct page *page, const struct incident *incident);

/* The command for all that the account has sent, of the mail server that took the strangers'
 * messages; of each known one if none is known to have passed. */
void mail_server_hold_by_sender(const struct page *page, const struct incident *incident);

#endif
