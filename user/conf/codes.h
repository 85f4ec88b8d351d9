/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which two-letter country codes exist, and which codes lists may give. Pure. Not here: the country
 * of an address. */
#ifndef SEKISHO_CODES_H
#define SEKISHO_CODES_H

#include <stdbool.h>
#include "net/address.h"

/* ISO 3166-1 alpha-2, and what country data uses beside it: ZZ (unknown), EU and AP (regions), AN,
 * XK, AB, OS. `country` is a country index of contract.h. */
bool country_code_known(unsigned country);

/* XA to XZ without XK, as country indexes: codes that a list may give its addresses. */
bool country_code_is_list(unsigned country);

/* A list's action: "allow", "deny", or the code that it gives, written into `text`. */
const char *list_action_name(bool allow, unsigned code, char text[COUNTRY_TEXT_SIZE]);

#endif
