// SPDX-License-Identifier: GPL-2.0-or-later
/* For builds whose hiredis has no TLS. */
#include "fleet/wire_tls.h"

#include <errno.h>
#include <poll.h>

bool wire_tls_has(void)
{
	return false;
}

int wire_tls_new(const char *ca_file, struct wire_tls **tls, struct fault *fault)
{
	(void)ca_file;
	(void)tls;
	return fault_set(fault, -ENOTSUP,
			 "'tls = yes' needs a build with hiredis_ssl, which this one is not; "
			 "put stunnel between, or use a Unix socket or a VPN, and leave "
			 "'tls' away");
}

void wire_tls_free(struct wire_tls *tls)
{
	(void)tls;
}

struct wire_tls_session *wire_tls_begin(struct wire_tls *tls, redisContext *context,
					const char *name, char *fault)
{
	(void)tls;
	(void)context;
	(void)name;
	*fault = '\0';
	return NULL;
}

enum wire_tls_state wire_tls_go_on(struct wire_tls_session *session, char *fault)
{
	(void)session;
	*fault = '\0';
	return WIRE_TLS_FAILED;
}

short wire_tls_events(const struct wire_tls_session *session)
{
	(void)session;
	return POLLIN;
}
