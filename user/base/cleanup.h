/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cleanup attributes: a scope frees what it owns. Nothing else belongs here. */
#ifndef SEKISHO_CLEANUP_H
#define SEKISHO_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* `_cleanup_(f) T x` calls f(&x) when x leaves its scope. */
#define _cleanup_(function) __attribute__((cleanup(function)))
#define _cleanup_free_	    _cleanup_(cleanup_free)
#define _cleanup_close_	    _cleanup_(cleanup_close) /* an fd; -1 is none */

/* Hand ownership out of the scope. */
#define TAKE_PTR(pointer)                               \
	({                                              \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                       \
		taken_;                                 \
	})
#define TAKE_FD(fd)                \
	({                         \
		int taken_ = (fd); \
		(fd) = -1;         \
		taken_;            \
	})

/* Makes a stream of *fd and sets *fd to -1: fclose() closes it. NULL: out of memory; *fd stays. */
static inline FILE *take_stream(int *fd, const char *mode)
{
	FILE *stream = *fd < 0 ? NULL : fdopen(*fd, mode);

	if (stream)
		*fd = -1;
	return stream;
}

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#endif
