/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collects the facts of `sekisho report`. Not here: how they look (report/pages.h). */
#ifndef SEKISHO_REPORT_FACTS_H
#define SEKISHO_REPORT_FACTS_H

#include "cmd/cmd.h"
#include "report/day.h"
#include "report/incident.h"

/* `command`: the command that reports faults. */

/* From logs, through the rules. EXIT_*; faults are printed. *incident is the caller's, and may be
 * set although a file could not be read to its end. */
int report_from_logs(const struct command *command, const struct config *config,
		     const char *account, char **paths, struct incident **incident);
/* From the store: alerts, bans and evidence of 90 days, known sources. */
int report_from_store(const struct command *command, const struct instance *instance,
		      const char *account, struct incident **incident);
/* The day's counters and alerts. */
int report_day_from_store(const struct command *command, const struct instance *instance,
			  struct day *day);

#endif
