/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets' headers as pcapng (draft-ietf-opsawg-pcapng), which tcpdump and tshark read: Ethernet
 * frames, times in nanoseconds, the verdict as each packet's comment. The content of sessions is
 * never written.
 */
#ifndef SEKISHO_CAPTURE_H
#define SEKISHO_CAPTURE_H

#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include "contract.h"
#include "verdict_word.h"

/* The head of a file. */
void capture_begin(FILE *out);

/* One packet of a record that has bytes; returns how many bytes were written. */
size_t capture_packet(FILE *out, const struct watch_record *record, int64_t wall_ns,
		      const char *comment);

/* The size of the headers of the Ethernet frame of `size` bytes, up to TCP's: 20 bytes for TCP if
 * its length cannot be seen, none in a later fragment. Pure. */
size_t capture_headers(const unsigned char *bytes, size_t size);

#endif
