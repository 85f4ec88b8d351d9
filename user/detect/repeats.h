/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bans that rules made: a repeated one doubles, and one that runs is not made twice. Pure. Not
 * here: bans by hand, and whether a ban could really be made.
 */
#ifndef SEKISHO_DETECT_REPEATS_H
#define SEKISHO_DETECT_REPEATS_H

#include "detect/detect.h"

struct repeats;

struct repeats *repeats_new(const struct detect_settings *settings); /* NULL: out of memory */
void repeats_free(struct repeats *repeats);
/* `settings` must live on until the next call. */
void repeats_configure(struct repeats *repeats, const struct detect_settings *settings);

/* A ban of decision->prefix at decision->wall_ns whose first one lasts `ban_s`: fills in
 * until_wall_ns, again and repeat. Each group of decision->services is counted by itself; of both,
 * the one that lasts longer is handed back. Without `doubles` it lasts no longer than the one
 * before. */
void repeats_ban(struct repeats *repeats, uint64_t ban_s, bool doubles, struct decision *decision);

/* Whether a ban of exactly this prefix runs that closes `services`: one group. */
bool repeats_running(const struct repeats *repeats, const struct prefix *prefix,
		     enum ban_services services, int64_t now_ns);

#endif
