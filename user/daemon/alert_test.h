/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A test alert: `sekisho alert --test` asks for it by a file in [paths] runtime, the daemon answers
 * by another file. */
#ifndef SEKISHO_ALERT_TEST_H
#define SEKISHO_ALERT_TEST_H

#define ALERT_TEST_ASKED  "alert-test"	      /* holds the rule's name */
#define ALERT_TEST_RESULT "alert-test.result" /* ALERT_TEST_DONE, or what went wrong */
#define ALERT_TEST_DONE	  "done"

struct daemon;

/* Every second: raises an alert that was asked for, and writes the result. */
void alert_test_tick(struct daemon *daemon);

#endif
