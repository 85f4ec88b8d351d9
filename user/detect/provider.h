/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which provider an address is of, as one number: its autonomous system where that is known, else
 * its surroundings, IPv4 /16 or IPv6 /32, which are a guess. Pure.
 */
#ifndef SEKISHO_PROVIDER_H
#define SEKISHO_PROVIDER_H

#include "detect/detect.h"

/* Of the number as many bits are used. */
#define PROVIDER_BITS 34

/* The provider of an address, for comparing: its autonomous system, by settings->provider. Where
 * that is missing or knows none, a guess: its /16, or /32 in IPv6. */
uint64_t provider_of(const struct detect_settings *settings, const struct address *address);
bool provider_is_guess(uint64_t provider);
/* "AS64500", or "192.0.0.0/16" where it is a guess. */
#define PROVIDER_TEXT_SIZE PREFIX_TEXT_SIZE
void provider_format(uint64_t provider, char text[PROVIDER_TEXT_SIZE]);

#endif
