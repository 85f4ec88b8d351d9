/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files to read after a position in a log, and their order: rotated versions in the folder
 * (mail.log.1, mail.log-20261121, mail-20261121.log), then the live file. Compressed files are left
 * out. Not here: reading them.
 */
#ifndef SEKISHO_ROTATED_H
#define SEKISHO_ROTATED_H

#include "log/reader.h"

#define PLAN_READERS 64 /* the oldest rotated files beyond that are not read */

struct plan {
	struct reader readers[PLAN_READERS];
	size_t count;
};

/*
 * Opens the files to be read after the file of `from` (`with_from`: with the rest of it), the live
 * file last. `from` may also be the live file itself, or a file that was copied and then cut to
 * nothing. 0, or -errno with nothing open; -EAGAIN: the log was being rotated just now.
 */
int plan_make(const char *folder, const char *name, const struct follow_position *from,
	      bool with_from, struct plan *plan);

/* The same without `from` and the live file, which is open already and may have been renamed. */
int plan_between(const char *folder, const char *name, const struct follow_position *from,
		 const struct reader *live, struct plan *plan);

#endif
