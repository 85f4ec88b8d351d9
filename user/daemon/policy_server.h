/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers questions of mail servers ([policy]): of Dovecot over HTTP (policy_http.c), of Postfix
 * and Exim by lines (policy_lines.c); the answers are made in policy_answer.c. Everything is in the
 * daemon's own loop: an answer takes microseconds, and the rules' state is there. Not here: how
 * requests are written (user/policy/).
 */
#ifndef SEKISHO_POLICY_SERVER_H
#define SEKISHO_POLICY_SERVER_H

#include "daemon/daemon.h"
#include "daemon/http_server.h"
#include "policy/api_keys.h"
#include "policy/ask.h"
#include "policy/digest_width.h"

struct policy_lines;

/* A socket, and when to try it again if it is not open, as with that of the metrics. */
struct policy_socket {
	struct config_listen where; /* a copy; its path is owned */
	char *own_path;		    /* to be unlinked; NULL: none */
	unsigned wait_s;	    /* until the next try; 0: none is due */
	uint64_t due_boot_ns;
};

struct policy_server {
	struct daemon *daemon;
	struct policy policy; /* the gate's ports, services and countries */
	struct api_keys keys;
	struct policy_socket dovecot, postfix;
	struct http_server *http;   /* NULL: closed */
	struct policy_lines *lines; /* NULL: closed */
	uint64_t http_ended;	    /* http_server_ended(), when it was last counted */
	struct MHD_Response *pass, *refuse, *bad;
	struct digest_width digests; /* of those that Dovecot sends */
};

/* ---- policy_server.c ---- */

/* Opens the sockets of [policy] that are on. A failure is logged, and the opening tried again. */
void policy_open(struct daemon *daemon);
/* To be called with a new configuration: sockets that have not moved go on, with their
 * connections. */
void policy_reload(struct daemon *daemon);
void policy_close(struct daemon *daemon);
/* To be called before the rest of the daemon ends: answers Dovecot's waiting questions, also those
 * that came while the daemon hung. */
void policy_finish(struct daemon *daemon);
/* Whether requests may come; log portions are short then. */
bool policy_is_on(const struct daemon *daemon);
void policy_fill_status(const struct daemon *daemon, struct daemon_policy *status);

/* ---- policy_answer.c ---- */

/* Whether Dovecot is to refuse the login. */
bool policy_answer_login(struct policy_server *server, const struct policy_login *login);
/* Takes the report of a login's end: an event, unless the log told it first. */
void policy_answer_report(struct policy_server *server, const struct policy_login *login);
/* The action for Postfix, "DUNNO", without the newlines around it. */
#define POLICY_ACTION_SIZE 256
void policy_answer_mail(struct policy_server *server, const struct policy_mail *mail,
			uint16_t server_port, char action[POLICY_ACTION_SIZE]);

/* ---- policy_http.c ---- */

/* Answers on the listening `socket`, which belongs to the server from now on, whatever is returned.
 * Errors of http_server_open(); -ENOMEM. policy_http_close() closes all connections; it may be
 * called without policy_http_open(). */
int policy_http_open(struct policy_server *server, int socket, struct fault *fault);
void policy_http_close(struct policy_server *server);

/* The next four are for both that answer Dovecot, the daemon and its stand-in. */
#define POLICY_HTTP_PASS "{\"status\":0,\"msg\":\"\"}"
/* `text` must live as long; NULL: out of memory. */
struct MHD_Response *policy_http_response(const char *text);
void policy_http_response_free(struct MHD_Response **response);
/* The body's size in bytes according to the request's head; the largest allowed one if the head
 * does not say it. */
size_t policy_http_length(struct MHD_Connection *connection);
/* http_server_open(), with the bounds for Dovecot's connections; `socket` may be -1 here, too.
 * `completed` may be NULL. */
int policy_http_serve(struct loop *loop, int socket, MHD_AccessHandlerCallback answer,
		      MHD_RequestCompletedCallback completed, void *context,
		      struct http_server **http, struct fault *fault);

/* ---- policy_lines.c ---- */

/* `local`: a Unix socket, of whose peers the user is checked. */
int policy_lines_open(struct policy_server *server, int socket, bool local, struct fault *fault);
void policy_lines_close(struct policy_server *server);
void policy_lines_tick(struct policy_server *server); /* every second */

#endif
