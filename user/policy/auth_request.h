/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the requests of Dovecot's auth-policy: the body of a POST, JSON. Pure. */
#ifndef SEKISHO_POLICY_AUTH_REQUEST_H
#define SEKISHO_POLICY_AUTH_REQUEST_H

#include "policy/ask.h"

#define AUTH_REQUEST_MAX (16U << 10) /* bytes of a body; Dovecot's are below 2 KiB */

/* Reads the body of a question ("command=allow") or of a report into *login; `wall_ns` is now.
 * False: it is no JSON object, or has none of Dovecot's members. The body may be any bytes. Values
 * that are not understood are left out: a malformed address, a digest that is no hexadecimal
 * number. */
bool auth_request_read(const char *body, size_t size, int64_t wall_ns, struct policy_login *login);

/* The service of a protocol's name as Dovecot writes it: "imap", "pop3", "submission", "sieve",
 * "managesieve". Through Postfix or Exim it is "smtp", which does not name the port:
 * EVENT_SERVICE_UNKNOWN, as for all other names. */
enum event_service auth_request_service(const char *name);

#endif
