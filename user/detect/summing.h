/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which subjects had an alert already, and alerts of one kind that are summed up. The first few
 * alerts of each rule in an hour are raised at once; more of that hour are held, and raised as one
 * alert, which lists the accounts of all. More of those that are `at_once` are raised one by one,
 * and they are not held for longer than a minute: nobody raises them without the passwords of as
 * many accounts. Pure, bounded.
 */
#ifndef SEKISHO_SUMMING_H
#define SEKISHO_SUMMING_H

#include "detect/detect.h"
#include "detect/lru_table.h"

#define SUMMING_SINGLE	  3   /* alerts of a rule in an hour that are raised one by one */
#define SUMMING_AT_ONCE	  20  /* the same, for those that are `at_once` */
#define SUMMING_FIRST_S	  600 /* how long after its first alert the first sum comes */
#define SUMMING_AT_ONCE_S 60  /* at the latest, after one that is `at_once` */
#define SUMMING_WINDOW_S  3600
#define SUMMING_ACCOUNTS  256	/* a sum with so many comes at once */
#define SUMMING_MOST	  65536 /* subjects whose last alert is remembered */

struct summing;

struct summing *summing_new(void); /* NULL: out of memory */
void summing_free(struct summing *summing);

/* Whether an alert is to be raised now: not if `key` (its subject) had one within `quiet_s`
 * (`lasting`: this alert begins that time anew), and not if it is held. One that is `at_once` takes
 * the place of one about the same subject that is held. */
bool summing_admit(struct summing *summing, const struct prefix *key, uint64_t quiet_s,
		   bool lasting, const struct decision *decision);
/* Whether `key` had an alert of the rule within `span_s`, as far as the longest unused ones have
 * not given way. */
bool summing_had(const struct summing *summing, const struct prefix *key, enum ban_rule rule,
		 int64_t now_ns, uint64_t span_s);
/* Fills in the next sum that is due at `now_ns`. False: there is none. Its accounts are valid until
 * the next call of summing_admit() or summing_free(). */
bool summing_due(struct summing *summing, int64_t now_ns, struct decision *decision);

#endif
