// SPDX-License-Identifier: GPL-2.0-or-later
/* Tells the store the time. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clocks.h"
#include "enforce/instance.h"

static void read_boot_id(char *boot_id, size_t size)
{
	_cleanup_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, boot_id, size - 1);

	boot_id[got > 0 ? got : 0] = '\0';
	boot_id[strcspn(boot_id, "\n")] = '\0';
}

int instance_clock(struct instance *instance, struct fault *fault)
{
	struct clocks clocks = clocks_read();
	struct store_moment now = { .wall_ns = clocks.wall_ns, .boot_ns = clocks.boot_ns };

	int64_t jump = 0;
	int error;

	if (!instance->store)
		return -ENOENT;
	if (!*instance->boot_id)
		read_boot_id(instance->boot_id, sizeof(instance->boot_id));
	memcpy(now.boot_id, instance->boot_id, sizeof(now.boot_id));
	error = store_clock(instance->store, &now, &jump, fault);
	instance->clock_jump_ns += jump;
	return error;
}
