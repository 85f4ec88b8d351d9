/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans that rules made: a repeated one doubles, and one that runs is not made twice. Pure. Not
 * here: bans by hand, and whether a ban could really be made.
 */
#ifndef SEKISHO_BAN_HISTORY_H
#define SEKISHO_BAN_HISTORY_H

#include "detect/detect.h"

struct ban_history;

struct ban_history *
ban_history_new(const struct detect_settings *settings); /* NULL: out of memory */
void ban_history_free(struct ban_history *history);
/* `settings` must live on until the next call. */
void ban_history_configure(struct ban_history *history, const struct detect_settings *settings);

/* A ban of decision->prefix at decision->wall_ns whose first one lasts `ban_s`: fills in
 * until_wall_ns, again and repeat. Each group of decision->services is counted by itself; of both,
 * the one that lasts longer is handed back. Without `doubles` it lasts no longer than the one
 * before. */
void ban_history_ban(struct ban_history *history, uint64_t ban_s, bool doubles,
		     struct decision *decision);

/* Whether a ban of exactly this prefix runs that closes `services`: one group. */
bool ban_history_running(const struct ban_history *history, const struct prefix *prefix,
			 enum ban_services services, int64_t now_ns);

#endif
