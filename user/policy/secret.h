/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of a password's digest: 32 bits of an HMAC. Private to user/policy/. */
#ifndef SEKISHO_POLICY_SECRET_H
#define SEKISHO_POLICY_SECRET_H

#include "policy/judge.h"

/* The first four bytes of HMAC-SHA256 (RFC 2104) of the digest's text, as one number. Pure. */
uint32_t secret_digest(const uint8_t key[JUDGE_KEY_SIZE], const char *hash);

#endif
