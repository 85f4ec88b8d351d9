/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The content of `top`: frames, taken every few seconds, and the rows that are made from two of
 * them. Making rows is pure; taking a frame asks gate and store. Not here: the screen
 * (show/top_screen.h).
 */
#ifndef SEKISHO_TOP_H
#define SEKISHO_TOP_H

#include "enforce/instance.h"
#include "show/last_minute.h"
#include "show/origins.h"
#include "show/shown_ban.h"
#include "show/snapshot.h"

#define TOP_BANS_MOST 500 /* the latest; older ones are for `sekisho bans` */

struct top_ban {
	struct ban_record ban;
	double packets_pm, attempts_pm; /* per minute since the read before */
	unsigned country;
};

struct top_bans { /* the latest first */
	struct top_ban *items;
	size_t count;
	uint64_t took_ns, read_boot_ns; /* reading a million takes a while: not for every frame */
};

/* The last hour by whole minutes, from the store: the daemon stores a minute when it is over. */
#define TOP_HISTORY_MINUTES 60
enum top_history_kind { TOP_CONNECTIONS, TOP_REFUSED, TOP_FAILURES, TOP_HISTORY_KINDS };
struct top_history {
	int64_t from_s; /* since 1970: where the first minute begins */
	uint64_t values[TOP_HISTORY_KINDS][TOP_HISTORY_MINUTES];
};

struct top_frame {
	struct top_history history;
	struct instance instance; /* open for as long as the frame is shown */
	struct snapshot *snapshot;
	struct talkers tables[2]; /* by prefix; [METERS_SOURCES], [METERS_NETWORKS] */
};

/* Fills *frame, which is all zero; `bans` is read anew when it is time. */
int top_frame_take(const char *config_path, struct top_frame *frame, struct top_bans *bans,
		   struct fault *fault);
void top_frame_free(struct top_frame *frame);
void top_bans_free(struct top_bans *bans);

enum top_pane { TOP_SOURCES = 0, TOP_NETWORKS, TOP_COUNTRIES, TOP_ACCOUNTS, TOP_BANS, TOP_PANES };
enum top_order {		  /* greatest first, except by name */
		 TOP_BY_RATE = 0, /* attempts a minute; for bans and accounts: the latest */
		 TOP_BY_DROPS,
		 TOP_BY_OPEN,
		 TOP_BY_ATTEMPTS,
		 TOP_BY_NAME,
		 TOP_ORDERS,
};

struct top_row {
	char name[64];
	struct prefix prefix; /* of sources, networks, bans */
	bool has_prefix;
	bool banned; /* of sources: drops and attempts include those of the ban */
	bool would;  /* the ban drops nothing: monitor mode */
	char country[COUNTRY_TEXT_SIZE];
	char provider[PROVIDER_TEXT_SIZE]; /* "": top_name_providers() was not asked */
	double attempts_pm, drops_pm;	   /* per minute, between the frames */
	uint64_t attempts, drops, open;
	int64_t last_wall_ns;  /* sources: seen; accounts: the last event; bans: since */
	int64_t until_wall_ns; /* bans */
	char text[192];	       /* rule and reason */
};

/* The rows of a pane in order; only those whose name, country or text contains `filter` (any case;
 * "": all). `before` may be NULL: rates are then 0. *rows is malloc()ed; at most `most`. -ENOMEM.
 * Pure; top_name_countries() fills in the countries of sources. */
int top_rows(const struct top_frame *before, const struct top_frame *now,
	     const struct top_bans *bans, enum top_pane pane, enum top_order order,
	     const char *filter, size_t most, struct top_row **rows, size_t *count);

/* Fills in the provider of each row that has a prefix; "-": not known. */
void top_name_providers(struct top_row *rows, size_t count, const struct providers *providers);

/* Fills in the country of each source or network in a frame. */
void top_name_countries(struct top_frame *frame);

/* Attempts, drops and handshakes per minute by service id between two frames, [0] for all; and
 * drops per minute by reason. False: not known. Pure. */
struct top_rates {
	double attempts[SERVICE_MAX], drops[SERVICE_MAX], handshakes[SERVICE_MAX];
	double reasons[REASON_COUNT];
};
bool top_rates_between(const struct top_frame *before, const struct top_frame *now,
		       struct top_rates *rates);

const char *top_pane_name(enum top_pane pane);	  /* "sources", ... */
const char *top_order_name(enum top_order order); /* "rate", ... */

#endif
