/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS around a connection to the engine, by OpenSSL below hiredis: the engine's certificate must be
 * of a known authority, valid now, and for the name. If hiredis has no TLS (0.14, of Debian 12) the
 * build has no TLS either (wire_tls_none.c). Private to engine_wire_hiredis.c and engine_hiredis.c.
 */
#ifndef SEKISHO_WIRE_TLS_H
#define SEKISHO_WIRE_TLS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

#include "base/fault.h"

#define WIRE_TLS_FAULT_SIZE 160

struct wire_tls; /* whom to believe; of all connections */
struct wire_tls_session;

enum wire_tls_state { WIRE_TLS_WAITS, WIRE_TLS_STANDS, WIRE_TLS_FAILED };

/* Whether this build has TLS. */
bool wire_tls_has(void);
/* `ca_file`: file of trusted CAs; NULL: the system's. -ENOTSUP, -ENOMEM, -EINVAL: the file has no
 * certificate; the fault says so. */
int wire_tls_new(const char *ca_file, struct wire_tls **tls, struct fault *fault);
void wire_tls_free(struct wire_tls *tls);

/* Begins TLS on an open connection; `name` is a host name or an address. The session belongs to
 * `context`, and ends with it. NULL: it failed; `fault` (WIRE_TLS_FAULT_SIZE bytes) says how. */
struct wire_tls_session *wire_tls_begin(struct wire_tls *tls, redisContext *context,
					const char *name, char *fault);
/* Continues as far as possible without waiting. Nothing else may be sent or read before
 * WIRE_TLS_STANDS. */
enum wire_tls_state wire_tls_go_on(struct wire_tls_session *session, char *fault);
/* What it waits for: POLLIN or POLLOUT. */
short wire_tls_events(const struct wire_tls_session *session);

#endif
