// SPDX-License-Identifier: GPL-2.0-or-later
/* See notify.h. */
#include "daemon/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"

/* Sends `state`, and the descriptor `passed` unless that is -1. */
static void send_state(const char *state, int passed)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct iovec text = { .iov_base = (char *)state, .iov_len = strlen(state) };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	struct msghdr message = { .msg_name = &address, .msg_iov = &text, .msg_iovlen = 1 };
	_cleanup_close_ int fd = -1;
	size_t size = path ? strlen(path) : 0;

	if (size < 2 || size >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(address.sun_path, path, size);
	if (*path == '@')
		address.sun_path[0] = '\0';
	message.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
	if (passed >= 0) {
		memcpy(CMSG_DATA(&control.header), &passed, sizeof(passed));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)!sendmsg(fd, &message, MSG_NOSIGNAL);
}

void notify(const char *state)
{
	send_state(state, -1);
}

void notify_store(const char *name, int fd)
{
	char state[128];

	snprintf(state, sizeof(state), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	send_state(state, -1);
	snprintf(state, sizeof(state), "FDSTORE=1\nFDNAME=%s", name);
	send_state(state, fd);
}

void notify_alive(void)
{
	if (getenv("WATCHDOG_USEC"))
		notify("WATCHDOG=1");
}
