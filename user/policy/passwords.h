/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which passwords an account had and which ones a source tried, as digests of digests, for 90 days.
 * Names are used as the mail server sends them, since its digests depend on the spelling: "bob" and
 * "bob@example.org" are two accounts here. Pure and bounded: an account takes 128 bytes, a pair
 * 152. Private to user/policy/.
 */
#ifndef SEKISHO_POLICY_PASSWORDS_H
#define SEKISHO_POLICY_PASSWORDS_H

#include "policy/judge.h"

struct passwords;

/* `settings` must live on until passwords_configure(). NULL: out of memory. */
struct passwords *passwords_new(const struct judge_settings *settings);
void passwords_free(struct passwords *passwords);
void passwords_configure(struct passwords *passwords, const struct judge_settings *settings);

/* Judges the password of a failed login. `near`: the source, or its provider, is one of the
 * account's. *sure: for an old password, that no guess has hit it by chance. */
enum judge_password passwords_fail(struct passwords *passwords, const struct policy_login *login,
				   const struct prefix *source, bool near, bool *sure);

/* Notes the password of a successful login. True: it is another than before. False if several are
 * right in turn, or another one each hour, as with tokens. */
bool passwords_succeed(struct passwords *passwords, const struct policy_login *login);

/* By hand: forgets the account's right passwords. Failed ones are forgotten in time. */
void passwords_forget(struct passwords *passwords, const char *account);

/* Adds accounts and pairs to those of `usage`. */
void passwords_add_usage(const struct passwords *passwords, struct judge_usage *usage);

#endif
