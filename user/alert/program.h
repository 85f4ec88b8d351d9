/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of the alert program: how it is started, and what it says. Not here: when, and for how
 * long (alerts.c). */
#ifndef SEKISHO_PROGRAM_H
#define SEKISHO_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

/* Starts program[0], without a shell, in a process group of its own: `json` is its standard input.
 * What it says goes to our standard error; with `output`, into a file without a name of 64 KiB,
 * which is the caller's (program_said()), and what is more finds no room. -errno; nothing runs
 * then. */
int program_start(char *const *program, char *const *environment, const char *json, int *output,
		  pid_t *pid);

/* What was said so far, as ": ...", cut to `size`, line ends as "; ". "": nothing, or `output` is
 * negative. */
void program_said(int output, char *text, size_t size);

#endif
