/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans that rules made: a repeated ban lasts twice as long, and a running one is not made
 * twice. Pure. Not here: bans by hand, and whether a ban could really be made.
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

/* Fills in until_wall_ns, again and repeat for a ban of decision->prefix at decision->wall_ns; the
 * first ban of a prefix lasts `ban_s`. Each group of decision->services is counted by itself; for
 * both groups, the result is that of the one that lasts longer. Without `doubles` a ban lasts no
 * longer than the one before. */
void ban_history_ban(struct ban_history *history, uint64_t ban_s, bool doubles,
		     struct decision *decision);

/* Whether a ban of exactly this prefix that closes `services` (one group) is running. */
bool ban_history_running(const struct ban_history *history, const struct prefix *prefix,
			 enum ban_services services, int64_t now_ns);

#endif
