// SPDX-License-Identifier: GPL-2.0-or-later
/* See address.h. Pure. */
#include "net/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const __u8 mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

int address_parse(const char *text, size_t size, struct address *address)
{
	char copy[ADDRESS_TEXT_SIZE];

	if (!size || size >= sizeof(copy) || memchr(text, '\0', size))
		return -EINVAL;
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (memchr(text, ':', size))
		return inet_pton(AF_INET6, copy, address->byte) == 1 ? 0 : -EINVAL;
	memcpy(address->byte, mapped, sizeof(mapped));
	return inet_pton(AF_INET, copy, address->byte + sizeof(mapped)) == 1 ? 0 : -EINVAL;
}

void address_format(const struct address *address, char text[ADDRESS_TEXT_SIZE])
{
	if (address_is4(address))
		inet_ntop(AF_INET, address->byte + sizeof(mapped), text, ADDRESS_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, address->byte, text, ADDRESS_TEXT_SIZE);
}

struct address address_from4(uint32_t host_order)
{
	struct address address = { .word = { 0, 0, htonl(0xffff), htonl(host_order) } };

	return address;
}

bool address_is4(const struct address *address)
{
	return !memcmp(address->byte, mapped, sizeof(mapped));
}

uint32_t address_to4(const struct address *address)
{
	return ntohl(address->word[3]);
}

uint64_t address_high(const struct address *address)
{
	return (uint64_t)ntohl(address->word[0]) << 32 | ntohl(address->word[1]);
}

uint64_t address_low(const struct address *address)
{
	return (uint64_t)ntohl(address->word[2]) << 32 | ntohl(address->word[3]);
}

struct address address_mask(const struct address *address, unsigned length)
{
	struct address masked = *address;

	for (unsigned i = 0; i < 4; i++) {
		unsigned keep = length > i * 32 ? length - i * 32 : 0;

		if (keep < 32)
			masked.word[i] &= htonl((uint32_t)(0xffffffff00000000 >> keep));
	}
	return masked;
}

/* Whether the first `length` bits agree. */
static bool same_bits(const struct address *a, const struct address *b, unsigned length)
{
	uint64_t high = address_high(a) ^ address_high(b), low = address_low(a) ^ address_low(b);

	if (length > 64)
		return !high && !(low >> (128 - length));
	return !length || !(high >> (64 - length));
}

int address_compare(const struct address *a, const struct address *b)
{
	return memcmp(a->byte, b->byte, sizeof(a->byte));
}

/* Reads 1 to 3 digits without a leading zero. */
static int parse_length(const char *text, size_t size, unsigned most, unsigned *length)
{
	unsigned value = 0;

	if (!size || size > 3 || (size > 1 && *text == '0'))
		return -EINVAL;
	for (size_t i = 0; i < size; i++) {
		if (!isdigit((unsigned char)text[i]))
			return -EINVAL;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (value > most)
		return -EINVAL;
	*length = value;
	return 0;
}

int prefix_parse(const char *text, size_t size, struct prefix *prefix)
{
	const char *slash = memchr(text, '/', size);
	size_t address_size = slash ? (size_t)(slash - text) : size;
	bool dotted = !memchr(text, ':', address_size);
	struct address address;
	unsigned length = 128;

	if (address_parse(text, address_size, &address))
		return -EINVAL;
	if (slash) {
		if (parse_length(slash + 1, size - address_size - 1, dotted ? 32 : 128, &length))
			return -EINVAL;
		if (dotted)
			length += 96;
	}
	prefix->length = length;
	prefix->address = address_mask(&address, length);
	return address_compare(&prefix->address, &address) ? -EDOM : 0;
}

bool prefix_is4(const struct prefix *prefix)
{
	return prefix->length >= 96 && address_is4(&prefix->address);
}

void prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT_SIZE])
{
	char address[ADDRESS_TEXT_SIZE];

	address_format(&prefix->address, address);
	snprintf(text, PREFIX_TEXT_SIZE, "%s/%u", address,
		 prefix_is4(prefix) ? prefix->length - 96 : prefix->length);
}

bool prefix_contains(const struct prefix *prefix, const struct address *address)
{
	return prefix_is4(prefix) == address_is4(address) &&
	       same_bits(&prefix->address, address, prefix->length);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return prefix_is4(a) == prefix_is4(b) &&
	       same_bits(&a->address, &b->address, a->length < b->length ? a->length : b->length);
}

