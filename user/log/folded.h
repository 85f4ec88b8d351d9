/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exim's reject log has the header of each message that it refused, as the sender wrote it. A
 * header may go on in a new line, which begins with a blank or a tab: all behind that is the
 * sender's text, and may look like a whole line of a mail server.
 */
#ifndef SEKISHO_LOG_FOLDED_H
#define SEKISHO_LOG_FOLDED_H

#include "log/envelope.h"

struct folded {		 /* what the log's lines before had; all zero at first */
	bool unindented; /* a stamp that begins with no blank, in any month */
	bool single;	 /* one blank before the message of a container, or of Exim */
};

/* Whether the line may be such a text: it begins with a blank, and other lines of the log do not. */
bool folded_is_one(struct folded *folded, const struct envelope *envelope);

#endif
