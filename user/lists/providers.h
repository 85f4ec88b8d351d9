/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which autonomous system (provider) an address is of. From libloc databases, where sekisho was
 * built with libloc, MaxMind DB files with ASN data, and lines FIRST TAB LAST TAB NUMBER (iptoasn)
 * or FIRST,LAST,NUMBER. Not here: countries (country.h), and what is taken where no data is
 * (detect/provider.h).
 */
#ifndef SEKISHO_PROVIDERS_H
#define SEKISHO_PROVIDERS_H

#include "base/fault.h"
#include "lists/ranges.h"

#define PROVIDERS_DEFAULT "/var/lib/location/database.db" /* of Debian's libloc-database */

struct providers;

/* How many ranges all files have. -errno: one is damaged. */
int providers_count(const struct providers *providers, size_t *count);

/* Opens all `files`. `optional`: those that are not there are left out. *providers is the caller's,
 * NULL where no file is. -errno with a fault. */
int providers_load(char *const *files, size_t count, bool optional, struct providers **providers,
		   struct fault *fault);
void providers_free(struct providers *providers);

/* The number, 0 where the data has none, or `providers` is NULL. Takes up to some microseconds. */
uint32_t providers_find(const struct providers *providers, const struct address *address);

/* All addresses of these `numbers`, which rise, with value 0: those of which providers_find() says
 * one of them. found[i] says whether there is any of numbers[i]. *ranges is overwritten, normal,
 * and the caller's. Reads all of the data: up to some seconds. -errno with a fault. */
int providers_select(const struct providers *providers, const uint32_t *numbers, size_t count,
		     bool *found, struct ranges *ranges, struct fault *fault);

#endif
