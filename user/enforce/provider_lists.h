/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a list of providers has: [list NAME] providers, and the provider data as ranges. Not here:
 * when it is read again (list_files.h). */
#ifndef SEKISHO_PROVIDER_LISTS_H
#define SEKISHO_PROVIDER_LISTS_H

#include "conf/config.h"
#include "store/store.h"

/* Tells one version of such a list from another: "AS64500 AS64501 ...", and in source_mtime_ns and
 * source_size a hash of all numbers, paths, times and sizes of the data's files. Sets nothing else.
 */
void provider_list_describe(const struct config *config, const struct config_list *wanted,
			    struct store_list *list);

/* A number for which the data has no address. */
typedef void provider_list_absent(uint32_t number, void *context);

/*
 * The addresses of the list. Of a deny list local addresses and `own` are left out. *ranges is
 * normal and the caller's. -ENOENT: there is no data, or none of the providers is in it; -EBADMSG:
 * it is damaged: more than a quarter of all addresses in a deny list. With a fault and its remedy.
 */
int provider_list_read(const struct config *config, const struct config_list *wanted,
		       const struct prefix *own, size_t own_count, provider_list_absent *absent,
		       void *context, struct ranges *ranges, struct fault *fault);

#endif
