/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's status file RUNTIME/status.json: `run` writes it, `status` and the metrics read it.
 * It is only for showing. Its schema: docs/json.md.
 */
#ifndef SEKISHO_DAEMON_STATUS_H
#define SEKISHO_DAEMON_STATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/fault.h"
#include "conf/config.h"
#include "detect/detect.h"
#include "kernel/attach.h"
#include "log/event.h"
#include "log/envelope.h"
#include "log/expand.h"
#include "log/follow.h"
#include "show/members.h"
#include "show/policy_status.h"

#define DAEMON_STATUS_FILE "status.json"
/* The daemon writes at least every DAEMON_STATUS_EVERY_S; one that has not for
 * DAEMON_STATUS_STALE_S hangs. */
#define DAEMON_STATUS_EVERY_S 10
#define DAEMON_STATUS_STALE_S 60

struct daemon_log {
	char name[CONFIG_NAME_SIZE];
	char path[512];			 /* a longer one is cut: it is only shown */
	char container[EXPAND_NAME_MAX]; /* "": it is no container's */
	char form[ENVELOPE_FORM_SIZE]; /* how its lines are written; "": nothing was understood yet */
	int64_t offset_s; /* by which its stamps differ from the clock, corrected; 0: they do not */
	struct follow_state state;
	uint64_t events;
	uint64_t timeless; /* events of patterns whose time was not understood */
};

/* An account with an incident: it is under siege, or in a spread. */
struct daemon_account {
	char account[EVENT_ACCOUNT_SIZE];
	enum ban_rule rule;
	int64_t last_wall_ns; /* the last event of the incident */
};

struct daemon_alerts {
	uint64_t raised;
	bool has_program;	   /* else the rest is zero */
	uint64_t running, waiting; /* programs now */
	uint64_t run, failed, dropped;
	uint64_t succeeded; /* since the last one failed or was dropped */
};

enum daemon_metrics { DAEMON_METRICS_OFF = 0, DAEMON_METRICS_OPEN, DAEMON_METRICS_CLOSED };

struct daemon_status {
	pid_t pid;
	uint64_t pid_start; /* start of that process in clock ticks since boot: pids are reused */
	uint64_t written_boot_ns; /* boot clock: setting the wall clock makes nothing stale */
	int64_t written_wall_ns;
	int64_t started_wall_ns;
	int64_t since_wall_ns;	 /* since when the present configuration holds: start or reload */
	struct fault last_fault; /* error == 0: none yet */
	int64_t last_fault_wall_ns;
	struct attachment *devices; /* that are to be guarded; owned as the logs */
	size_t device_count;
	const struct daemon_account *accounts; /* owned as the logs */
	size_t account_count;
	struct daemon_log *logs; /* owned when read; borrowed for writing */
	size_t log_count;
	uint64_t events[EVENT_KIND_COUNT];
	uint64_t decisions;
	uint64_t bans;		  /* that the daemon made */
	int64_t last_ban_wall_ns; /* when it made the last one; 0: none */
	struct detect_usage detect;
	struct daemon_alerts alerts;
	enum daemon_metrics metrics;
	struct daemon_policy policy;
	char unseen[128]; /* handshakes of which the gate saw no SYN; "" none */
};

/* The tables of struct daemon_status, daemon_log, daemon_alerts and detect_usage. Members that are
 * records themselves, lists or names of other enums are not in the tables. */
extern const struct member daemon_status_members[], daemon_log_members[];
extern const struct member daemon_alerts_members[], daemon_detect_members[];

/* The start of process `pid` in clock ticks since boot (proc(5), stat). -ESRCH: no such living
 * process. */
int process_start(pid_t pid, uint64_t *ticks);

/* Writes `directory`/status.json as a whole: a reader sees the old file or the new one. The caller
 * fills in everything, pid, pid_start and the times too. */
int daemon_status_write(const char *directory, const struct daemon_status *status,
			struct fault *fault);

/* Reads the file; the caller ends *status by daemon_status_free(). -ENOENT: there is none;
 * -EBADMSG: it is not of this form. */
int daemon_status_read(const char *directory, struct daemon_status **status, struct fault *fault);
void daemon_status_free(struct daemon_status *status);

enum daemon_state {
	DAEMON_NOT_RUNNING = 0, /* never ran, ended, or was killed */
	DAEMON_RUNNING,
	DAEMON_STALE, /* its process lives, and has not written for DAEMON_STATUS_STALE_S */
};

/* The `daemon` of `status --json`, a new reference: the file's object with "running" and "stale" in
 * front; null when `status` is NULL. NULL: out of memory. Pure. */
json_t *daemon_status_to_json(const struct daemon_status *status, enum daemon_state state);

/* "xdp", "tc", "generic". */
const char *hook_name(enum gate_hook hook);
/* The devices, in `status --json` and in the file; a new reference. NULL: out of memory. */
json_t *devices_to_json(const struct attachment *devices, size_t count);

/* `status` may be NULL: never ran. Asks the kernel for the process. */
enum daemon_state daemon_state(const struct daemon_status *status, uint64_t now_boot_ns);

#endif
