// SPDX-License-Identifier: GPL-2.0-or-later
/* See restart_mark.h. */
#include "daemon/restart_mark.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "daemon/notify.h"

#define NAME "restart" /* in the service manager's store */

/* Makes the mark's address from the socket's cookie. Returns its size, or 0: there is no cookie. */
static socklen_t make_address(int listener, struct sockaddr_un *address)
{
	uint64_t cookie;
	socklen_t size = sizeof(cookie);
	int length;

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (getsockopt(listener, SOL_SOCKET, SO_COOKIE, &cookie, &size))
		return 0;
	/* The address is abstract: its first byte is NUL, and it has none at the end. */
	length = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1,
			  "sekisho-restart-%" PRIx64, cookie);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

static int new_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void restart_mark_leave(int listener)
{
	struct sockaddr_un address;
	socklen_t size = make_address(listener, &address);
	_cleanup_close_ int fd = new_socket();

	/* bind() fails if the mark is kept already. */
	if (size && fd >= 0 && !bind(fd, (struct sockaddr *)&address, size))
		notify_store(NAME, fd);
}

bool restart_mark_is_kept(int listener)
{
	struct sockaddr_un address;
	socklen_t size = make_address(listener, &address);
	_cleanup_close_ int fd = new_socket();

	return size && fd >= 0 && !connect(fd, (struct sockaddr *)&address, size);
}
