/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The output of `sekisho replay`: decisions as they are made, and their sum. Not here: deciding. */
#ifndef SEKISHO_SHOW_REPLAY_H
#define SEKISHO_SHOW_REPLAY_H

#include <stdio.h>
#include "conf/config.h"
#include "detect/detect.h"
#include "log/past_logs.h"

struct replay_report;

/* NULL: out of memory. `config` names the services, and must live on. */
struct replay_report *replay_report_new(FILE *out, bool json, const struct config *config);
void replay_report_free(struct replay_report *report);

/* To be called for every event, before its decisions. `out`: a ban would have kept it out. */
void replay_report_event(struct replay_report *report, const struct event *event, bool out);
void replay_report_decision(struct replay_report *report, const struct decision *decision,
			    const struct past_logs *past_logs);
void replay_report_end(struct replay_report *report, const struct past_logs_counts *counts);

#endif
