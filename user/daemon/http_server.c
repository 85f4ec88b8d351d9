// SPDX-License-Identifier: GPL-2.0-or-later
/* See http_server.h. */
#include "daemon/http_server.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"

#define FINISH_NS (NS_PER_S / 5)

struct http_server_connection {
	int fd; /* the connection's; -1: unused */
	bool trusted, ending;
	bool asking;		/* a request has begun, and was not answered yet; if trusted */
	uint64_t since_boot_ns; /* when it came; if trusted: when it last asked */
	uint64_t begun_boot_ns; /* if asking: when that was seen */
	uint64_t answered_at;	/* received() when the last request was answered */
};

struct http_server {
	struct loop *loop;
	struct MHD_Daemon *http;
	MHD_RequestCompletedCallback completed; /* may be NULL */
	void *context;
	int epoll; /* the library's own; in the loop */
	uint64_t most_ns, ended;
	bool closed;   /* a connection was closed in this run */
	unsigned open; /* connections that are not being ended */
	unsigned connection_count;
	struct http_server_connection connections[];
};

/* ---- connections that last too long ---- */

/* Shuts a connection down: the library sees the end, and closes it. */
static void end_connection(struct http_server *server, struct http_server_connection *connection)
{
	shutdown(connection->fd, SHUT_RDWR);
	connection->ending = true;
	server->open--;
	server->ended++;
}

static bool gives_way_before(const struct http_server_connection *one,
			     const struct http_server_connection *other)
{
	return one->trusted != other->trusted ? !one->trusted
					      : one->since_boot_ns < other->since_boot_ns;
}

/* Ends the oldest connection; a trusted one only if there is no other, since one client with the
 * key could fill the server. */
static void end_oldest(struct http_server *server, const struct http_server_connection *newest)
{
	struct http_server_connection *oldest = NULL;

	for (unsigned i = 0; i < server->connection_count; i++) {
		struct http_server_connection *one = &server->connections[i];

		if (one != newest && one->fd >= 0 && !one->ending &&
		    (!oldest || gives_way_before(one, oldest)))
			oldest = one;
	}
	if (oldest)
		end_connection(server, oldest);
}

static void begin_connection(struct http_server *server, int fd, void **place)
{
	struct http_server_connection *one = NULL;

	for (unsigned i = 0; i < server->connection_count && !one; i++)
		if (server->connections[i].fd < 0)
			one = &server->connections[i];
	if (!one)
		return; /* not reached: the library has no more connections */
	*one = (struct http_server_connection){ .fd = fd, .since_boot_ns = clock_boot_ns() };
	*place = one;
	server->open++;
	/* A quarter is kept free, so that connections that only stay keep nobody out. */
	if (server->open > server->connection_count / 4 * 3)
		end_oldest(server, one);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **place,
			  enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_server *server = context;
	struct http_server_connection *one = *place;

	if (what == MHD_CONNECTION_NOTIFY_STARTED && info) {
		begin_connection(server, info->connect_fd, place);
	} else if (what == MHD_CONNECTION_NOTIFY_CLOSED && one) {
		server->open -= !one->ending;
		one->fd = -1;
		server->closed = true;
		*place = NULL;
	}
}

static struct http_server_connection *find_connection(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

void http_server_trust(struct MHD_Connection *connection)
{
	struct http_server_connection *one = find_connection(connection);

	if (!one)
		return;
	one->trusted = one->asking = true;
	one->since_boot_ns = one->begun_boot_ns = clock_boot_ns();
}

/* How many bytes have come; 0: it is no TCP connection. The library does not tell when a request's
 * first bytes come. */
static uint64_t received(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) ? 0 : info.tcpi_bytes_received;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct http_server_connection *one = find_connection(connection);
	struct http_server *server = context;

	if (one) {
		one->asking = false;
		one->answered_at = received(one->fd);
	}
	if (server->completed)
		server->completed(server->context, connection, state, code);
}

uint64_t http_server_ended(const struct http_server *server)
{
	return server->ended;
}

/* ---- in the loop ---- */

static void serve(void *context)
{
	struct http_server *server = context;
	unsigned long long wait_ms;

	server->closed = false;
	MHD_run(server->http);
	/* After room was made, a full server listens again only in the next run. */
	if (server->closed || (MHD_get_timeout(server->http, &wait_ms) == MHD_YES && !wait_ms))
		loop_again(server->loop, serve, server);
}

