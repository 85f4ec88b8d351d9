/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An HTTP server by libmicrohttpd in the daemon's own loop, with bounds: the number of connections,
 * their memory, and how long one may take. When connections run short, a connection that was not
 * trusted yet (http_server_trust()) is ended first; if all are trusted, the one that asked longest
 * ago. Not here: what is served.
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
	void *context;				/* for both */
	unsigned connections;			/* at once */
	size_t connection_bytes;
	unsigned idle_s;  /* without a byte */
	uint64_t most_ns; /* a connection may take in all; if it is trusted, each request of it */
};

/* `socket` is listening, and belongs to the server from now on, whatever is returned; -1: there is
 * none, and connections come by http_server_take(). `name` is for the fault. */
int http_server_open(struct loop *loop, int socket, const char *name,
		     const struct http_server_options *options, struct http_server **server,
		     struct fault *fault);
void http_server_close(struct http_server *server);

/* Takes a connection from `address` that somebody else has accepted and that does not block. It
 * belongs to the server from now on, and is ended at once if there is no room. */
void http_server_take(struct http_server *server, int socket, const struct sockaddr *address,
		      socklen_t size);

/* To be called before an end: waiting clients get their answers, within 0.2 s in all. A mail server
 * that gets no answer asks nothing for a while. */
void http_server_finish(struct http_server *server);

/* Every second: ends connections that take too long. */
void http_server_tick(struct http_server *server);

/* Marks the connection as one that may stay, and that has asked now. */
void http_server_trust(struct MHD_Connection *connection);

/* Ends every connection: clients that ask again connect anew, to the process that answers then. */
void http_server_let_go(struct http_server *server);

/* How many connections were ended since the server began, as too slow or to make room. */
uint64_t http_server_ended(const struct http_server *server);

#endif
