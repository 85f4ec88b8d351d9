// SPDX-License-Identifier: GPL-2.0-or-later
/* See channel.h. */
#include "fleet/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

#define WAIT_MS 1000

_Static_assert(sizeof(struct channel_message) == 48 + CHANNEL_TEXT_SIZE, "no padding");

const char *channel_outcome_name(enum channel_outcome outcome)
{
	static const char *const names[OUTCOMES] = {
		"adopted", "held", "protected", "allowed", "known", "sender", "failed",
	};

	return names[outcome];
}

bool channel_path(const char *runtime, char *path, size_t size)
{
	int length = snprintf(path, size, "%s-fleet/daemon.sock", runtime);

	return length > 0 && (size_t)length < size &&
	       (size_t)length < sizeof(((struct sockaddr_un *)0)->sun_path);
}

static int make_socket(const char *path, struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
	return fd < 0 ? -errno : fd;
}

int channel_listen(const char *path, struct fault *fault)
{
	struct sockaddr_un address;
	_cleanup_close_ int fd = make_socket(path, &address);
	int error;

	if (fd < 0)
		return fault_set(fault, fd, "cannot make a socket: %s", strerror(-fd));
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || chmod(path, 0666) ||
	    listen(fd, 8)) {
		error = -errno;
		return fault_set(fault, error,
				 "cannot listen at %s: %s; sekisho-fleet.service makes its folder",
				 path, strerror(-error));
	}
	return TAKE_FD(fd);
}

int channel_connect(const char *path)
{
	struct sockaddr_un address;
	_cleanup_close_ int fd = make_socket(path, &address);

	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return TAKE_FD(fd);
}

bool channel_is_trusted(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) &&
	       (!peer.uid || peer.uid == geteuid());
}

int channel_send(int fd, const struct channel_message *message)
{
	struct channel_message own = *message;

	own.version = CHANNEL_VERSION;
	return send(fd, &own, sizeof(own), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(own) ? 0 : -errno;
}

int channel_receive(int fd, struct channel_message *message)
{
	ssize_t size = recv(fd, message, sizeof(*message), MSG_DONTWAIT);

	if (size < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!size)
		return -EPIPE;
	if (size != sizeof(*message) || message->version != CHANNEL_VERSION ||
	    message->prefix.length > 128)
		return -EPROTO;
	message->text[sizeof(message->text) - 1] = '\0';
	return 1;
}

static bool is_ready(int fd, short events)
{
	struct pollfd wanted = { .fd = fd, .events = events };

	return poll(&wanted, 1, WAIT_MS) > 0;
}

int channel_call(const char *runtime)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct channel_message welcome;
	_cleanup_close_ int fd = -1;

	if (!channel_path(runtime, path, sizeof(path)))
		return -ENAMETOOLONG;
	fd = channel_connect(path);
	if (fd < 0)
		return fd;
	if (!is_ready(fd, POLLIN) || channel_receive(fd, &welcome) <= 0)
		return -ETIMEDOUT;
	return TAKE_FD(fd);
}

int channel_send_patiently(int fd, const struct channel_message *message)
{
	int error = channel_send(fd, message);

	if (error == -EAGAIN && is_ready(fd, POLLOUT))
		error = channel_send(fd, message);
	return error;
}
