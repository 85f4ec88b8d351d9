// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a filter file of fail2ban's, named by [pattern] filter: it makes a pattern, or its
 * fault is said. The first byte chooses the mode. */
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

/* A file in memory with these bytes. */
static int make_file(const void *data, size_t size)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const modes[] = { "", "mode = aggressive\n", "mode = normal\n",
					     "mode = x\n" };
	struct config *config = NULL;
	size_t faults = 0;
	char text[128], path[32];
	int filter, conf, error;

	if (!size)
		return 0;
	filter = make_file(data + 1, size - 1);
	snprintf(text, sizeof(text), "[pattern p]\nfilter = /proc/self/fd/%d\n%s", filter,
		 modes[data[0] % 4]);
	conf = make_file(text, strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", conf);
	error = config_load(path, count_fault, &faults, &config);
	if (!error != !faults || (!error && !config))
		abort();
	config_free(config);
	close(conf);
	close(filter);
	return 0;
}
