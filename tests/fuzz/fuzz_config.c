// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a configuration: it is whole and makes a policy, or its faults are said. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count_fault(const char *text, void *context)
{
	if (!*text)
		abort();
	(*(size_t *)context)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy policy;
	int fd = memfd_create("configuration", MFD_CLOEXEC), error;
	struct config *config = NULL;
	size_t faults = 0;
	char path[32];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	error = config_load(path, count_fault, &faults, &config);
	if (!error != !faults || (!error && !config))
		abort();
	if (!error) {
		config_to_policy(config, &policy);
		config_free(config);
	}
	close(fd);
	return 0;
}
