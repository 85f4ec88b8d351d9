// SPDX-License-Identifier: GPL-2.0-or-later
/* See kept.h: lines "host N", "port N" and "frame HEX", and comments. */
#include "kept.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

int kept_save(const char *path, const char *what, const struct kept *kept, struct fault *fault)
{
	_cleanup_(cleanup_file) FILE *file = fopen(path, "we");

	if (!file)
		return fault_set(fault, -errno, "cannot write %s: %s", path, strerror(errno));
	fprintf(file, "# SPDX-License-Identifier: GPL-2.0-or-later\n# %s\n", what);
	fprintf(file, "# From a banned source; tests/mutate sends it from a clean one, too.\n");
	fprintf(file, "host %u\nport %u\n", kept->host, kept->port);
	for (unsigned i = 0; i < kept->train.count; i++) {
		fputs("frame ", file);
		for (uint32_t j = 0; j < kept->train.size[i]; j++)
			fprintf(file, "%02x", kept->train.bytes[kept->train.at[i] + j]);
		fputc('\n', file);
	}
	return fflush(file) ? fault_set(fault, -errno, "cannot write %s: %s", path, strerror(errno))
			    : 0;
}

static bool add_frame(struct train *train, const char *hex)
{
	uint32_t size = 0;
	unsigned byte;
	int used;

	if (train->count == FRAMES_MAX)
		return false;
	for (; sscanf(hex, "%2x%n", &byte, &used) == 1 && used == 2; hex += 2) {
		if (train->used + size == TRAIN_BYTES)
			return false;
		train->bytes[train->used + size++] = (uint8_t)byte;
	}
	train->at[train->count] = train->used;
	train->size[train->count++] = size;
	train->used += size;
	return size && (!*hex || *hex == '\n');
}

int kept_load(const char *path, struct kept *kept, struct fault *fault)
{
	_cleanup_(cleanup_file) FILE *file = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	unsigned host = 0, port = 0, number = 0;
	size_t room = 0;
	bool good = true;

	if (!file)
		return fault_set(fault, -errno, "cannot read %s: %s", path, strerror(errno));
	kept->train.count = kept->train.used = 0;
	while (good && getline(&line, &room, file) > 0) {
		number++;
		if (!strncmp(line, "frame ", 6))
			good = add_frame(&kept->train, line + 6);
		else if (*line != '#' && *line != '\n')
			good = sscanf(line, "host %u", &host) == 1 ||
			       sscanf(line, "port %u", &port) == 1;
	}
	if (!good || !kept->train.count || !host || host > 255 || !port || port > 65535)
		return fault_set(fault, -EINVAL, "%s:%u: not \"host\", \"port\" and \"frame HEX\"",
				 path, number);
	kept->host = (uint8_t)host;
	kept->port = (uint16_t)port;
	return 0;
}
