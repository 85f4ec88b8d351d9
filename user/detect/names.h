/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts that are kept once, however often they are referred to, and only as long as they are. Pure.
 * About 24 bytes and malloc()'s chunk for each different one.
 */
#ifndef SEKISHO_NAMES_H
#define SEKISHO_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct names;

struct names *names_new(void); /* NULL: out of memory */
void names_free(struct names *names);

/* Refers to the first `size` bytes of `text` once more. 0: out of memory. */
uint32_t names_take(struct names *names, const char *text, size_t size);
void names_drop(struct names *names, uint32_t name); /* 0 does nothing */
/* Valid until the next call of the two above. NULL for 0. */
const char *names_text(const struct names *names, uint32_t name);

#endif
