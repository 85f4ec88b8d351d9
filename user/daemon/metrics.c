// SPDX-License-Identifier: GPL-2.0-or-later
/* The metrics listener. Not here: the metrics' text (user/show/), HTTP (http_server.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/http_server.h"
#include "daemon/daemon_log.h"
#include "show/fleet_status.h"
#include "show/render.h"

#define CONNECTIONS_MAX	     32		    /* at once; scrapers are few */
#define CONNECTION_TIMEOUT_S 10		    /* without a byte */
#define CONNECTION_MOST_NS   (5 * NS_PER_S) /* in all */
#define CONNECTION_BYTES     (16U << 10)
#define TICK_NS		     NS_PER_S
#define WAIT_MOST_S	     60
#define FRESH_NS	     NS_PER_S /* for so long the same text is served: a scrape has a cost */
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics {
	struct daemon *daemon;
	struct http_server *http;
	char *path; /* of a socket of our own; NULL: none */
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
	status_write(metrics->daemon); /* the snapshot reads it */
	err = snapshot_fill(&metrics->daemon->instance, SNAPSHOT_COUNTS | SNAPSHOT_STATUS,
			    clock_wall_ns(), now, &snapshot, fault);
	if (err)
		return err;
	out = open_memstream(&text, &size);
	if (!out)
		return fault_set(fault, -ENOMEM, "out of memory");
	prometheus_stats(out, snapshot);
	fleet_status_metrics(out, metrics->daemon->instance.config, clock_wall_ns());
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

/* The library copies `text`. */
static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *type,
			     const char *text, size_t size)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		size, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result = MHD_NO;

	if (!response)
		return MHD_NO;
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") &&
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
	if (!*state) { /* only the head was read; a body, if any, is not read */
		*state = &seen;
		return MHD_YES;
	}
	if (!strcmp(url, "/metrics"))
		return reply_metrics(context, connection);
	if (!strcmp(url, "/"))
		return reply_text(connection, MHD_HTTP_OK, "sekisho: see /metrics\n");
	return reply_text(connection, MHD_HTTP_NOT_FOUND, "see /metrics\n");
}

/* ---- closing ---- */

static void end(struct metrics *metrics)
{
	http_server_close(metrics->http);
	if (metrics->path)
		unlink(metrics->path);
	free(metrics->path);
	free(metrics->text);
	free(metrics);
}

/* ---- opening, and trying again ---- */

static int try_open(struct daemon *daemon, struct fault *fault)
{
	const struct server_place place = { .where = &daemon->instance.config->metrics,
					    .key = "[metrics] listen",
					    .unit = "sekisho-metrics.socket" };
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	const struct http_server_options options = { .answer = on_request,
						     .context = metrics,
						     .connections = CONNECTIONS_MAX,
						     .connection_bytes = CONNECTION_BYTES,
						     .idle_s = CONNECTION_TIMEOUT_S,
						     .most_ns = CONNECTION_MOST_NS };
	const char *path;
	int socket, err;

	if (!metrics)
		return fault_set(fault, -ENOMEM, "out of memory");
	metrics->daemon = daemon;
	socket = server_socket_open(&place, &daemon->passed, &path, fault);
	err = socket < 0 ? socket
			 : http_server_open(daemon->loop, socket, "metrics", &options,
					    &metrics->http, fault);
	if (socket >= 0 && *path)
		metrics->path = strdup(path);
	if (err) {
		end(metrics);
		return err;
	}
	daemon->metrics = metrics;
	return 0;
}

/* An address that is in use may be free later: a neighbour restarts, or an address comes up late.
 * The fault is logged once, and so is its end. */
static void try_again(struct daemon *daemon)
{
	unsigned waited_s = daemon->metrics_wait_s;
	struct fault fault = { 0 };

	if (!try_open(daemon, &fault)) {
		daemon->metrics_wait_s = 0;
		if (waited_s)
			log_line(false, "metrics: listening now");
		return;
	}
	daemon->metrics_wait_s = waited_s > WAIT_MOST_S / 2 ? WAIT_MOST_S
				 : waited_s		    ? waited_s * 2
							    : 1;
	daemon->metrics_due_boot_ns = clock_boot_ns() + daemon->metrics_wait_s * (uint64_t)NS_PER_S;
	if (!waited_s)
		daemon_fault(daemon, "metrics: %s; it is tried again", fault.text);
}

/* Clients that send nothing are dropped by the tick. */
static void on_tick(void *context)
{
	struct daemon *daemon = context;

	if (daemon->metrics) {
		http_server_tick(daemon->metrics->http);
	} else if (daemon->metrics_wait_s && clock_boot_ns() >= daemon->metrics_due_boot_ns) {
		try_again(daemon);
	}
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
