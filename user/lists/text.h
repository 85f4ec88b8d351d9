/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list file of any known format -> ranges. The format is detected per line; a line that is not
 * understood is refused, with its number and the reason, and never becomes wider than written.
 * Pure except for the memory that it allocates. Formats: docs/list-formats.md.
 */
#ifndef SEKISHO_LIST_TEXT_H
#define SEKISHO_LIST_TEXT_H

#include "lists/ranges.h"
#include "base/fault.h"

struct list_options {
	bool allow;  /* the list allows: ACCEPT lines and hosts.allow lines count, too-wide
		      * and special prefixes are taken */
	bool force;  /* take too-wide, private, loopback and own prefixes in a deny list */
	bool feed;   /* somebody else's, fetched: refuse prefixes wider than /12 (IPv6: /20), in an
		      * allow list, too */
	bool stream; /* entries come and go one by one: refused ones, or an empty list, are no
		      * reason to refuse the others */
	bool mask;   /* host bits set: take the masked prefix instead of refusing */
	const struct prefix *own; /* this machine's addresses, refused in a deny list */
	size_t own_count;
	/* Since 1970. Entries whose end is not later are skipped; a time-out counts from here, as
	 * when `ipset restore` reads it. */
	int64_t now_s;
};

/* Called for a refused line, or one that was skipped with a remark. `reason` has the cause and the
 * remedy; `line` counts from 1. */
typedef void list_refused(size_t line, const char *reason, void *context);

/* Called now and then with the bytes read so far; may be NULL. */
typedef void list_progress(size_t done, size_t size, void *context);

struct list_report {
	size_t lines;	/* with content for this list; each entry of a line with several counts */
	size_t taken;	/* prefixes or ranges */
	size_t refused; /* lines or entries */
	size_t timed;	/* of those taken: entries that end by themselves (ends.h) */
	size_t skipped; /* understood, but not for this list: other daemons, other targets */
	size_t merged; /* duplicates and overlaps that vanished in normalising: taken - prefixes, if
			  > 0 */
	uint64_t prefixes; /* CIDRs in the result */
};

/* Whether a list of these options may have a prefix (too wide, special, own): 0, or -EPERM and the
 * reason, which names the remedy. */
int list_may_have(const struct list_options *options, const struct prefix *prefix, char *reason,
		  size_t size);

struct list_callbacks {
	list_refused *refused;
	list_progress *progress;
	void *context;
};

/*
 * Reads `size` bytes at `text` (a whole file; need not end in NUL) into `ranges`, which it leaves
 * normal; the values are those of ends.h. 0, or -ENOMEM, or with nothing usable in `ranges`:
 * -EBADMSG: not a list at all (HTML, empty, truncated by its own count), more than a tenth of the
 * lines refused, or no entry. `fault` says which; `report` is filled in either way.
 * Safe for any bytes.
 */
int list_read(const char *text, size_t size, const struct list_options *options,
	      const struct list_callbacks *callbacks, struct ranges *ranges,
	      struct list_report *report, struct fault *fault);

#endif