struct prefix address_source(const struct address *address, unsigned source_length6)
{
	struct prefix source = { .length = address_is4(address) ? 128 : source_length6 };

	source.address = address_mask(address, source.length);
	return source;
}

struct prefix address_network(const struct address *address, unsigned network_length4,
			      unsigned network_length6)
{
	struct prefix network = { .length = address_is4(address) ? network_length4
								 : network_length6 };

	network.address = address_mask(address, network.length);
	return network;
}

#define MAPPED(a, b, c, d)                                \
	{                                                 \
		.byte = { [10] = 0xff, 0xff, a, b, c, d } \
	}

const char *prefix_special(const struct prefix *prefix)
{
	/* The IANA special-purpose address registries (RFC 6890), as far as a source can be in
	 * them; the most telling name comes first. Numbers and not text, since every line of a list
	 * is compared with them. */
	static const struct {
		struct prefix prefix;
		const char *name;
	} special[] = {
		{ { MAPPED(127, 0, 0, 0), 104 }, "loopback" },
		{ { { .byte = { [15] = 1 } }, 128 }, "loopback" },
		{ { MAPPED(10, 0, 0, 0), 104 }, "private" },
		{ { MAPPED(172, 16, 0, 0), 108 }, "private" },
		{ { MAPPED(192, 168, 0, 0), 112 }, "private" },
		{ { { .byte = { 0xfc } }, 7 }, "private" },
		{ { { .byte = { 0xfe, 0xc0 } }, 10 }, "private" }, /* RFC 3879 */
		{ { MAPPED(100, 64, 0, 0), 106 }, "shared (carrier NAT)" },
		{ { MAPPED(169, 254, 0, 0), 112 }, "link-local" },
		{ { { .byte = { 0xfe, 0x80 } }, 10 }, "link-local" },
		{ { MAPPED(0, 0, 0, 0), 104 }, "this network" },
		{ { { .byte = { 0 } }, 128 }, "unspecified" },
		{ { MAPPED(224, 0, 0, 0), 100 }, "multicast" },
		{ { { .byte = { 0xff } }, 8 }, "multicast" },
		{ { MAPPED(240, 0, 0, 0), 100 }, "reserved" },
		{ { { .byte = { 0 } }, 96 }, "reserved" }, /* IPv4-compatible, RFC 4291 2.5.5.1 */
	};

	for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++)
		if (prefix_overlaps(prefix, &special[i].prefix))
			return special[i].name;
	return NULL;
}

const struct prefix lan_prefixes[LAN_PREFIXES] = {
	{ MAPPED(10, 0, 0, 0), 104 },	 { MAPPED(127, 0, 0, 0), 104 },
	{ MAPPED(169, 254, 0, 0), 112 }, { MAPPED(172, 16, 0, 0), 108 },
	{ MAPPED(192, 168, 0, 0), 112 }, { { .byte = { [15] = 1 } }, 128 },
	{ { .byte = { 0xfc } }, 7 },	 { { .byte = { 0xfe, 0x80 } }, 10 },
};

bool address_is_lan(const struct address *address)
{
	for (size_t i = 0; i < LAN_PREFIXES; i++)
		if (prefix_contains(&lan_prefixes[i], address))
			return true;
	return false;
}

int country_from_text(const char *text, size_t size)
{
	int country;

	if (size == 3 && !strncasecmp(text, "LAN", 3))
		return COUNTRY_LAN;
	if (size != 2 || !isalpha((unsigned char)text[0]) || !isalpha((unsigned char)text[1]))
		return -EINVAL;
	country = (toupper((unsigned char)text[0]) - 'A') * 26 + toupper((unsigned char)text[1]) -
		  'A';
	return country == COUNTRY_LAN ? -EINVAL : country; /* the number of LAN is that of "ZY" */
}

void country_to_text(unsigned country, char text[COUNTRY_TEXT_SIZE])
{
	if (country >= COUNTRY_COUNT)
		country = COUNTRY_ZZ;
	if (country == COUNTRY_LAN) {
		memcpy(text, "LAN", COUNTRY_TEXT_SIZE);
		return;
	}
	text[0] = (char)('A' + country / 26);
	text[1] = (char)('A' + country % 26);
	text[2] = '\0';
}
