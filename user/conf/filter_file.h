/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filter file of fail2ban as it is installed: its options, with those of the files that it
 * includes, and their values with variables and tags filled in. Not here: what an expression means
 * (log/pattern.h).
 */
#ifndef SEKISHO_CONF_FILTER_FILE_H
#define SEKISHO_CONF_FILTER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/fault.h"

#define FILTER_TEXT_MOST 32768 /* of one option, filled in */

struct filter_option {
	char *name, *value; /* "lt_file/datepattern" outside of the usual sections */
	char *place;	    /* "FILE:LINE" */
};

struct filter_file {
	struct filter_option *options;
	size_t count;
	unsigned files;
};

/* Reads the file, the files that its [INCLUDES] names, and NAME.local beside each NAME.conf if it
 * exists. The fault names the file and the line. Call filter_file_free() in any case. */
int filter_file_read(const char *path, struct filter_file *file, struct fault *fault);
void filter_file_free(struct filter_file *file);

/* Sets an option, as a jail's "mode" does. */
int filter_file_set(struct filter_file *file, const char *name, const char *value,
		    const char *place);

/* NULL: there is none of this name. */
const struct filter_option *filter_file_get(const struct filter_file *file, const char *name);

/* Writes the option's value with "%(name)s" and "<name>" filled in to `out`. Names that are no
 * option stay (<HOST>), and so does %(__prefix_line)s, which pattern.h knows. A missing option is
 * empty. */
int filter_file_expand(const struct filter_file *file, const char *name, char out[FILTER_TEXT_MOST],
		       struct fault *fault);

#endif
