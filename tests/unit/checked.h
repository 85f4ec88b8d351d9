/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Under which checker a unit program runs. Whoever asks leaves out what measures time, or repeats
 * until a table is full: one repetition shows a checker what a million would. It is for a
 * repetition alone, never for a path through the code.
 */
#ifndef SEKISHO_TESTS_UNIT_CHECKED_H
#define SEKISHO_TESTS_UNIT_CHECKED_H

#include <stdbool.h>
#include <stdlib.h>

/* Not there where only the sanitizers are. */
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* By any of them, as scripts/check says. */
static inline bool is_checked(void)
{
	return RUNNING_ON_VALGRIND || getenv("UNIT_CHECKED");
}

/* By valgrind, where all takes thirty times as long; the sanitizers still see everything. */
static inline bool is_under_valgrind(void)
{
	return RUNNING_ON_VALGRIND;
}

#endif
