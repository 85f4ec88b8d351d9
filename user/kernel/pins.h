/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pin folders on bpffs: PINS/vN/ for contract version N. */
#ifndef SEKISHO_PINS_H
#define SEKISHO_PINS_H

#include "base/fault.h"

/* Makes PINS/vN and PINS/vN/links (0700). Mounts bpffs on /sys/fs/bpf if PINS is there and it is
 * not mounted. */
int pins_make(const char *pins, struct fault *fault);

/* The latest older contract version, and the latest newer one, pinned under PINS; 0: none. */
unsigned pins_older_version(const char *pins);
unsigned pins_newer_version(const char *pins);

/* Removes the pins of every older version. */
void pins_remove_older(const char *pins);

/* Removes every pin under PINS, of every version, links first. -ENOENT: nothing was there. */
int pins_remove(const char *pins, struct fault *fault);

/* Removes a folder of pins and all below it; 0 if there is none. */
int pins_remove_folder(const char *path, struct fault *fault);

#endif
