/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key that a feed's server asks for ([list NAME] key-file), as a header of the request. */
#ifndef SEKISHO_FEED_KEY_H
#define SEKISHO_FEED_KEY_H

#include "base/fault.h"

#define FEED_KEY_MOST 1024

/* Reads the file's one line, without its end: "NAME: VALUE" stays as it is, a key alone becomes
 * "X-Api-Key: KEY". If systemd hands the folder of keys over to a user that may not read it
 * (LoadCredential=keys:...), the file of the same name there is read. -EACCES: others may read the
 * file; -EINVAL: it has no such line. `fault` never has the key. */
int feed_key_read(const char *path, char header[FEED_KEY_MOST], struct fault *fault);

#endif
