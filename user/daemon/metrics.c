// SPDX-License-Identifier: GPL-2.0-or-later
/* The metrics listener: HTTP by libmicrohttpd, in the daemon's own loop. Not here: the metrics'
 * text (user/show/), and anything of HTTP read by hand. */
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/say.h"
#include "show/render.h"

#define CONNECTIONS_MAX	     32 /* at once; scrapers are few */
#define CONNECTION_TIMEOUT_S 10
#define CONNECTION_BYTES     (16U << 10)
#define TICK_NS		     NS_PER_S
#define WAIT_MOST_S	     60
#define FRESH_NS	     NS_PER_S /* within it the same text is served: a scrape is not free */
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics {
	struct daemon *daemon;
	struct MHD_Daemon *http;
	int epoll;  /* the server's own; in the loop */
	char *path; /* of the socket; NULL for TCP */
	char *text;
	size_t size;
	uint64_t made_boot_ns; /* 0: never */
};

/* ---- answers ---- */

static int make_text(struct metrics *metrics, struct fault *fault)
{
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;
	uint64_t now = clock_boot_ns();
	char *text = NULL;
	size_t size = 0;
	FILE *out;
	int err;

	if (metrics->text && now - metrics->made_boot_ns < FRESH_NS)
		return 0;
	report_write(metrics->daemon); /* what the daemon says of itself is read from there */
	err = snapshot_fill(&metrics->daemon->instance, SNAPSHOT_COUNTS | SNAPSHOT_STATUS,
			    clock_wall_ns(), now, &snapshot, fault);
	if (err)
		return err;
	out = open_memstream(&text, &size);
	if (!out)
		return fault_set(fault, -ENOMEM, "out of memory");
	prometheus_stats(out, snapshot);
	if (fclose(out)) {
		free(text);
		return fault_set(fault, -ENOMEM, "out of memory");
	}
	free(metrics->text);
	metrics->text = text;
	metrics->size = size;
	metrics->made_boot_ns = now;
	return 0;
}

/* Takes a copy of `text`. */
static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *type,
			     const char *text, size_t size)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		size, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result = MHD_NO;

	if (!response)
		return MHD_NO;
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) &&
	    (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
	     MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD")))
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result reply_text(struct MHD_Connection *connection, unsigned status,
				  const char *text)
{
	return reply(connection, status, "text/plain; charset=utf-8", text, strlen(text));
}

static enum MHD_Result reply_metrics(struct metrics *metrics, struct MHD_Connection *connection)
{
	struct fault fault = { 0 };
	char text[sizeof(fault.text) + 2];

	if (!make_text(metrics, &fault))
		return reply(connection, MHD_HTTP_OK, METRICS_CONTENT_TYPE, metrics->text,
			     metrics->size);
	snprintf(text, sizeof(text), "%s\n", fault.text);
	return reply_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, text);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **state)
{
	static char seen;

	(void)version;
	(void)upload;
	(void)upload_size;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return reply_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				  "only GET and HEAD; nothing can be changed here\n");
	if (!*state) { /* the head only; a body, if any, is still to come and is not read */
		*state = &seen;
		return MHD_YES;
	}
	if (!strcmp(url, "/metrics"))
		return reply_metrics(context, connection);
	if (!strcmp(url, "/"))
		return reply_text(connection, MHD_HTTP_OK, "sekisho: see /metrics\n");
	return reply_text(connection, MHD_HTTP_NOT_FOUND, "see /metrics\n");
}

/* ---- in the loop ---- */

static void serve(void *context)
{
	struct metrics *metrics = context;
	unsigned long long wait_ms;

	MHD_run(metrics->http);
	if (MHD_get_timeout(metrics->http, &wait_ms) == MHD_YES && !wait_ms)
		loop_again(metrics->daemon->loop, serve, metrics);
}

static void on_ready(int fd, void *context)
{
	(void)fd;
	serve(context);
}

/* ---- the socket ---- */

static int bind_tcp(const struct config_listen *listen, struct fault *fault)
{
	struct sockaddr_storage storage = { 0 };
	struct sockaddr_in6 *address6 = (void *)&storage;
	struct sockaddr_in *address4 = (void *)&storage;
	bool is4 = address_is4(&listen->address);
	_cleanup_close_ int fd =
		socket(is4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char text[ADDRESS_TEXT_SIZE];
	int one = 1;

	if (is4) {
		address4->sin_family = AF_INET;
		address4->sin_port = htons(listen->port);
		address4->sin_addr.s_addr = htonl(address_to4(&listen->address));
	} else {
		address6->sin6_family = AF_INET6;
		address6->sin6_port = htons(listen->port);
		memcpy(&address6->sin6_addr, &listen->address, sizeof(address6->sin6_addr));
	}
	/* Without it a restart would wait for the old connections' TIME_WAIT. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&storage, is4 ? sizeof(*address4) : sizeof(*address6))) {
		int err = -errno;

		address_format(&listen->address, text);
		return fault_set(fault, err, "cannot listen on %s port %u: %s%s", text,
				 listen->port, strerror(-err),
				 err == -EAFNOSUPPORT
					 ? "; the service's unit allows no TCP, see [metrics] in "
					   "sekisho.conf(5)"
					 : "");
	}
	return TAKE_FD(fd);
}

/* A socket that nobody listens on any more is in the way, and is removed; nothing else is. */
static int remove_stale(const struct sockaddr_un *address, struct fault *fault)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat stat;

	if (lstat(address->sun_path, &stat))
		return 0;
	if (!S_ISSOCK(stat.st_mode))
		return fault_set(fault, -EEXIST,
				 "%s is in the way and is no socket; remove it or choose another "
				 "[metrics] listen",
				 address->sun_path);
	if (fd >= 0 && !connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		return fault_set(fault, -EADDRINUSE, "another process listens on %s",
				 address->sun_path);
	unlink(address->sun_path);
	return 0;
}

static int bind_unix(const struct config_listen *listen, struct fault *fault)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int err;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", listen->path);
	err = remove_stale(&address, fault);
	if (err)
		return err;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    chmod(listen->path, 0660))
		return fault_set(fault, -errno, "cannot listen on %s: %s", listen->path,
				 strerror(errno));
	return TAKE_FD(fd);
}

