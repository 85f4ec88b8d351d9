/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets from the words of cases.txt. Not here: what becomes of them. */
#ifndef SEKISHO_PACKET_BUILD_H
#define SEKISHO_PACKET_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "net/address.h"

struct built_packet {
	uint8_t bytes[4096];
	size_t size;
	size_t ip; /* where the IP header begins; 0: none */
	bool is4;
};

/* `words` as in cases.txt; the IP source is `source4` or `source6`. -EINVAL: *word (a copy of at
 * most 63 bytes) is not known. */
int packet_build(const char *words, const struct address *source4, const struct address *source6,
		 struct built_packet *packet, char word[64]);

#endif
