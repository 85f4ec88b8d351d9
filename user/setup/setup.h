/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a first configuration of this machine should say: found by one function, written as text by
 * another. Not here: what to ask the administrator, and where the file goes (cmd/cmd_setup.c).
 */
#ifndef SEKISHO_SETUP_H
#define SEKISHO_SETUP_H

#include <net/if.h>
#include <stdio.h>
#include "base/fault.h"
#include "net/address.h"

#define SETUP_LOGS_MAX	   16
#define SETUP_DEVICES_MAX  16
#define SETUP_SESSIONS_MAX 16

enum setup_log_kind { SETUP_FILE = 0, SETUP_JOURNAL, SETUP_DOCKER };

struct setup_log {
	enum setup_log_kind kind;
	char name[32];		/* of its section */
	char what[512];		/* the file, the units, or the container's name */
	uint64_t lines, events; /* of its end: what the parser read, and understood */
};

struct setup {
	struct setup_log logs[SETUP_LOGS_MAX];
	size_t log_count;
	char stale[512]; /* a log that nobody has written to for 30 days, and so is left out; ""
			    none */
	/* Devices that are up, where none has a default route: "auto" would guard nothing. */
	char devices[SETUP_DEVICES_MAX][IF_NAMESIZE];
	size_t device_count;
	struct prefix sessions[SETUP_SESSIONS_MAX]; /* where login sessions come from */
	size_t session_count;
	char home[3], zone[64]; /* the country of the machine's time zone; "" not known */
	char mail_to[128];	/* for alerts; "" nobody */
	bool has_alert_socket;	/* sekisho-alert.socket is at work */
	bool has_countries;	/* there is country data */
	/* The configuration that is there says them already, and is not to be replaced key by key. */
	bool says_devices, says_never_ban, says_logs, says_alert, enforces;
};

/* Fills *setup: logs, the journal's units, containers, devices, sessions, zone. `root` is the
 * folder under which files are looked for ("" for this machine; with another the journal, devices
 * and sessions, which are this machine's, are not). home and mail_to are left as they are when they
 * are set. -ENOMEM, -errno. */
int setup_find(const char *root, int64_t now_wall_ns, struct setup *setup, struct fault *fault);

/* setup_find()'s logs (setup_logs.c). */
int setup_find_logs(const char *root, int64_t now_wall_ns, struct setup *setup);

/* The country of a time zone by the table zone.tab of tzdata: "Asia/Tokyo" -> "JP". False: none. */
bool setup_zone_country(FILE *table, const char *zone, char country[3]);

/* The configuration, with what was found and why as comments. Pure. */
void setup_write(FILE *out, const struct setup *setup);

/* What else is to be done, a numbered list. `path` is the file. Pure. */
void setup_next(FILE *out, const struct setup *setup, const char *path);

#endif
