/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list file of any known format -> ranges. The format is detected per line; a line that is not
 * understood is refused, with its number and the reason, and never becomes wider than written.
 * Pure but for the memory it allocates. Formats: docs/list-formats.md.
 */
#ifndef SEKISHO_LIST_TEXT_H
#define SEKISHO_LIST_TEXT_H

#include "lists/ranges.h"
#include "base/fault.h"

struct list_options {
	bool allow; /* the list allows: ACCEPT lines and hosts.allow lines count, too-wide
		     * and special prefixes are taken */
	bool force; /* take too-wide, private, loopback and own prefixes in a deny list */
	bool mask;  /* host bits set: take the masked prefix instead of refusing */
	const struct prefix *own; /* this machine's addresses, refused in a deny list */
	size_t own_count;
};

/* One refused line. `reason` names what and the remedy; `line` counts from 1. */
typedef void list_refused(size_t line, const char *reason, void *context);

/* Called now and then with the bytes read so far; may be NULL. */
typedef void list_progress(size_t done, size_t size, void *context);

struct list_report {
	size_t lines;	/* with content for this list; of a line with several entries, each entry */
	size_t taken;	/* prefixes or ranges */
	size_t refused; /* lines or entries */
	size_t skipped; /* understood, but nothing for this list: other daemons, other targets */
	size_t merged; /* duplicates and overlaps that vanished in normalising: taken - prefixes, if
			  > 0 */
	uint64_t prefixes; /* CIDRs in the result */
};

struct list_callbacks {
	list_refused *refused;
	list_progress *progress;
	void *context;
};

/*
 * Reads `size` bytes at `text` (a whole file; need not end in NUL) into `ranges`, which it leaves
 * normal. 0, or -ENOMEM, or with nothing usable in `ranges`:
 * -EBADMSG: not a list at all (HTML, empty, a truncated file whose own count tells), or more than
 * a tenth of its lines refused, or no entry. `fault` says which; `report` is filled in either way.
 * Safe for any bytes.
 */
int list_read(const char *text, size_t size, const struct list_options *options,
	      const struct list_callbacks *callbacks, struct ranges *ranges,
	      struct list_report *report, struct fault *fault);

#endif
