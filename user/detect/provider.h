/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An address's provider as one number: its autonomous system if that is known, else a guess: its
 * IPv4 /16 or IPv6 /32. Pure.
 */
#ifndef SEKISHO_PROVIDER_H
#define SEKISHO_PROVIDER_H

#include "detect/detect.h"

/* The bits of the number that are used. */
#define PROVIDER_BITS 34

/* The provider of an address, for comparisons: its autonomous system, by settings->provider. If
 * that is missing or knows none, a guess: its /16, or /32 in IPv6. */
uint64_t provider_of(const struct detect_settings *settings, const struct address *address);
bool provider_is_guess(uint64_t provider);
/* Whether one is a guess from an IPv4 address and the other from an IPv6 address: both may be the
 * same provider. */
bool provider_guesses_differ(uint64_t a, uint64_t b);
/* "AS64500", or "192.0.0.0/16" for a guess. */
#define PROVIDER_TEXT_SIZE PREFIX_TEXT_SIZE
void provider_format(uint64_t provider, char text[PROVIDER_TEXT_SIZE]);

#endif
