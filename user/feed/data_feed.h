/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Country and provider data that another server keeps ([country] url, provider-url): whether a
 * fetched file may replace the present one. Not here: the transfer (download.h), how the data is
 * read (lists/).
 */
#ifndef SEKISHO_DATA_FEED_H
#define SEKISHO_DATA_FEED_H

#include "base/fault.h"
#include "conf/config.h"

#define DATA_FEED_MOST_BYTES (256U << 20) /* unpacked */

/* Unpacks the file `path`, open as `fd`, if its readers do not; reads it as the daemon will; and
 * compares it with the file that `feed` has (if there is none, any will do). *ranges: how many it
 * has. -EBADMSG: no such data, or nothing in it; -EFBIG; -EPERM: less than half as many ranges as
 * the present file. */
int data_feed_check(enum config_data data, const struct config_list *feed, const char *path, int fd,
		    uint64_t *ranges, struct fault *fault);

#endif
