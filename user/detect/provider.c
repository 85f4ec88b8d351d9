// SPDX-License-Identifier: GPL-2.0-or-later
/* See provider.h. */
#include "detect/provider.h"

#include <stdio.h>

#define KIND_AS	       (1ULL << 32)
#define KIND_V4	       (2ULL << 32)
#define KIND_V6	       (3ULL << 32)
#define KIND(provider) ((provider)&3ULL << 32)

uint64_t provider_of(const struct detect_settings *settings, const struct address *address)
{
	uint32_t number = 0;

	if (settings->provider)
		number = settings->provider(address, settings->provider_context);
	if (number)
		return KIND_AS | number;
	if (address_is4(address))
		return KIND_V4 | address_to4(address) >> 16;
	return KIND_V6 | address_high(address) >> 32;
}

bool provider_is_guess(uint64_t provider)
{
	return KIND(provider) != KIND_AS;
}

bool provider_guesses_differ(uint64_t a, uint64_t b)
{
	return provider_is_guess(a) && provider_is_guess(b) && KIND(a) != KIND(b);
}

void provider_format(uint64_t provider, char text[PROVIDER_TEXT_SIZE])
{
	uint32_t number = (uint32_t)provider;
	struct prefix prefix = { .length = 32 };

	if (KIND(provider) == KIND_AS) {
		snprintf(text, PROVIDER_TEXT_SIZE, "AS%u", number);
		return;
	}
	if (KIND(provider) == KIND_V4) {
		prefix = (struct prefix){ address_from4(number << 16), 112 };
	} else {
		for (int i = 0; i < 4; i++)
			prefix.address.byte[i] = (uint8_t)(number >> (24 - 8 * i));
	}
	prefix_format(&prefix, text);
}
