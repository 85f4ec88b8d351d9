/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, sizes and ages for people. Pure. Not for scripts: those read JSON. */
#ifndef SEKISHO_NUMBER_H
#define SEKISHO_NUMBER_H

#include <stdint.h>

#define NUMBER_TEXT_SIZE 32

/* 1234567 -> "1,234,567". Returns `text`. */
const char *number_format(uint64_t number, char text[NUMBER_TEXT_SIZE]);
/* 88080384 -> "84.0 MiB"; below 1 KiB "512 B". Returns `text`. */
const char *bytes_format(uint64_t bytes, char text[NUMBER_TEXT_SIZE]);
/* A rate of few digits: "0.0", "7.3", "1,234", "12.3M". Returns `text`. */
const char *rate_format(double rate, char text[NUMBER_TEXT_SIZE]);
/* How long ago, in the largest unit that fits at least twice: "3 d", "90 min", "0 s". A time in the
 * future is "0 s", as clocks may be set. Returns `text`. */
const char *age_format(int64_t then_wall_ns, int64_t now_wall_ns, char text[NUMBER_TEXT_SIZE]);

#endif
