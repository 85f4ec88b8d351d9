/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is this UTF-8? Pure. */
#ifndef SEKISHO_UTF8_H
#define SEKISHO_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed after RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(const char *text, size_t size);

#endif
