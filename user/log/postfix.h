/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files that read Postfix's lines. The address is in the first [...], behind a host
 * name whose characters Postfix has checked; the client's text is behind it. */
#ifndef SEKISHO_LOG_POSTFIX_H
#define SEKISHO_LOG_POSTFIX_H

#include "log/format.h"

struct client {
	bool has_address; /* not "unknown[unknown]" */
	struct address address;
};

/* Reads "host[192.0.2.5]" or "host[192.0.2.5]:port"; moves behind it. */
bool postfix_read_client(struct span *text, struct client *client);

/* Sets the event's source; none if the address is not known. */
void postfix_set_client(struct parsed_line *parsed, const struct client *client);

/* Each fills *parsed with EVENT_ABUSE; false: nothing that a rule wants. Their texts, in order:
 * behind "too many errors after "; behind "improper " or "non-SMTP "; behind "reject: "; cleanup's,
 * behind the queue id; postscreen's. */
bool postfix_read_errors(struct span text, struct parsed_line *parsed);
bool postfix_read_protocol(struct span text, struct parsed_line *parsed);
bool postfix_read_reject(struct span text, struct parsed_line *parsed);
bool postfix_read_filtered(struct span text, struct parsed_line *parsed);
bool postfix_read_postscreen(struct span text, struct parsed_line *parsed);

#endif
