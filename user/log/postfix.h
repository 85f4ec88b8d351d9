/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files that read Postfix's lines. The address is in the first [...], behind a host
 * name that Postfix has checked for its characters; what a client said is behind it. */
#ifndef SEKISHO_LOG_POSTFIX_H
#define SEKISHO_LOG_POSTFIX_H

#include "log/format.h"

struct client {
	bool has_address; /* not "unknown[unknown]" */
	struct address address;
};

/* "host[192.0.2.5]" or "host[192.0.2.5]:port"; moves behind it. */
bool postfix_read_client(struct span *text, struct client *client);

/* The event's source; none where the address is not known. */
void postfix_set_client(struct parsed_line *parsed, const struct client *client);

/* Each fills *parsed with EVENT_ABUSE; false: nothing that a rule wants. Text: behind "too many
 * errors after "; behind "improper " or "non-SMTP "; behind "reject: "; of cleanup,
 * behind the queue id; of postscreen. */
bool postfix_read_errors(struct span text, struct parsed_line *parsed);
bool postfix_read_protocol(struct span text, struct parsed_line *parsed);
bool postfix_read_reject(struct span text, struct parsed_line *parsed);
bool postfix_read_filtered(struct span text, struct parsed_line *parsed);
bool postfix_read_postscreen(struct span text, struct parsed_line *parsed);

#endif
