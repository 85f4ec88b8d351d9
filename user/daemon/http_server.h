/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTTP server by libmicrohttpd in the daemon's own loop, with bounds: connections, their memory,
 * and how long one may take. Whoever only occupies connections is the first to be ended when they
 * run short; of those that showed that they are entitled (http_server_trust()), the one that asked
 * longest ago, where there are no others. Not here: what is served.
 */
#ifndef SEKISHO_HTTP_SERVER_H
#define SEKISHO_HTTP_SERVER_H

#include <microhttpd.h>
#include "base/fault.h"
#include "daemon/loop.h"

struct http_server;

struct http_server_options {
	MHD_AccessHandlerCallback answer;
	MHD_RequestCompletedCallback completed; /* may be NULL */
	void *context;				/* of both */
	unsigned connections;			/* at once */
	size_t connection_bytes;
	unsigned idle_s;  /* without a byte */
	uint64_t most_ns; /* a connection may take in all, unless it is trusted */
};

/* `socket` is listening, and the server's from now on, whatever is returned; -1: none is, and
 * connections come by http_server_take(). `name` is for the fault. */
int http_server_open(struct loop *loop, int socket, const char *name,
		     const struct http_server_options *options, struct http_server **server,
		     struct fault *fault);
void http_server_close(struct http_server *server);

/* A connection that somebody else has accepted, from `address`: not blocking, the server's from now
 * on, and ended at once where there is no room. */
void http_server_take(struct http_server *server, int socket, const struct sockaddr *address,
		      socklen_t size);

/* Before an end: whoever waits gets his answer, within 0.2 s in all. A mail server that gets none
 * asks nothing for a while. */
void http_server_finish(struct http_server *server);

/* Every second: ends what takes too long. */
void http_server_tick(struct http_server *server);

/* The connection may stay, and has asked now. */
void http_server_trust(struct MHD_Connection *connection);

/* Ends every connection: who asks next comes anew, to whoever answers then. */
void http_server_let_go(struct http_server *server);

/* How many connections were ended since the server began: too slow, or for others' sake. */
uint64_t http_server_ended(const struct http_server *server);

#endif
