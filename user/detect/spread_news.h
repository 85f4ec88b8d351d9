/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is new to an account: providers and countries from which it was not logged in to before the
 * window of account-spread. Private to that rule (account_spread.c). */
#ifndef SEKISHO_SPREAD_NEWS_H
#define SEKISHO_SPREAD_NEWS_H

#include "detect/rule.h"

/* A new provider. */
struct fresh {
	uint64_t provider;
	uint16_t country; /* of its first place */
	bool counts, mailed;
	bool joined; /* with another one: both may be one line */
	int64_t first_ns;
};

/* What is new, as of now. */
struct news {
	uint8_t own[COUNTRY_MAP]; /* bitmap: countries of the account's own */
	const struct login_source *logins[LOGIN_SOURCES_MAX]; /* new ones, the newest first */
	size_t place_count;
	struct fresh providers[LOGIN_SOURCES_MAX];
	size_t provider_count;
	unsigned counting, soon, countries; /* providers, those of the last hour, countries */
	bool mailed;			    /* one of the last hour handed in a message */
	bool known;			    /* at least one provider is no guess */
	unsigned remote;		    /* providers that only other servers saw */
	/* For each of the three, the time of the oldest of so many newest ones that not all of them
	 * can be the owner's. */
	int64_t counting_ns, soon_ns, countries_ns;
};

/* Fills in what is new to the event's account at the event's time. */
void news_find(const struct rule_input *input, struct news *news);
/* Since when it is a spread, if it surely is since `sure_ns`. */
int64_t news_began(const struct rule_input *input, const struct news *news, int64_t sure_ns);

#endif
