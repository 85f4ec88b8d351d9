/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the requests of Postfix's policy delegation (SMTPD_POLICY_README), which Exim sends by
 * ${readsocket}: lines NAME=VALUE, ended by an empty one. Pure. */
#ifndef SEKISHO_POLICY_DELEGATION_H
#define SEKISHO_POLICY_DELEGATION_H

#include "policy/ask.h"

#define DELEGATION_MAX (8U << 10) /* bytes of a request; Postfix's are below 2 KiB */

/* The size in bytes of the first whole request in `text`, with its empty line; 0: its end is still
 * to come. */
size_t delegation_size(const char *text, size_t size);

/* Reads one request, as delegation_size() has measured it. `wall_ns` is now. *server_port is the
 * port that the client connected to, 0 if the request does not have it. False: it is no request of
 * this protocol. The text may be any bytes; if a name occurs twice, the first counts. */
bool delegation_read(const char *text, size_t size, int64_t wall_ns, struct policy_mail *mail,
		     uint16_t *server_port);

#endif
