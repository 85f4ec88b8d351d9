/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rules banned sources that, by a later line, logged in: perhaps somebody honest, or, with
 * account-spread and account-flood, a thief with the right password. For `replay`, which knows the
 * later lines. Pure.
 */
#ifndef SEKISHO_REPLAY_LATER_H
#define SEKISHO_REPLAY_LATER_H

#include <jansson.h>
#include <stdio.h>

#include "conf/config.h"
#include "detect/detect.h"
#include "log/event.h"

struct replay_later;

struct replay_later *replay_later_new(const struct config *config); /* NULL: out of memory */
void replay_later_free(struct replay_later *later);

/* Takes bans; ignores other decisions. To be called in the order of time with
 * replay_later_event(). */
void replay_later_ban(struct replay_later *later, const struct decision *decision);
/* Each ban counts once, by its first login. */
void replay_later_event(struct replay_later *later, const struct event *event);

void replay_later_text(const struct replay_later *later, FILE *out); /* nothing if there is none */
/* [{"rule","prefixes","examples":[{"prefix","account","banned","login"}]}]; NULL: out of memory. */
json_t *replay_later_json(const struct replay_later *later);

#endif
