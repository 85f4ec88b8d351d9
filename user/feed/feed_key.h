/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key that a feed's server asks for ([list NAME] key-file), as a header of the request. */
#ifndef SEKISHO_FEED_KEY_H
#define SEKISHO_FEED_KEY_H

#include "base/fault.h"

#define FEED_KEY_MOST 1024

/* The file's one line, without what ends it: "NAME: VALUE" as it is, or else the key alone, which
 * becomes "X-Api-Key: KEY". Where systemd hands the folder of keys over to a user that may not read
 * it (LoadCredential=keys:...), the file of the same name there is read. -EACCES: others may read
 * it; -EINVAL: it is no such line. `fault` never has the key. */
int feed_key_read(const char *path, char header[FEED_KEY_MOST], struct fault *fault);

#endif
