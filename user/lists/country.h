/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Country data files -> ranges whose values are country indexes (contract.h). "??" is read as ZZ,
 * "UK" as GB, everything else as the source has it. Not here: lists (text.h).
 */
#ifndef SEKISHO_COUNTRY_H
#define SEKISHO_COUNTRY_H

#include <stdbool.h>
#include "lists/ranges.h"
#include "base/fault.h"

/* The country index of a code as the sources write it: two letters of any case, "??" is ZZ, "UK" is
 * GB. -EINVAL. */
int country_normal(const char *text, size_t size);

/* The country of an address by normal ranges: COUNTRY_LAN for local addresses, whatever the data
 * says; COUNTRY_ZZ if the data has none. */
unsigned country_find(const struct ranges *countries, const struct address *address);

/* Adds the ranges of COUNTRY_LAN, which makes them normal if there are no others. -ENOMEM. */
int country_add_lan(struct ranges *ranges);

/* Adds the ranges of one file's text to `ranges`, not yet normal. Format and family are detected:
 * tor-geoipdb and other FIRST,LAST,CC lines, MaxMind DB, the registries' delegated files, zones
 * with the country in NAME. -EBADMSG with the fault "NAME:LINE: ...": a line is malformed, or by
 * its own counts the file is cut short. */
int country_read(const char *name, const char *text, size_t size, struct ranges *ranges,
		 struct fault *fault);

/* Reads (gzip too) and normalises all `files` (paths). *ranges is overwritten; the caller frees it.
 * -errno when a file cannot be read. */
int country_load(char *const *files, size_t count, struct ranges *ranges, struct fault *fault);

#endif
