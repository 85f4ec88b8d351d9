/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One file from another server over HTTPS (HTTP from this machine alone), into a file here. Built
 * with libcurl, or without (download_none.c). Not here: what the file means. */
#ifndef SEKISHO_DOWNLOAD_H
#define SEKISHO_DOWNLOAD_H

#include "feed/feed.h"

struct download {
	const char *url;	 /* "http+unix:/SOCKET:/PATH": HTTP to a socket of this machine */
	const char *authorities; /* file of those to trust instead of the system's; NULL */
	const char *header;	 /* sent along, to that server only; NULL */
	struct feed_seen *seen;	 /* asked with and, after a transfer, what was answered */
	int fd;			 /* written to from its present position */
	bool unchanged;		 /* result: 304, nothing was written */
};

/* At most FEED_MOST_BYTES unpacked, two minutes, five redirects (to HTTPS only; with a
 * header: none), at least 100 bytes a second within half a minute. -errno with the server's or
 * libcurl's message in `fault`; the written bytes are then of no use. -ENOSYS: built without
 * libcurl. */
int download(struct download *download, struct fault *fault);

#endif
