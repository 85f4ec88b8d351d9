/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts that are kept once however many references they have, and only as long as they have one.
 * Pure. Each different text takes about 24 bytes and malloc()'s chunk.
 */
#ifndef SEKISHO_STRING_INTERN_H
#define SEKISHO_STRING_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct string_intern;

struct string_intern *string_intern_new(void); /* NULL: out of memory */
void string_intern_free(struct string_intern *names);

/* Adds a reference to the text of the first `size` bytes of `text`. 0: out of memory. */
uint32_t string_intern_take(struct string_intern *names, const char *text, size_t size);
void string_intern_drop(struct string_intern *names, uint32_t name); /* 0 does nothing */
/* Valid until the next call of the two above. NULL for 0. */
const char *string_intern_text(const struct string_intern *names, uint32_t name);

#endif
