/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy server's judgement (policy/judge.h) within the daemon: its settings, its key, and what
 * it keeps in the store. Not here: questions and answers (policy_server.h).
 */
#ifndef SEKISHO_JUDGE_STORE_H
#define SEKISHO_JUDGE_STORE_H

#include "base/fault.h"

struct daemon;

/* Makes daemon->judge, with the key of `passwords.key` in the state folder; the first start makes
 * this file. To be called after rules_open(). -errno: the key is unusable (the fault has the
 * remedy), or there is no memory; nothing is made then. */
int judge_store_open(struct daemon *daemon, struct fault *fault);
/* To be called with a new configuration. */
void judge_store_reload(struct daemon *daemon);
/* To be called before rules_close(). */
void judge_store_close(struct daemon *daemon);

#endif