static void on_ready(int fd, void *context)
{
	(void)fd;
	serve(context);
}

/* Whether the connection has taken too long for its first request or, if trusted, for this one. */
static bool is_late(const struct http_server *server, struct http_server_connection *one,
		    uint64_t now)
{
	if (!one->trusted)
		return now - one->since_boot_ns >= server->most_ns;
	if (!one->asking && received(one->fd) != one->answered_at) {
		one->asking = true;
		one->begun_boot_ns = now;
	}
	return one->asking && now - one->begun_boot_ns >= server->most_ns;
}

/* Ends connections that last too long. The library's time-out is not enough: a client that sends a
 * byte every few seconds would hold its connection for ever. */
void http_server_tick(struct http_server *server)
{
	uint64_t now = clock_boot_ns();

	for (unsigned i = 0; i < server->connection_count; i++) {
		struct http_server_connection *one = &server->connections[i];

		if (one->fd >= 0 && !one->ending && is_late(server, one, now))
			end_connection(server, one);
	}
	serve(server);
}

void http_server_let_go(struct http_server *server)
{
	for (unsigned i = 0; i < server->connection_count; i++)
		if (server->connections[i].fd >= 0 && !server->connections[i].ending)
			end_connection(server, &server->connections[i]);
	serve(server);
}

void http_server_finish(struct http_server *server)
{
	struct pollfd comes = { .fd = server->epoll, .events = POLLIN };
	uint64_t end = clock_boot_ns() + FINISH_NS;
	unsigned long long wait_ms;
	bool more;

	do {
		server->closed = false;
		MHD_run(server->http);
		more = server->closed || poll(&comes, 1, 0) > 0 ||
		       (MHD_get_timeout(server->http, &wait_ms) == MHD_YES && !wait_ms);
	} while (more && clock_boot_ns() < end);
}

/* ---- opening and closing ---- */

int http_server_open(struct loop *loop, int socket, const char *name,
		     const struct http_server_options *options, struct http_server **result,
		     struct fault *fault)
{
	struct http_server *server =
		calloc(1, sizeof(*server) + options->connections * sizeof(*server->connections));
	struct MHD_OptionItem listening[] = {
		{ socket < 0 ? MHD_OPTION_END : MHD_OPTION_LISTEN_SOCKET, socket, NULL },
		{ MHD_OPTION_END, 0, NULL }
	};
	const union MHD_DaemonInfo *info;

	if (!server) {
		close(socket);
		return fault_set(fault, -ENOMEM, "out of memory");
	}
	server->loop = loop;
	server->epoll = -1;
	server->most_ns = options->most_ns;
	server->completed = options->completed;
	server->context = options->context;
	server->connection_count = options->connections;
	for (unsigned i = 0; i < options->connections; i++)
		server->connections[i].fd = -1;
	server->http = MHD_start_daemon(MHD_USE_EPOLL | (socket < 0 ? MHD_USE_NO_LISTEN_SOCKET : 0),
					0, NULL, NULL, options->answer, options->context,
					MHD_OPTION_ARRAY, listening, MHD_OPTION_CONNECTION_LIMIT,
					options->connections, MHD_OPTION_CONNECTION_TIMEOUT,
					options->idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
					options->connection_bytes, MHD_OPTION_NOTIFY_CONNECTION,
					on_connection, server, MHD_OPTION_NOTIFY_COMPLETED,
					on_completed, server, MHD_OPTION_END);
	if (!server->http) {
		close(socket);
		free(server);
		return fault_set(fault, -EIO, "the HTTP server for %s did not start", name);
	}
	info = MHD_get_daemon_info(server->http, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || loop_add(loop, info->epoll_fd, on_ready, server)) {
		http_server_close(server);
		return fault_set(fault, -EIO, "the HTTP server for %s cannot be waited for", name);
	}
	server->epoll = info->epoll_fd;
	*result = server;
	return 0;
}

void http_server_take(struct http_server *server, int socket, const struct sockaddr *address,
		      socklen_t size)
{
	MHD_add_connection(server->http, socket, address, size);
	serve(server);
}

void http_server_close(struct http_server *server)
{
	if (!server)
		return;
	if (server->epoll >= 0)
		loop_remove(server->loop, server->epoll);
	loop_forget(server->loop, server);
	MHD_stop_daemon(server->http);
	free(server);
}
