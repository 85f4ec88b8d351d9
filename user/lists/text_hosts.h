/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two files that read hosts.allow and hosts.deny share. Nobody else includes this. */
#ifndef SEKISHO_TEXT_HOSTS_H
#define SEKISHO_TEXT_HOSTS_H

#include "lists/list_reader.h"

#define GROUPS_MOST 8 /* lists that EXCEPTs join in one line */

/* The next word of *at, which blanks and commas end; false at the end and at a comment. */
bool hosts_next_word(const char **at, const char *end, struct list_word *word);
bool hosts_word_is(const struct list_word *word, const char *text); /* in any case */

/* Whether a list of daemons, EXCEPTs included, contains a name by which a mail server asks tcp
 * wrappers. */
bool hosts_names_mail_daemon(const char *at, const char *end);
/* Whether its EXCEPT takes a mail daemon out of it: "ALL EXCEPT postfix". */
bool hosts_excepts_mail_daemon(const char *at, const char *end);

/* Whether the text could be a list of daemons at all. */
bool hosts_looks_like_daemons(const char *at, const char *end);

#endif
