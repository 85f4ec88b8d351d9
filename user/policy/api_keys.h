/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys that distinguish Dovecot from any other local user: [policy] api-key-file. */
#ifndef SEKISHO_POLICY_API_KEYS_H
#define SEKISHO_POLICY_API_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/fault.h"

#define API_KEYS_MAX  2 /* the old one and the new one, while the key is being replaced */
#define API_KEY_LEAST 16
#define API_KEY_MOST  256

struct api_keys {
	size_t count;
	char keys[API_KEYS_MAX][API_KEY_MOST + 1]; /* zero behind their ends */
};

/* The text of the file: a key in each line that is not empty and no comment ("#"). -EINVAL: none,
 * too many, too short, too long, or with characters that a header cannot carry; the fault names
 * `path` and the line. Pure. */
int api_keys_read(const char *path, const char *text, size_t size, struct api_keys *keys,
		  struct fault *fault);

/* The same for a file, which must be root's (or this user's) and closed to all others: -EACCES. */
int api_keys_load(const char *path, struct api_keys *keys, struct fault *fault);

/* Whether `text` is one of them. Takes the same time whatever is sent. Pure. */
bool api_keys_match(const struct api_keys *keys, const char *text);

#endif
