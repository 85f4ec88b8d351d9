/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fleet's keys as files and text: private keys in PKCS #8, and public keys as base64 of
 * SubjectPublicKeyInfo (RFC 8410), the formats of openssl(1); secrets as lines of base64.
 */
#ifndef SEKISHO_FLEET_KEYS_H
#define SEKISHO_FLEET_KEYS_H

#include "base/fault.h"
#include "fleet/fleet_crypto.h"

#define FLEET_PUBLIC_TEXT 61 /* with its NUL */

/* Also accepts base64 of the 32 bytes alone. -EINVAL. */
int fleet_public_parse(const char *text, uint8_t public[FLEET_KEY_SIZE]);
void fleet_public_format(const uint8_t public[FLEET_KEY_SIZE], char text[FLEET_PUBLIC_TEXT]);

/*
 * Only the owner may have the right to read these files, else -EACCES. If systemd has a credential
 * of a file's name ($CREDENTIALS_DIRECTORY), that is read instead. The faults have the remedy.
 */
int fleet_key_read(const char *path, struct fleet_signer *signer, struct fault *fault);
/* Reads `most` lines at most; the first secret is the one to seal with. */
int fleet_secret_read(const char *path, uint8_t (*secrets)[FLEET_KEY_SIZE], size_t most,
		      size_t *count, struct fault *fault);
/* One line without its end, malloc()ed. */
int fleet_password_read(const char *path, char **password, struct fault *fault);

/* Write new files, mode 0600; -EEXIST: the file exists, and stays. */
int fleet_key_write(const char *path, const struct fleet_signer *signer, struct fault *fault);
int fleet_secret_write(const char *path, const uint8_t secret[FLEET_KEY_SIZE], struct fault *fault);

#endif