static int open_socket(const struct config_listen *where, struct fault *fault)
{
	_cleanup_close_ int fd = where->kind == LISTEN_UNIX ? bind_unix(where, fault)
							    : bind_tcp(where, fault);

	if (fd >= 0 && listen(fd, CONNECTIONS_MAX))
		return fault_set(fault, -errno, "cannot listen for metrics: %s", strerror(errno));
	return fd < 0 ? fault->error : TAKE_FD(fd);
}

/* ---- begin and end ---- */

static int start_http(struct metrics *metrics, int socket, struct fault *fault)
{
	const union MHD_DaemonInfo *info;

	metrics->http = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, metrics, MHD_OPTION_LISTEN_SOCKET, socket,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_END);
	if (!metrics->http) {
		close(socket);
		return fault_set(fault, -EIO, "the HTTP server for the metrics did not start");
	}
	info = MHD_get_daemon_info(metrics->http, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return fault_set(fault, -EIO, "the HTTP server for the metrics has no epoll");
	metrics->epoll = info->epoll_fd;
	if (loop_add(metrics->daemon->loop, metrics->epoll, on_ready, metrics)) {
		metrics->epoll = -1;
		return fault_set(fault, -ENOMEM, "out of memory");
	}
	return 0;
}

static void end(struct metrics *metrics)
{
	if (metrics->epoll >= 0)
		loop_remove(metrics->daemon->loop, metrics->epoll);
	loop_forget(metrics->daemon->loop, metrics);
	if (metrics->http)
		MHD_stop_daemon(metrics->http);
	if (metrics->path)
		unlink(metrics->path);
	free(metrics->path);
	free(metrics->text);
	free(metrics);
}

/* ---- and again ---- */

static int try_open(struct daemon *daemon, struct fault *fault)
{
	const struct config_listen *where = &daemon->instance.config->metrics;
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	int socket;

	if (!metrics)
		return fault_set(fault, -ENOMEM, "out of memory");
	metrics->daemon = daemon;
	metrics->epoll = -1;
	socket = open_socket(where, fault);
	if (socket >= 0 && where->kind == LISTEN_UNIX)
		metrics->path = strdup(where->path);
	if (socket < 0 || start_http(metrics, socket, fault)) {
		end(metrics);
		return fault->error;
	}
	daemon->metrics = metrics;
	return 0;
}

/* A place that was taken may be free in a while: a restarted neighbour, an address that comes up
 * late. What went wrong is said once, and the end of it as well. */
static void try_again(struct daemon *daemon)
{
	unsigned waited_s = daemon->metrics_wait_s;
	struct fault fault = { 0 };

	if (!try_open(daemon, &fault)) {
		daemon->metrics_wait_s = 0;
		if (waited_s)
			say(false, "metrics: listening now");
		return;
	}
	daemon->metrics_wait_s = waited_s > WAIT_MOST_S / 2 ? WAIT_MOST_S
				 : waited_s		    ? waited_s * 2
							    : 1;
	daemon->metrics_due_boot_ns = clock_boot_ns() + daemon->metrics_wait_s * (uint64_t)NS_PER_S;
	if (!waited_s)
		daemon_fault(daemon, "metrics: %s; it is tried again", fault.text);
}

/* Clients that say nothing are dropped by time alone. */
static void on_tick(void *context)
{
	struct daemon *daemon = context;

	if (daemon->metrics)
		serve(daemon->metrics);
	else if (daemon->metrics_wait_s && clock_boot_ns() >= daemon->metrics_due_boot_ns)
		try_again(daemon);
}

void metrics_open(struct daemon *daemon)
{
	if (daemon->instance.config->metrics.kind == LISTEN_OFF)
		return;
	if (!daemon->metrics_ticks)
		daemon->metrics_ticks = !loop_every(daemon->loop, TICK_NS, on_tick, daemon);
	try_again(daemon);
}

void metrics_close(struct daemon *daemon)
{
	if (daemon->metrics)
		end(daemon->metrics);
	daemon->metrics = NULL;
	daemon->metrics_wait_s = 0;
}
