/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The autonomous system (provider) of an address: from libloc databases, if sekisho was built with
 * libloc, from MaxMind DB files with ASN data, and from lines FIRST TAB LAST TAB NUMBER (iptoasn)
 * or FIRST,LAST,NUMBER. Not here: countries (country.h), and the guess without data
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

/* Opens all `files`. `optional`: absent files are left out. *providers is the caller's, NULL if
 * there is no file. -errno with a fault. */
int providers_load(char *const *files, size_t count, bool optional, struct providers **providers,
		   struct fault *fault);
void providers_free(struct providers *providers);

/* The number; 0 if the data has none, or `providers` is NULL. Takes up to some microseconds. */
uint32_t providers_find(const struct providers *providers, const struct address *address);

/* All addresses for which providers_find() returns one of `numbers`, which rise; their value is 0.
 * found[i]: whether numbers[i] has any. *ranges is overwritten, normal,
 * and the caller's. Reads all of the data: up to some seconds. -errno with a fault. */
int providers_select(const struct providers *providers, const uint32_t *numbers, size_t count,
		     bool *found, struct ranges *ranges, struct fault *fault);

#endif
