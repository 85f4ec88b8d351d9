/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and prefixes as text and as numbers. An IPv4 address is ::ffff:a.b.c.d in the 128-bit
 * space everywhere (struct address, struct prefix in contract.h); text shows it as IPv4.
 */
#ifndef SEKISHO_ADDRESS_H
#define SEKISHO_ADDRESS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <string.h>
#include "contract.h"

#define ADDRESS_TEXT_SIZE 46			  /* INET6_ADDRSTRLEN */
#define PREFIX_TEXT_SIZE  (ADDRESS_TEXT_SIZE + 4) /* "/128" */

/* Reads strict inet_pton() forms only: no octal, no short forms, no brackets, no zone.
 * ::ffff:a.b.c.d becomes IPv4. `size` bytes at `text`, which need not end in NUL. -EINVAL: another
 * form. */
int address_parse(const char *text, size_t size, struct address *address);

/* The canonical text (RFC 5952); IPv4 dotted. */
void address_format(const struct address *address, char text[ADDRESS_TEXT_SIZE]);

/* The address of an IPv4 one in host order, and whether an address is IPv4. */
struct address address_from4(uint32_t host_order);
bool address_is4(const struct address *address);

/* IPv4 in host order; only for address_is4(). */
uint32_t address_to4(const struct address *address);

/* Upper and lower 64 bits in host order. */
uint64_t address_high(const struct address *address);
uint64_t address_low(const struct address *address);

/* The address with all bits beyond `length` (0..128) cleared. */
struct address address_mask(const struct address *address, unsigned length);

/* memcmp() order, which is numeric order. */
int address_compare(const struct address *a, const struct address *b);

/* "A" (a full-length prefix) or "A/len". -EINVAL: not of this form; -EDOM: bits are set beyond the
 * length (*prefix is then the corrected prefix). ::ffff:0:0/96 and longer become IPv4. */
int prefix_parse(const char *text, size_t size, struct prefix *prefix);

/* "192.0.2.0/24", "2001:db8::/32"; always with the length. */
void prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT_SIZE]);

/* Whether the prefix is within ::ffff:0:0/96; ::/0 is not. */
bool prefix_is4(const struct prefix *prefix);

/* Whether both are the same prefix: address and length. */
static inline bool prefix_same(const struct prefix *a, const struct prefix *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* A prefix has one family: "::/0", or the source ::/64 of the address ::5, contains no IPv4
 * address, although ::ffff:0:0/96 is within its bits. The gate looks up each family's
 * lengths only. */
bool prefix_contains(const struct prefix *prefix, const struct address *address);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);

/* The source and the network (glossary) of an address: IPv4 whole and /24, IPv6 /64 and /48 unless
 * configured. Lengths as in struct policy. */
struct prefix address_source(const struct address *address, unsigned source_length6);
struct prefix address_network(const struct address *address, unsigned network_length4,
			      unsigned network_length6);

/* Whether an address can be this host's or its own network's: RFC 1918, fc00::/7,
 * link-local, loopback. Not 100.64.0.0/10, from which carriers' customers come. Their
 * country is COUNTRY_LAN. */
bool address_is_lan(const struct address *address);
#define LAN_PREFIXES 8
extern const struct prefix lan_prefixes[LAN_PREFIXES]; /* in order, IPv4 first */

/* Why no stranger on the Internet can come from a prefix ("loopback", "private", ...; the IANA
 * special-purpose registries, RFC 6890), or NULL. A prefix that overlaps a special one counts. */
const char *prefix_special(const struct prefix *prefix);

/* Two letters or "LAN" (any case) -> country index of contract.h, or -EINVAL; and back. */
#define COUNTRY_TEXT_SIZE 4
int country_from_text(const char *text, size_t size);
void country_to_text(unsigned country, char text[COUNTRY_TEXT_SIZE]);

#endif
