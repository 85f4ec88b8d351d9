/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ranges of a list of providers: [list NAME] providers, looked up in the provider data. Not
 * here: when it is read again (list_files.h). */
#ifndef SEKISHO_PROVIDER_LISTS_H
#define SEKISHO_PROVIDER_LISTS_H

#include "conf/config.h"
#include "store/store.h"

/* Fills in what distinguishes one version of such a list from another: "AS64500 AS64501 ..." as its
 * source, and in source_mtime_ns and source_size a hash of all numbers, paths, times and sizes of
 * the data's files. Sets nothing else. */
void provider_list_describe(const struct config *config, const struct config_list *wanted,
			    struct store_list *list);

/* Called with a number for which the data has no address. */
typedef void provider_list_absent(uint32_t number, void *context);

/*
 * Reads the addresses of the list. A deny list has no local addresses and none of `own`. *ranges is
 * normal and the caller's. -ENOENT: there is no data, or none of the providers is in it; -EBADMSG:
 * the data is damaged, as a deny list has more than a quarter of all addresses. The fault has the
 * remedy.
 */
int provider_list_read(const struct config *config, const struct config_list *wanted,
		       const struct prefix *own, size_t own_count, provider_list_absent *absent,
		       void *context, struct ranges *ranges, struct fault *fault);

#endif
