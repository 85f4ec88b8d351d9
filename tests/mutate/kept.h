/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings as files of packets in hex, so that they outlive the generator that made them. */
#ifndef SEKISHO_MUTATE_KEPT_H
#define SEKISHO_MUTATE_KEPT_H

#include "base/fault.h"
#include "mutation.h"

struct kept {
	uint8_t host; /* of the banned source that the frames are from */
	uint16_t port;
	struct train train;
};

/* `what`: the finding in a line. */
int kept_save(const char *path, const char *what, const struct kept *kept, struct fault *fault);
int kept_load(const char *path, struct kept *kept, struct fault *fault);

#endif
