// SPDX-License-Identifier: GPL-2.0-or-later
/* See ban_history.h. */
#include "detect/ban_history.h"

#include <stdlib.h>

#include "base/time.h"
#include "detect/lru_table.h"

#define REMEMBERED_NS (DETECT_REPEAT_DAYS * 86400 * NS_PER_S)

struct ban_history {
	const struct detect_settings *settings;
	struct lru_table *bans; /* struct detect_repeat, by prefix and group of services */
};

struct ban_history *ban_history_new(const struct detect_settings *settings)
{
	struct ban_history *history = calloc(1, sizeof(*history));

	if (!history)
		return NULL;
	history->settings = settings;
	history->bans = lru_new(sizeof(struct detect_repeat), settings->most_sources, NULL, NULL);
	if (history->bans)
		return history;
	free(history);
	return NULL;
}

void ban_history_free(struct ban_history *history)
{
	if (!history)
		return;
	lru_free(history->bans);
	free(history);
}

void ban_history_configure(struct ban_history *history, const struct detect_settings *settings)
{
	history->settings = settings;
	lru_resize(history->bans, settings->most_sources);
}

/* How long the n-th ban in a row lasts: doubled n - 1 times, but at most a week, or ban_s if that
 * is longer. */
static uint64_t nth_ns(uint64_t ban_s, uint32_t bans)
{
	uint64_t longest_s = ban_s > DETECT_LONGEST_BAN_S ? ban_s : DETECT_LONGEST_BAN_S;

	while (--bans && ban_s < longest_s)
		ban_s = ban_s > longest_s / 2 ? longest_s : ban_s * 2;
	return ban_s > INT64_MAX / NS_PER_S ? INT64_MAX : ban_s * NS_PER_S;
}

static int64_t end_of(int64_t begin_ns, uint64_t lasts_ns)
{
	int64_t end;

	return __builtin_add_overflow(begin_ns, (int64_t)lasts_ns, &end) ? INT64_MAX : end;
}

/* The key of the bans of one group: the group's bits make a length that no prefix has. */
static struct prefix key_of(const struct prefix *prefix, enum ban_services group)
{
	struct prefix key = *prefix;

	key.length |= LRU_KEY_GROUP(group);
	return key;
}

static struct detect_repeat *look_up(struct ban_history *history, const struct prefix *prefix,
				     enum ban_services group)
{
	const struct detect_store *store = &history->settings->store;
	struct prefix key = key_of(prefix, group);
	bool fresh;
	struct detect_repeat *repeat = lru_touch(history->bans, &key, &fresh);
	struct detect_repeat kept;

	if (fresh && store->recall_repeat &&
	    store->recall_repeat(prefix, group, &kept, store->context))
		*repeat = kept;
	return repeat;
}

/* Enters a ban of one group. Returns false, and changes nothing, if a ban is on already that lasts
 * long enough. */
static bool enter_ban(struct detect_repeat *repeat, uint64_t ban_s, bool doubles, int64_t now_ns)
{
	bool forgotten;

	if (repeat->bans && now_ns < repeat->until_ns) {
		uint64_t lasts_ns = nth_ns(ban_s, repeat->bans);

		/* Only a ban that lasts longer (another rule's) replaces the one that is on. */
		if (lasts_ns <= repeat->lasts_ns)
			return false;
		repeat->lasts_ns = lasts_ns;
		repeat->until_ns = end_of(now_ns, lasts_ns);
		return true;
	}
	forgotten = !repeat->bans ||
		    (uint64_t)now_ns - (uint64_t)repeat->until_ns > (uint64_t)REMEMBERED_NS;
	repeat->bans = forgotten ? 1 : repeat->bans + (doubles && repeat->bans < UINT32_MAX);
	repeat->lasts_ns = nth_ns(ban_s, repeat->bans);
	repeat->until_ns = end_of(now_ns, repeat->lasts_ns);
	return true;
}

void ban_history_ban(struct ban_history *history, uint64_t ban_s, bool doubles,
		     struct decision *decision)
{
	static const enum ban_services groups[] = { BAN_SMTP, BAN_LOGIN };
	bool first = true;

	decision->again = true;
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		struct detect_repeat *repeat;

		if (!(decision->services & groups[i]))
			continue;
		repeat = look_up(history, &decision->prefix, groups[i]);
		decision->again &= !enter_ban(repeat, ban_s, doubles, decision->wall_ns);
		if (first || repeat->until_ns > decision->repeat.until_ns)
			decision->repeat = *repeat;
		first = false;
	}
	decision->until_wall_ns = decision->repeat.until_ns;
}

bool ban_history_running(const struct ban_history *history, const struct prefix *prefix,
			 enum ban_services services, int64_t now_ns)
{
	struct prefix key = key_of(prefix, services);
	const struct detect_repeat *repeat = lru_find(history->bans, &key);

	return repeat && repeat->bans && now_ns < repeat->until_ns;
}
