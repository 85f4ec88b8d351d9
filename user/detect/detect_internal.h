/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's state, for detect.c, decisions.c and detect_look.c. Not for rules. */
#ifndef SEKISHO_DETECT_INTERNAL_H
#define SEKISHO_DETECT_INTERNAL_H

#include "detect/ban_history.h"
#include "detect/detect.h"
#include "detect/rule.h"
#include "detect/senders.h"
#include "detect/summing.h"

#define DETECT_RULE_TYPES 13

struct detect {
	struct detect_settings settings;
	void *states[DETECT_RULE_TYPES]; /* NULL while the rule is off */
	struct accounts *accounts;
	struct ban_history *ban_history;
	struct strangers *strangers;
	struct senders *senders;
	struct summing *summing;
	struct remote_logins *remote[SIGHTS]; /* NULL for SIGHT_KNOWN */
	struct server_state server;
	struct detect_habit habit; /* of the server */
	int64_t last_wall_ns;	   /* for events without a time of their own */
	uint64_t forgotten;	   /* by rules that found no memory, or were switched off */
	bool recalling;		   /* the event was before a restart */
	decision_take *take;	   /* while an event is looked at */
	void *context;
};

#endif
