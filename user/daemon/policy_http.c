// SPDX-License-Identifier: GPL-2.0-or-later
/* Dovecot's auth-policy: POST /?command=allow and report, JSON, a key in a header. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "daemon/http_server.h"
#include "daemon/policy_server.h"
#include "policy/auth_request.h"

/* Dovecot's authentication server opens at most ten. The rest is room that others may fill, so that
 * a connection that has just come is not ended before its request arrives. */
#define CONNECTIONS_MAX	   512
#define CONNECTION_IDLE_S  300
#define CONNECTION_MOST_NS (2 * NS_PER_S) /* until its first request with a key is read */
#define CONNECTION_BYTES   (8U << 10)	  /* a head, and a piece of a body */
#define KEY_HEADER	   "X-API-Key"

#define REFUSE		   "{\"status\":-1,\"msg\":\"sekisho\"}"

struct request {
	bool report;
	size_t size, room;
	char body[];
};

struct MHD_Response *policy_http_response(const char *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);

	if (response)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
					      "application/json");
	return response;
}

static enum MHD_Result refuse_request(struct policy_server *server,
				      struct MHD_Connection *connection, unsigned status)
{
	struct policy_counts *counts = &server->daemon->policy_counts;

	if (status == MHD_HTTP_UNAUTHORIZED)
		counts->unauthorized++;
	else if (status == MHD_HTTP_CONTENT_TOO_LARGE)
		counts->oversized++;
	else
		counts->malformed++;
	return MHD_queue_response(connection, status, server->bad);
}

size_t policy_http_length(struct MHD_Connection *connection)
{
	const char *text = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_CONTENT_LENGTH);

	/* A chunked body may be as long as the limit. libmicrohttpd has checked the number. */
	return text ? strtoull(text, NULL, 10) : AUTH_REQUEST_MAX;
}

/* Called when the head has been read, and the body not. */
static enum MHD_Result begin(struct policy_server *server, struct MHD_Connection *connection,
			     const char *method, const char *url, void **state)
{
	const char *key = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, KEY_HEADER);
	const char *command =
		MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "command");
	size_t room = policy_http_length(connection);
	struct request *request;

	if (!key || !api_keys_match(&server->keys, key))
		return refuse_request(server, connection, MHD_HTTP_UNAUTHORIZED);
	http_server_trust(connection);
	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		return refuse_request(server, connection, MHD_HTTP_METHOD_NOT_ALLOWED);
	if (strcmp(url, "/") != 0 || !command ||
	    (strcmp(command, "allow") != 0 && strcmp(command, "report") != 0))
		return refuse_request(server, connection, MHD_HTTP_NOT_FOUND);
	if (room > AUTH_REQUEST_MAX)
		return refuse_request(server, connection, MHD_HTTP_CONTENT_TOO_LARGE);
	request = malloc(sizeof(*request) + room);
	if (!request)
		return MHD_NO;
	request->report = *command == 'r';
	request->size = 0;
	request->room = room;
	*state = request;
	return MHD_YES;
}

static enum MHD_Result finish(struct policy_server *server, struct MHD_Connection *connection,
			      const struct request *request)
{
	struct policy_counts *counts = &server->daemon->policy_counts;
	int64_t now = clock_wall_ns();
	struct policy_login login;
	bool refused = false;

	if (!auth_request_read(request->body, request->size, now, &login))
		return refuse_request(server, connection, MHD_HTTP_BAD_REQUEST);
	counts->dovecot_wall_ns = now;
	digest_width_see(&server->digests, &login);
	counts->hash_bits = digest_width_bits(&server->digests);
	counts->unnamed = login.secret == POLICY_SECRET_UNKNOWN;
	if (request->report)
		policy_answer_report(server, &login);
	else
		refused = policy_answer_login(server, &login);
	return MHD_queue_response(connection, MHD_HTTP_OK, refused ? server->refuse : server->pass);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **state)
{
	struct policy_server *server = context;
	struct request *request = *state;

	(void)version;
	if (!request)
		return begin(server, connection, method, url, state);
	if (!*upload_size)
		return finish(server, connection, request);
	if (*upload_size > request->room - request->size) { /* chunks; it is too late to answer */
		server->daemon->policy_counts.oversized++;
		return MHD_NO;
	}
	memcpy(request->body + request->size, upload, *upload_size);
	request->size += *upload_size;
	*upload_size = 0;
	return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	(void)context;
	(void)connection;
	(void)code;
	free(*state);
	*state = NULL;
}

int policy_http_serve(struct loop *loop, int socket, MHD_AccessHandlerCallback answer,
		      MHD_RequestCompletedCallback completed, void *context,
		      struct http_server **http, struct fault *fault)
{
	const struct http_server_options options = { .answer = answer,
						     .completed = completed,
						     .context = context,
						     .connections = CONNECTIONS_MAX,
						     .connection_bytes = CONNECTION_BYTES,
						     .idle_s = CONNECTION_IDLE_S,
						     .most_ns = CONNECTION_MOST_NS };

	return http_server_open(loop, socket, "[policy] dovecot", &options, http, fault);
}

int policy_http_open(struct policy_server *server, int socket, struct fault *fault)
{
	int err = policy_http_serve(server->daemon->loop, socket, on_request, on_completed, server,
				    &server->http, fault);

	if (err)
		return err;
	server->pass = policy_http_response(POLICY_HTTP_PASS);
	server->refuse = policy_http_response(REFUSE);
	server->bad = policy_http_response("{}");
	if (server->pass && server->refuse && server->bad)
		return 0;
	policy_http_close(server);
	return fault_set(fault, -ENOMEM, "out of memory");
}

void policy_http_response_free(struct MHD_Response **response)
{
	if (*response)
		MHD_destroy_response(*response);
	*response = NULL;
}

void policy_http_close(struct policy_server *server)
{
	http_server_close(server->http);
	server->http = NULL;
	server->http_ended = 0;
	policy_http_response_free(&server->pass);
	policy_http_response_free(&server->refuse);
	policy_http_response_free(&server->bad);
}
