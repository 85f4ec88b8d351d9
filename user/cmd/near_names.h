/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list or account that a mistyped name was meant to be. */
#ifndef SEKISHO_NEAR_NAMES_H
#define SEKISHO_NEAR_NAMES_H

#include "cmd/cmd.h"
#include "log/event.h"

/* Among the lists of configuration and store. "; did you mean 'NAME'?", or "" where none is near;
 * returns `text`. */
#define NEAR_LIST_SIZE (CONFIG_NAME_SIZE + 24)
const char *near_list(const struct instance *instance, const char *name, char text[NEAR_LIST_SIZE]);

/* Among the accounts that have logged in, two changes away at most: names that differ by more are
 * other people. False: none is. */
bool near_account(const struct instance *instance, const char *name,
		  char nearest[EVENT_ACCOUNT_SIZE]);

#endif
