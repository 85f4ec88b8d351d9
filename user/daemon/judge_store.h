/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy's judgement (policy/judge.h) within the daemon: its settings, its key, and what it
 * keeps in the store. Not here: who asks, and what is answered (policy_server.h).
 */
#ifndef SEKISHO_JUDGE_STORE_H
#define SEKISHO_JUDGE_STORE_H

#include "base/fault.h"

struct daemon;

/* Makes daemon->judge, with the key of `passwords.key` in the state's folder, which is made at the
 * first start. After rules_open(). -errno: the key is unusable (the fault has the remedy),
 * or out of memory; nothing is made then. */
int judge_store_open(struct daemon *daemon, struct fault *fault);
/* The configuration is another one. */
void judge_store_reload(struct daemon *daemon);
/* Before rules_close(). */
void judge_store_close(struct daemon *daemon);

#endif
