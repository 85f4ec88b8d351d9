/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decisions of a CrowdSec ([list NAME] crowdsec), from its local API's stream: first all of
 * them, then the changes. The list's file has the decisions taken so far, each entry with its end
 * (END|ADDRESS|*|in|0|crowdsec, a line of csf.tempban). Not here: the transfer.
 */
#ifndef SEKISHO_FEED_CROWDSEC_H
#define SEKISHO_FEED_CROWDSEC_H

#include "base/fault.h"
#include "conf/config.h"

#define CROWDSEC_MOST 500000 /* entries of one list */
#define CROWDSEC_WHOLE_S                                                         \
	86400 /* how long changes are added to what is there before all is asked \
	       * for again */

/* Whether all decisions are to be asked for: there are none yet, they are a day old (`now_s` since
 * 1970), or the answer to the last question did not arrive, as the other side tells a change once.
 * Notes that the question is asked now; crowdsec_apply() removes the note. */
bool crowdsec_begin(const struct config *config, const struct config_list *list, int64_t now_s);
void crowdsec_end(const struct config *config, const struct config_list *list);

/* The question's URL. malloc()ed; NULL: no memory. */
char *crowdsec_url(const char *base, bool whole);

/* Replaces the answer in the file `path`, open as `fd`, by the list with the answer's changes: bans
 * of addresses and ranges. It starts from the last list, or from an empty one if `whole`. -EBADMSG:
 * no answer of a LAPI; -EFBIG: more than CROWDSEC_MOST; -ENOMEM; -errno of the files. */
int crowdsec_apply(const struct config_list *list, const char *path, int fd, bool whole,
		   int64_t now_s, struct fault *fault);

#endif
