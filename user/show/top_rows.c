// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows and rates of `top` (top.h). Pure. */
#include "show/top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "net/address.h"

const char *top_pane_name(enum top_pane pane)
{
	static const char *const names[] = { "sources", "networks", "countries", "accounts",
					     "bans" };

	_Static_assert(sizeof(names) / sizeof(*names) == TOP_PANES, "one name each");
	return pane < TOP_PANES ? names[pane] : "?";
}

const char *top_order_name(enum top_order order)
{
	static const char *const names[] = { "rate", "drops", "open", "attempts", "name" };

	_Static_assert(sizeof(names) / sizeof(*names) == TOP_ORDERS, "one name each");
	return order < TOP_ORDERS ? names[order] : "?";
}

static double minutes_between(const struct top_frame *before, const struct top_frame *now)
{
	if (!before || !before->snapshot ||
	    now->snapshot->now_boot_ns <= before->snapshot->now_boot_ns)
		return 0;
	return (double)(now->snapshot->now_boot_ns - before->snapshot->now_boot_ns) / 60e9;
}

/* Per minute. If a counter is lower than before, its entry was made anew. */
static double per_minute(uint64_t before, uint64_t now, double minutes)
{
	if (minutes <= 0 || now < before)
		return 0;
	return (double)(now - before) / minutes;
}

/* ---- collecting ---- */

struct top_rows_collection {
	struct top_row *rows;
	size_t count, room;
	const char *filter;
};

static bool is_wanted(const struct top_row *row, const char *filter)
{
	return !*filter || strcasestr(row->name, filter) || strcasestr(row->country, filter) ||
	       strcasestr(row->text, filter);
}

static int add(struct top_rows_collection *collection, const struct top_row *row)
{
	if (!is_wanted(row, collection->filter))
		return 0;
	if (collection->count == collection->room) {
		size_t room = collection->room ? collection->room * 2 : 256;
		void *more = realloc(collection->rows, room * sizeof(*row));

		if (!more)
			return -ENOMEM;
		collection->rows = more;
		collection->room = room;
	}
	collection->rows[collection->count++] = *row;
	return 0;
}

static int by_prefix(const void *a, const void *b)
{
	const struct top_ban *const *x = a, *const *y = b;

	return talkers_compare_prefix(&(*x)->ban.prefix, &(*y)->ban.prefix);
}

/* The ban of exactly this prefix, or NULL. */
static const struct top_ban *ban_of(const struct top_ban **sorted, size_t count,
				    const struct prefix *prefix)
{
	struct top_ban wanted = { .ban.prefix = *prefix };
	const struct top_ban *key = &wanted, **found = NULL;

	if (count)
		found = bsearch(&key, sorted, count, sizeof(*sorted), by_prefix);
	return found ? *found : NULL;
}

/* Adds the ban's counts: the packets of a banned source meet its ban first, so only the ban counts
 * them. */
static void add_ban(struct top_row *row, const struct top_ban *ban, const struct top_frame *now)
{
	row->banned = true;
	row->would = now->snapshot->mode != GATE_ENFORCE;
	row->attempts += ban->ban.attempts;
	row->drops += ban->ban.packets;
	row->attempts_pm += ban->attempts_pm;
	row->drops_pm += ban->packets_pm;
	if (ban->ban.last_wall_ns > row->last_wall_ns)
		row->last_wall_ns = ban->ban.last_wall_ns;
}

/* Adds banned prefixes whose packets still come, and that have no entry among the sources. */
static int add_banned(struct top_rows_collection *collection, const struct top_frame *now,
		      const struct top_ban **sorted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct top_ban *ban = sorted[i];
		struct top_row row = { .prefix = ban->ban.prefix, .has_prefix = true };

		if (!ban->ban.packets || ban->ban.until_wall_ns <= now->snapshot->now_wall_ns ||
		    (i && !by_prefix(&sorted[i - 1], &sorted[i])) ||
		    talkers_find(&now->tables[METERS_SOURCES], &ban->ban.prefix))
			continue;
		if (ban->ban.prefix.length == 128)
			address_format(&ban->ban.prefix.address, row.name);
		else
			prefix_format(&ban->ban.prefix, row.name);
		country_to_text(ban->country, row.country);
		add_ban(&row, ban, now);
		if (add(collection, &row))
			return -ENOMEM;
	}
	return 0;
}

