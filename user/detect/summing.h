/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who was alerted to already, and alerts of one kind that are summed up. Of each rule the first few
 * in an hour are said at once; what more of that hour comes is held, and said in one alert. Pure,
 * bounded.
 */
#ifndef SEKISHO_SUMMING_H
#define SEKISHO_SUMMING_H

#include "detect/detect.h"
#include "detect/lru_table.h"

#define SUMMING_SINGLE	 3   /* alerts of a rule in an hour that are said one by one */
#define SUMMING_FIRST_S	 600 /* the first sum comes so long after its first alert */
#define SUMMING_WINDOW_S 3600
#define SUMMING_MOST	 65536 /* subjects whose last alert is remembered */

struct summing;

struct summing *summing_new(void); /* NULL: out of memory */
void summing_free(struct summing *summing);

/* Whether an alert is to be said now: not when `key` (its subject) was alerted to within `quiet_s`,
 * where `lasting` begins the time anew, and not when it was held. */
bool summing_admit(struct summing *summing, const struct prefix *key, uint64_t quiet_s,
		   bool lasting, const struct decision *decision);
/* Fills in the next sum that is due by then. False: none. */
bool summing_due(struct summing *summing, int64_t now_ns, struct decision *decision);

#endif
