/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which two-letter country codes exist. Pure. Not here: which addresses are whose. */
#ifndef SEKISHO_CODES_H
#define SEKISHO_CODES_H

#include <stdbool.h>

/* ISO 3166-1 alpha-2, and what country data uses beside it: ZZ (unknown), EU and AP (regions), AN,
 * XK, AB, OS. `country` is a country index of contract.h. */
bool country_code_known(unsigned country);

#endif
