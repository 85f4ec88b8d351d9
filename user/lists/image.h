/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the image of the static table (table.h) from segments of one lookup. Only compile.c uses
 * it. Not here: which lookup holds where.
 *
 * Order of calls: image_open(); image_segment4() over all of IPv4 without a gap; image_begin6();
 * image_segment6() over 2000::/3, then over what lies below; image_unused6(); image_segment6() over
 * what lies above; image_mixed(); image_finish(). Neighbouring segments have different lookups.
 * This file decides which segment becomes an exact host. All return 0, -ENOMEM, or -ENOSPC (palette
 * or blocks used up).
 */
#ifndef SEKISHO_IMAGE_H
#define SEKISHO_IMAGE_H

#include "lists/compile.h"

struct image;

/* image_close() ends an image that was not handed over, and sets *image to NULL; *image may be NULL
 * before. */
int image_open(struct image **image);
void image_close(struct image **image);

/* Adds the segment from `first` to `last`, both included, in host order, right behind the one
 * before it. */
int image_segment4(struct image *image, uint32_t first, uint32_t last, struct lookup lookup);
/* Ends IPv4. */
int image_begin6(struct image *image);
/* The same for IPv6. A boundary within a /64 makes long prefixes of it. */
int image_segment6(struct image *image, u128 first, u128 last, struct lookup lookup);
/* Writes the chunks that 2000::/3 would have without a finer index of its own: one entry each. */
int image_unused6(struct image *image);

/* Sets the combinations whose index lookups with LOOKUP_MIXED have; at most TABLE_MIXED. */
void image_mixed(struct image *image, const struct table_mixed *mixed, uint32_t count);

/* Hands the image over. */
int image_finish(struct image *image, uint64_t generation, uint64_t prefixes, uint64_t ranges,
		 struct table_image *result);

#endif
