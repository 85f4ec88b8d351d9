/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of the alert program: its start, and its output. Not here: when, and for how long
 * (alerts.c). */
#ifndef SEKISHO_PROGRAM_H
#define SEKISHO_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

/* Starts program[0], without a shell, in a process group of its own: `json` is its standard input.
 * Its output goes to our standard error; with `output` into an unnamed file of at most 64 KiB,
 * which is the caller's (program_said()); further output is lost. -errno; nothing runs then. */
int program_start(char *const *program, char *const *environment, const char *json, int *output,
		  pid_t *pid);

/* The output so far, as ": ...", cut to `size`, with line ends as "; ". "": there is none, or
 * `output` is negative. */
void program_said(int output, char *text, size_t size);

#endif