static int add_talkers(struct top_rows_collection *collection, const struct top_frame *before,
		       const struct top_frame *now, enum gate_meters table,
		       const struct top_ban **sorted, size_t ban_count)
{
	double minutes = minutes_between(before, now);
	const struct snapshot *snapshot = now->snapshot;

	for (size_t i = 0; i < now->tables[table].count; i++) {
		const struct talker *at = &now->tables[table].items[i];
		const struct talker *was =
			minutes > 0 ? talkers_find(&before->tables[table], &at->prefix) : NULL;
		struct top_row row = { .prefix = at->prefix,
				       .has_prefix = true,
				       .attempts = at->attempts,
				       .drops = at->dropped,
				       .open = at->open };
		const struct top_ban *ban;
		uint64_t ago = snapshot->now_boot_ns > at->last_boot_ns
				       ? snapshot->now_boot_ns - at->last_boot_ns
				       : 0;

		if (at->prefix.length == 128)
			address_format(&at->prefix.address, row.name);
		else
			prefix_format(&at->prefix, row.name);
		country_to_text(at->country, row.country);
		row.last_wall_ns = snapshot->now_wall_ns - (int64_t)ago;
		row.attempts_pm = per_minute(was ? was->attempts : 0, at->attempts, minutes);
		row.drops_pm = per_minute(was ? was->dropped : 0, at->dropped, minutes);
		ban = ban_of(sorted, ban_count, &at->prefix);
		if (ban && ban->ban.until_wall_ns > snapshot->now_wall_ns)
			add_ban(&row, ban, now);
		if (add(collection, &row))
			return -ENOMEM;
	}
	return 0;
}

static int add_sources(struct top_rows_collection *collection, const struct top_frame *before,
		       const struct top_frame *now, const struct top_bans *bans,
		       enum gate_meters table)
{
	_cleanup_free_ const struct top_ban **sorted = calloc(bans->count + 1, sizeof(*sorted));
	int err;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < bans->count; i++)
		sorted[i] = &bans->items[i];
	qsort(sorted, bans->count, sizeof(*sorted), by_prefix);
	err = add_talkers(collection, before, now, table, sorted, bans->count);
	return err || table != METERS_SOURCES ? err
					      : add_banned(collection, now, sorted, bans->count);
}

static struct snapshot_sum country_of_all(const struct snapshot *snapshot, unsigned country)
{
	struct snapshot_sum sum = { 0 };

	for (unsigned id = 0; id <= snapshot->service_count; id++) {
		struct snapshot_sum one = snapshot_country_sum(&snapshot->services[id], country);

		snapshot_sum_add(&sum, &one);
	}
	return sum;
}

static int add_countries(struct top_rows_collection *collection, const struct top_frame *before,
			 const struct top_frame *now)
{
	double minutes = minutes_between(before, now);

	for (unsigned country = 0; country < COUNTRY_COUNT; country++) {
		struct snapshot_sum sum = country_of_all(now->snapshot, country), was = { 0 };
		struct top_row row = { .attempts = sum.attempts,
				       .drops = sum.dropped + sum.would_drop,
				       .open = sum.open };

		if (snapshot_sum_is_zero(&sum))
			continue;
		if (minutes > 0)
			was = country_of_all(before->snapshot, country);
		country_to_text(country, row.country);
		memcpy(row.name, row.country, sizeof(row.country));
		row.attempts_pm = per_minute(was.attempts, sum.attempts, minutes);
		row.drops_pm = per_minute(was.dropped + was.would_drop, row.drops, minutes);
		if (add(collection, &row))
			return -ENOMEM;
	}
	return 0;
}

static int add_accounts(struct top_rows_collection *collection, const struct top_frame *now)
{
	const struct daemon_status *daemon = now->snapshot->daemon;

	for (size_t i = 0; daemon && i < daemon->account_count; i++) {
		const struct daemon_account *at = &daemon->accounts[i];
		struct top_row row = { .last_wall_ns = at->last_wall_ns };

		snprintf(row.name, sizeof(row.name), "%.63s", at->account);
		snprintf(row.text, sizeof(row.text), "%s", rule_name(at->rule));
		if (add(collection, &row))
			return -ENOMEM;
	}
	return 0;
}

static int add_bans(struct top_rows_collection *collection, const struct top_frame *now,
		    const struct top_bans *bans)
{
	for (size_t i = 0; i < bans->count; i++) {
		const struct top_ban *at = &bans->items[i];
		struct top_row row = { .prefix = at->ban.prefix,
				       .has_prefix = true,
				       .drops = at->ban.packets,
				       .last_wall_ns = at->ban.since_wall_ns,
				       .until_wall_ns = at->ban.until_wall_ns };

		if (at->ban.until_wall_ns <= now->snapshot->now_wall_ns)
			continue;
		prefix_format(&at->ban.prefix, row.name);
		snprintf(row.text, sizeof(row.text), "%s%s%.150s", rule_name(at->ban.rule),
			 *at->ban.reason ? ": " : "", at->ban.reason);
		if (add(collection, &row))
			return -ENOMEM;
	}
	return 0;
}

