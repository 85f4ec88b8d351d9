/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Normal ranges as a compact BLOB and back. Pure. Private to user/store/.
 *
 * Byte 0 is PACK_VERSION, byte 1 the flag PACK_VALUES. Then, as LEB128 numbers: how many IPv4 and
 * how many IPv6 ranges; for each its gap (first - end of the one before - 1), its size (last -
 * first + 1, modulo the address space), and with PACK_VALUES its value. IPv6 gaps and sizes are a
 * byte of trailing zero bits, then the number without them (nothing when it is 0: the byte is 128).
 */
#ifndef SEKISHO_PACK_H
#define SEKISHO_PACK_H

#include "lists/ranges.h"

#define PACK_VERSION 1
#define PACK_VALUES  1

/* *data is malloc()ed. -ENOMEM. */
int pack_ranges(const struct ranges *ranges, unsigned char **data, size_t *size);
/* Unpacks into an empty `ranges`, which stays empty on an error. -EBADMSG, -ENOMEM. */
int unpack_ranges(const unsigned char *data, size_t size, struct ranges *ranges);

#endif
