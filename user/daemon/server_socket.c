// SPDX-License-Identifier: GPL-2.0-or-later
/* See server_socket.h. */
#include "daemon/server_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "daemon/loop.h"

#define BACKLOG	     512
#define FIRST_PASSED 3 /* SD_LISTEN_FDS_START */
/* The unit's name comes as an argument. Without --now: systemd starts no socket of a service that
 * runs. */
#define TO_PASS_IT "systemctl enable %s && systemctl restart sekisho"

/* ---- passed sockets ---- */

static long read_variable(const char *name)
{
	const char *text = getenv(name);
	char *end = NULL;
	long number = text ? strtol(text, &end, 10) : 0;

	return text && *text && !*end ? number : 0;
}

static bool listens(int fd)
{
	int listens = 0;
	socklen_t size = sizeof(listens);

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) && listens;
}

void passed_sockets_take(struct passed_sockets *passed)
{
	long count = read_variable("LISTEN_PID") == getpid() ? read_variable("LISTEN_FDS") : 0;

	passed->count = 0;
	for (int fd = FIRST_PASSED; fd < FIRST_PASSED + count && count < 1024; fd++) {
		if (passed->count == PASSED_MAX || !listens(fd)) {
			close(fd);
			continue;
		}
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) || fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK))
			continue;
		passed->sockets[passed->count++].fd = fd;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

static void on_unwanted(int socket, void *context)
{
	int fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC);

	(void)context;
	if (fd >= 0)
		close(fd);
}

size_t passed_sockets_settle(struct passed_sockets *passed, struct loop *loop)
{
	size_t unwanted = 0;

	passed->loop = loop;
	for (size_t i = 0; i < passed->count; i++) {
		if (passed->sockets[i].used)
			continue;
		unwanted++;
		if (!passed->sockets[i].refused)
			passed->sockets[i].refused =
				!loop_add(loop, passed->sockets[i].fd, on_unwanted, passed);
	}
	return unwanted;
}

void passed_sockets_close(struct passed_sockets *passed)
{
	for (size_t i = 0; i < passed->count; i++)
		close(passed->sockets[i].fd);
	passed->count = 0;
}

/* ---- addresses ---- */

union socket_address {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	struct sockaddr_un local;
	struct sockaddr_storage room;
};

static socklen_t make_address(const struct config_listen *where, union socket_address *address)
{
	memset(address, 0, sizeof(*address));
	if (where->kind == LISTEN_UNIX) {
		address->local.sun_family = AF_UNIX;
		snprintf(address->local.sun_path, sizeof(address->local.sun_path), "%s",
			 where->path);
		return sizeof(address->local);
	}
	if (address_is4(&where->address)) {
		address->in4.sin_family = AF_INET;
		address->in4.sin_port = htons(where->port);
		address->in4.sin_addr.s_addr = htonl(address_to4(&where->address));
		return sizeof(address->in4);
	}
	address->in6.sin6_family = AF_INET6;
	address->in6.sin6_port = htons(where->port);
	memcpy(&address->in6.sin6_addr, &where->address, sizeof(address->in6.sin6_addr));
	return sizeof(address->in6);
}

static bool is_same(const union socket_address *a, const union socket_address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	switch (a->any.sa_family) {
	case AF_UNIX:
		return !strcmp(a->local.sun_path, b->local.sun_path);
	case AF_INET:
		return a->in4.sin_port == b->in4.sin_port &&
		       a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
	case AF_INET6:
		return a->in6.sin6_port == b->in6.sin6_port &&
		       !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr));
	default:
		return false;
	}
}

/* The index of the passed socket that listens there; `count`: none does. */
static size_t find_passed(const struct passed_sockets *passed, const union socket_address *wanted)
{
	size_t i;

	for (i = 0; i < passed->count; i++) {
		union socket_address address = { 0 };
		socklen_t size = sizeof(address) - 1; /* a path may fill it without NUL */

		if (!getsockname(passed->sockets[i].fd, &address.any, &size) &&
		    is_same(&address, wanted))
			break;
	}
	return i;
}

/* A copy of the passed socket that listens there; -1: none does. */
static int use_passed(struct passed_sockets *passed, const union socket_address *wanted)
{
	size_t i = find_passed(passed, wanted);

	if (i == passed->count)
		return -1;
	passed->sockets[i].used = true;
	if (passed->sockets[i].refused)
		loop_remove(passed->loop, passed->sockets[i].fd);
	passed->sockets[i].refused = false;
	return fcntl(passed->sockets[i].fd, F_DUPFD_CLOEXEC, FIRST_PASSED);
}

