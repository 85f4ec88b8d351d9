/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Postfix's policy delegation sends (SMTPD_POLICY_README), and Exim by ${readsocket}: lines
 * NAME=VALUE, ended by an empty one. Pure. */
#ifndef SEKISHO_POLICY_DELEGATION_H
#define SEKISHO_POLICY_DELEGATION_H

#include "policy/ask.h"

#define DELEGATION_MAX (8U << 10) /* bytes of a request; Postfix's are below 2 KiB */

/* The bytes of the first whole request in `text`, its empty line included; 0: its end is still to
 * come. */
size_t delegation_size(const char *text, size_t size);

/* Reads one request, as delegation_size() has measured it. `wall_ns` is now. *server_port is the
 * port that the client connected to, 0 where it is not said. False: it is no request of this
 * protocol. Any bytes; of a name that is there twice the first counts. */
bool delegation_read(const char *text, size_t size, int64_t wall_ns, struct policy_mail *mail,
		     uint16_t *server_port);

#endif
