/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feeds: lists that another server keeps ([list NAME] url). `sekisho fetch`, without any right,
 * writes what it got into the folder of feeds; the daemon reads it there like any list's file, but
 * trusts it less. Not here: the transfer (download.h), how a list is read.
 */
#ifndef SEKISHO_FEED_H
#define SEKISHO_FEED_H

#include "base/fault.h"
#include "conf/config.h"
#include "lists/ranges.h"

#define FEED_MOST_BYTES (64U << 20) /* of one feed, unpacked */

/* What the server said of the file that is here, so that it need not send it again. Empty: it said
 * nothing. */
struct feed_seen {
	char etag[256];
	char modified[64];
	int64_t checked_s; /* when it last answered, since 1970; 0: never */
};

/* Reads "FOLDER/NAME.seen" beside "FOLDER/NAME.list"; an absent file is no fault. */
void feed_seen_read(const struct config *config, const char *name, struct feed_seen *seen);
/* Reads only when the server last answered, 0: never. Does not wait, whatever is in place of the
 * file. */
int64_t feed_checked_s(const struct config *config, const char *name);
/* Writes the file, with the present time as checked_s. */
int feed_seen_write(const struct config *config, const char *name, const struct feed_seen *seen,
		    struct fault *fault);

/* Whether a feed's list may be put in force: -EPERM if it has more than 2 % of all IPv4 addresses
 * or of the IPv6 addresses that are given out (ranges_exceed()), or more than three times as many
 * prefixes as the last one, `last` (0: none), and a thousand. Prefixes wider than /12 (IPv6: /20)
 * were refused when it was read (list_options.feed). */
int feed_judge(const struct ranges *ranges, uint64_t last, struct fault *fault);

#endif