void passed_sockets_leave(struct passed_sockets *passed, const struct config_listen *where)
{
	union socket_address address;
	size_t i;

	if (where->kind == LISTEN_OFF)
		return;
	make_address(where, &address);
	i = find_passed(passed, &address);
	if (i < passed->count)
		passed->sockets[i].used = false;
}

/* ---- sockets of our own ---- */

static int bind_tcp(const struct server_place *place, const union socket_address *address,
		    socklen_t size, struct fault *fault)
{
	_cleanup_close_ int fd =
		socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char text[ADDRESS_TEXT_SIZE];
	int one = 1;

	/* Without SO_REUSEADDR a restart would wait for the old connections' TIME_WAIT. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, &address->any, size)) {
		int err = -errno;

		address_format(&place->where->address, text);
		if (err != -EAFNOSUPPORT)
			return fault_set(fault, err, "%s: cannot listen on %s port %u: %s",
					 place->key, text, place->where->port, strerror(-err));
		return fault_set(fault, err,
				 "%s: cannot listen on %s port %u: %s; the service opens no TCP "
				 "port itself: " TO_PASS_IT,
				 place->key, text, place->where->port, strerror(-err), place->unit);
	}
	return TAKE_FD(fd);
}

/* Removes a socket on which nobody listens any more; anything else is left, and is a fault. */
static int remove_stale(const struct server_place *place, const union socket_address *address,
			struct fault *fault)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *path = place->where->path;
	struct stat stat;

	if (lstat(path, &stat))
		return 0;
	if (!S_ISSOCK(stat.st_mode))
		return fault_set(fault, -EEXIST,
				 "%s is in the way and is no socket; remove it or choose another "
				 "%s",
				 path, place->key);
	if (fd >= 0 && !connect(fd, &address->any, sizeof(address->local)))
		return fault_set(fault, -EADDRINUSE, "another process listens on %s", path);
	unlink(path);
	return 0;
}

static int give_to_group(const struct server_place *place, struct fault *fault)
{
	for (size_t i = 0; place->owners && place->owners[i]; i++) {
		const struct passwd *user = getpwnam(place->owners[i]);

		if (!user)
			continue;
		/* Without the right to change the group, all users may connect: each client is
		 * asked who it is. */
		if (chown(place->where->path, (uid_t)-1, user->pw_gid) &&
		    (errno != EPERM || chmod(place->where->path, 0666)))
			return fault_set(fault, -errno, "cannot give %s to the group of %s: %s",
					 place->where->path, place->owners[i], strerror(errno));
		break;
	}
	return 0;
}

static int bind_unix(const struct server_place *place, const union socket_address *address,
		     struct fault *fault)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const char *path = place->where->path;
	int err = remove_stale(place, address, fault);

	if (err)
		return err;
	if (fd < 0 || bind(fd, &address->any, sizeof(address->local)) || chmod(path, 0660)) {
		err = -errno;
		if (err != -EROFS && err != -EACCES)
			return fault_set(fault, err, "%s: cannot listen on %s: %s", place->key,
					 path, strerror(-err));
		return fault_set(fault, err,
				 "%s: cannot listen on %s: %s; the service itself may not write "
				 "there: " TO_PASS_IT,
				 place->key, path, strerror(-err), place->unit);
	}
	err = give_to_group(place, fault);
	if (err) {
		unlink(path);
		return err;
	}
	return TAKE_FD(fd);
}

int server_socket_open(const struct server_place *place, struct passed_sockets *passed,
		       const char **own_path, struct fault *fault)
{
	union socket_address address;
	socklen_t size = make_address(place->where, &address);
	_cleanup_close_ int fd = use_passed(passed, &address);

	*own_path = "";
	if (fd >= 0)
		return TAKE_FD(fd);
	if (place->where->kind == LISTEN_UNIX)
		fd = bind_unix(place, &address, fault);
	else
		fd = bind_tcp(place, &address, size, fault);
	if (fd < 0)
		return fault->error;
	if (place->where->kind == LISTEN_UNIX)
		*own_path = place->where->path;
	if (listen(fd, BACKLOG)) {
		int err = -errno;

		if (**own_path)
			unlink(*own_path);
		return fault_set(fault, err, "%s: cannot listen: %s", place->key, strerror(-err));
	}
	return TAKE_FD(fd);
}

/* ---- who answers ---- */

/* Claims the socket by a record lock, which the kernel takes back when the process ends, however
 * that happens. */
int server_socket_claim(int socket)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(socket, F_SETLK, &lock) ? -errno : 0;
}

bool server_socket_is_claimed(int socket)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return !fcntl(socket, F_GETLK, &lock) && lock.l_type != F_UNLCK;
}
