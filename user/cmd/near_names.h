/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list or account that a mistyped name was meant to be. */
#ifndef SEKISHO_NEAR_NAMES_H
#define SEKISHO_NEAR_NAMES_H

#include "cmd/cmd.h"
#include "log/event.h"

/* Looks among the lists of configuration and store. "; did you mean 'NAME'?", or "" if none is
 * similar; returns `text`. */
#define NEAR_LIST_SIZE (CONFIG_NAME_SIZE + 24)
const char *near_list(const struct instance *instance, const char *name, char text[NEAR_LIST_SIZE]);

/* Sets "there is no list 'NAME'", with the similar one or where the lists are shown. -ENOENT. */
int near_list_fault(const struct instance *instance, const char *name, struct fault *fault);

/* Looks among the accounts that have logged in, at most two changes away: names that differ by more
 * are other people's. False: there is none. */
bool near_account(const struct instance *instance, const char *name,
		  char nearest[EVENT_ACCOUNT_SIZE]);

#endif