void top_name_providers(struct top_row *rows, size_t count, const struct providers *providers)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].has_prefix)
			provider_to_text(providers_find(providers, &rows[i].prefix.address),
					 rows[i].provider);
}

/* ---- in order ---- */

static int more_first(double a, double b)
{
	return a > b ? -1 : a < b ? 1 : 0;
}

static int by_name(const struct top_row *a, const struct top_row *b)
{
	if (a->has_prefix && b->has_prefix)
		return talkers_compare_prefix(&a->prefix, &b->prefix);
	return strcmp(a->name, b->name);
}

static int compare(const void *first, const void *second, void *context)
{
	const struct top_row *a = first, *b = second;
	int result = 0;

	switch (*(const enum top_order *)context) {
	case TOP_BY_RATE:
		result = more_first(a->attempts_pm, b->attempts_pm);
		break;
	case TOP_BY_DROPS:
		result = more_first(a->drops_pm, b->drops_pm);
		if (!result)
			result = more_first((double)a->drops, (double)b->drops);
		break;
	case TOP_BY_OPEN:
		result = more_first((double)a->open, (double)b->open);
		break;
	case TOP_BY_ATTEMPTS:
		result = more_first((double)a->attempts, (double)b->attempts);
		break;
	case TOP_BY_NAME:
	case TOP_ORDERS:
		return by_name(a, b);
	}
	if (!result)
		result = more_first((double)a->last_wall_ns, (double)b->last_wall_ns);
	return result ? result : by_name(a, b);
}

int top_rows(const struct top_frame *before, const struct top_frame *now,
	     const struct top_bans *bans, enum top_pane pane, enum top_order order,
	     const char *filter, size_t most, struct top_row **rows, size_t *count)
{
	struct top_rows_collection collection = { .filter = filter };
	int err = 0;

	switch (pane) {
	case TOP_SOURCES:
	case TOP_NETWORKS:
		err = add_sources(&collection, before, now, bans,
				  pane == TOP_SOURCES ? METERS_SOURCES : METERS_NETWORKS);
		break;
	case TOP_COUNTRIES:
		err = add_countries(&collection, before, now);
		break;
	case TOP_ACCOUNTS:
		err = add_accounts(&collection, now);
		break;
	case TOP_BANS:
		err = add_bans(&collection, now, bans);
		break;
	case TOP_PANES:
		break;
	}
	if (err) {
		free(collection.rows);
		return err;
	}
	if (collection.count)
		qsort_r(collection.rows, collection.count, sizeof(*collection.rows), compare,
			&order);
	*rows = collection.rows;
	*count = collection.count < most ? collection.count : most;
	return 0;
}

/* ---- rates ---- */

static uint64_t drops_of(const struct snapshot *snapshot, enum reason reason)
{
	uint64_t drops = 0;

	for (unsigned id = 0; id <= snapshot->service_count; id++)
		for (unsigned mode = 0; mode < 2; mode++)
			drops += snapshot->services[id].reasons[reason][mode].packets;
	return drops;
}

static void fill_rates(struct top_rates *rates, unsigned at, const struct snapshot_sum *was,
		       const struct snapshot_sum *is, double minutes)
{
	rates->attempts[at] = per_minute(was->attempts, is->attempts, minutes);
	rates->drops[at] =
		per_minute(was->dropped + was->would_drop, is->dropped + is->would_drop, minutes);
	rates->handshakes[at] = per_minute(was->handshakes, is->handshakes, minutes);
}

bool top_rates_between(const struct top_frame *before, const struct top_frame *now,
		       struct top_rates *rates)
{
	double minutes = minutes_between(before, now);

	*rates = (struct top_rates){ 0 };
	if (minutes <= 0)
		return false;
	fill_rates(rates, 0, &before->snapshot->sum, &now->snapshot->sum, minutes);
	for (unsigned id = 1; id <= now->snapshot->service_count; id++)
		fill_rates(rates, id, &before->snapshot->services[id].sum,
			   &now->snapshot->services[id].sum, minutes);
	for (enum reason reason = REASON_NONE + 1; reason < REASON_COUNT; reason++)
		rates->reasons[reason] = per_minute(drops_of(before->snapshot, reason),
						    drops_of(now->snapshot, reason), minutes);
	return true;
}
