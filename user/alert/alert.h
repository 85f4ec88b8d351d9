/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alerts: one configured program, run without a shell, gets the facts as JSON on standard input
 * and in SEKISHO_* variables. It never holds up the caller: a few programs run at once, some wait,
 * more are dropped, counted and logged; a program that takes too long is killed. Not here: when to
 * alert.
 */
#ifndef SEKISHO_ALERT_H
#define SEKISHO_ALERT_H

#include "daemon/loop.h"
#include "daemon/outflow_watch.h"
#include "detect/detect.h"
#include "store/store.h"

#define ALERT_RUNNING_MAX 4
#define ALERT_QUEUE_MAX	  256
#define ALERT_TIMEOUT_S	  30

/* A decision and the lines behind it. */
struct alert {
	const struct decision *decision;
	const char *rule; /* what raised it if no rule did; NULL: the decision's rule */
	const struct store_evidence *evidence;
	size_t evidence_count;
	const struct outflow_event *outflow; /* of the outflow breaker; NULL: a rule's */
	bool test;			     /* by `sekisho alert --test` */
};

/* The facts as one line of JSON with its newline, malloc()ed, ASCII; schema: docs/alerts.md. NULL:
 * out of memory. Pure. */
char *alert_json(const struct alert *alert, const char *host);

/* The variables of the program: PATH and SEKISHO_*, ended by NULL. NULL: out of memory. */
char **alert_environment(const struct alert *alert, const char *host);
void alert_environment_free(char **environment);

struct alerts;

/* Called with what went wrong with a program; once per event. */
typedef void alert_fault(const char *text, void *context);

/* `timeout_s` is ALERT_TIMEOUT_S except in tests. -ENOMEM, -errno of the loop's timer. */
int alerts_new(struct loop *loop, unsigned timeout_s, alert_fault *report, void *context,
	       struct alerts **alerts);
/* Programs that run go on by themselves; alerts that wait are dropped. */
void alerts_free(struct alerts *alerts);

/* The program and its arguments (a copy is made), or NULL: none is run. -ENOMEM. */
int alerts_set_program(struct alerts *alerts, char *const *program);

/* Runs the program, now or when its turn comes. Faults are reported. */
void alerts_push(struct alerts *alerts, const struct alert *alert);

struct alerts_usage {
	size_t running, waiting;
	uint64_t run, failed, dropped; /* failed: not started, killed, or another status than 0 */
	uint64_t succeeded;	       /* since the last one failed or was dropped */
};
/* Programs now, and since alerts_new(). */
void alerts_get_usage(const struct alerts *alerts, struct alerts_usage *usage);

#endif
