/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A first configuration of this machine: one function finds its contents, another writes it as
 * text. Not here: what to ask the administrator, and where the file goes (cmd/cmd_setup.c).
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
	uint64_t lines, events; /* at its end: lines that the parser read, events that it found */
};

struct setup {
	struct setup_log logs[SETUP_LOGS_MAX];
	size_t log_count;
	char stale[512]; /* a log to which nobody has written for 30 days, so it is left out; "":
			    none */
	/* Devices that are up, if none has a default route: "auto" would guard nothing. */
	char devices[SETUP_DEVICES_MAX][IF_NAMESIZE];
	size_t device_count;
	struct prefix sessions[SETUP_SESSIONS_MAX]; /* where login sessions come from */
	size_t session_count;
	char home[3], zone[64]; /* the country of the machine's time zone; "": not known */
	char mail_to[128];	/* for alerts; "": nobody */
	bool has_alert_socket;	/* sekisho-alert.socket is at work */
	bool has_countries;	/* there is country data */
	/* The present configuration has these already; they must not be replaced key by key. */
	bool says_devices, says_never_ban, says_logs, says_alert, enforces;
};

/* Fills *setup: logs, the journal's units, containers, devices, sessions, zone. Looks for files
 * under the folder `root`, "" for this machine; with another folder it leaves out the journal,
 * devices and sessions, as these are this machine's. home and mail_to stay if they are set.
 * -ENOMEM, -errno. */
int setup_find(const char *root, int64_t now_wall_ns, struct setup *setup, struct fault *fault);

/* setup_find()'s logs (setup_logs.c). */
int setup_find_logs(const char *root, int64_t now_wall_ns, struct setup *setup);

/* The country of a time zone by the table zone.tab of tzdata: "Asia/Tokyo" -> "JP". False: none. */
bool setup_zone_country(FILE *table, const char *zone, char country[3]);

/* Writes the configuration, with comments on what was found and why. Pure. */
void setup_write(FILE *out, const struct setup *setup);

/* Writes a numbered list of the next steps. `path` is the file. Pure. */
void setup_next(FILE *out, const struct setup *setup, const char *path);

#endif
