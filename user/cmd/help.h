/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of --help, broken to fit 80 columns, however it is broken in the source. */
#ifndef SEKISHO_HELP_H
#define SEKISHO_HELP_H

#include <stdio.h>

/* Lines at the margin are one paragraph until an empty or an indented line. An indented line whose
 * first word begins with '-' is an option; its text, and the lines indented deeper, are broken into
 * its own column. Pure. */
void help_print(FILE *out, const char *text);

#endif
