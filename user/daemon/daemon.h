/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon: logs -> events -> decisions -> bans, and devices as they come and go. One struct, one
 * file per thing it looks after. Not here: how any of it works.
 */
#ifndef SEKISHO_DAEMON_H
#define SEKISHO_DAEMON_H

#include "alert/alert.h"
#include "daemon/loop.h"
#include "daemon/outflow.h"
#include "daemon/together.h"
#include "detect/detect.h"
#include "enforce/bans.h"
#include "enforce/instance.h"
#include "enforce/start.h"
#include "log/follow.h"
#include "log/parse.h"
#include "net/devices.h"
#include "show/daemon_status.h"

#define EVIDENCE_RING 32768 /* event lines remembered until a rule may want them */
#define EVIDENCE_TEXT 512   /* bytes kept of each */
#define TROUBLES_MAX  256   /* accounts in trouble that are shown; more are guarded all the same */

struct daemon;
struct keep;
struct metrics;
struct refresh;
struct minute;
struct troubles;

struct log_source {
	struct daemon *daemon;
	struct config_log config; /* file is owned */
	struct follow *follow;	  /* NULL while it cannot be opened */
	struct log_parser *parser;
	struct follow_position saved, saving; /* in the store; in its open transaction */
	uint64_t recall_bytes;		      /* before its position, still to be read again */
	uint64_t events;
	char fault[256]; /* the one said last, so that it is said once */
};

/* The line of an event. */
struct remembered {
	char *line; /* NULL: none */
	int64_t wall_ns;
	bool has_source;
	struct prefix source;
};

/* Catching up with what was written while nobody read. */
struct progress {
	bool behind;
	uint64_t read; /* bytes, when it began */
	uint64_t began_ns, next_ns;
};

struct daemon {
	const char *config_path;
	bool verbose;
	struct instance instance;
	struct loop *loop;
	struct device_watch *devices;
	struct gate_over *over;
	uint64_t over_closed; /* connections closed because they were beyond a limit */
	uint64_t over_said_boot_ns;
	struct attachment *attachments; /* START_DEVICES */
	size_t attachment_count;
	struct detect *detect;
	struct protected_set protected;
	uint64_t protected_boot_ns; /* when that was read; 0: not yet */
	struct log_source *logs;
	size_t log_count;
	struct remembered *evidence; /* ring of EVIDENCE_RING, by tag */
	uint64_t next_tag;
	uint64_t events[EVENT_KIND_COUNT];
	uint64_t decisions, bans, alerts_raised;
	uint64_t given_up; /* patterns_given_up() when it was last told */
	struct alerts *alerts;
	struct notes *notes;	      /* memory.c: what is to be written down */
	bool together;		      /* together.c: its transaction is open */
	bool together_failed;	      /* and that was said */
	struct store_sync *sync;      /* NULL: the loop itself waits for the disk */
	bool unsynced;		      /* bans were written since the disk was last waited for */
	struct gate_table_view table; /* memory.c: of countries */
	struct troubles *troubles;    /* owned; NULL: none yet */
	int64_t started_wall_ns, since_wall_ns;
	struct fault last_fault;
	int64_t last_fault_wall_ns, last_fault_said_wall_ns;
	unsigned sweeps_missed;	    /* in a row, for want of the lock */
	uint64_t behind_generation; /* of the store, when the kernel's table was last seen older */
	struct outflow_watch outflow;
	struct progress progress;
	bool recalling; /* logs.c: lines of before the start are fed, without consequences */
	bool on_terminal;
	struct keep *keep;	  /* keep.c: bans and store */
	struct refresh *refresh;  /* refresh.c: NULL unless it is at work */
	struct config *reloading; /* what is to be the configuration once lists are read */
	bool reload_again;	  /* asked for meanwhile */
	struct minute *minute;	  /* owned */
	bool metrics_ticks;	  /* its timer runs, for as long as the loop */
	struct metrics *metrics;  /* NULL: [metrics] listen is off, or could not be opened */
	unsigned metrics_wait_s;  /* until the next try; 0: none is due */
	uint64_t metrics_due_boot_ns;
};

/* The last fault, for `status`, and on standard error. */
void daemon_fault(struct daemon *daemon, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- logs.c ---- */
int logs_open(struct daemon *daemon, struct fault *fault); /* -ENOMEM; bad logs are said */
void logs_close(struct daemon *daemon);
void logs_retry(struct daemon *daemon);	      /* those that could not be opened */
bool logs_moved(const struct daemon *daemon); /* lines were read since the positions were saved */
/* Positions into the store: those that moved, or all. They count as saved by logs_saved(). */
int logs_save(struct daemon *daemon, bool all, struct fault *fault);
void logs_saved(struct daemon *daemon, bool done);
size_t logs_following(const struct daemon *daemon);

/* ---- progress.c ---- */
/* Says how far the reading of the logs is, if it is far behind; often enough and no more. */
void progress_tell(struct daemon *daemon);

/* ---- decide.c ---- */
void decide_event(struct daemon *daemon, struct event *event, const char *line, size_t size);
/* The line of a tag, or NULL when others have taken its place. */
const struct remembered *decide_remembered(const struct daemon *daemon, uint64_t tag);
/* Those lines of a decision that are still remembered (DECISION_EVIDENCE_MAX at most). */
size_t decide_evidence(const struct daemon *daemon, const struct decision *decision,
		       struct store_evidence *evidence);

/* ---- memory.c ---- */
int memory_open(struct daemon *daemon, struct fault *fault); /* makes daemon->detect; -ENOMEM */
void memory_close(struct daemon *daemon);
/* The rules' settings, with the functions that the daemon gives them. */
void memory_settings(struct daemon *daemon, const struct config *config,
		     struct detect_settings *settings);
void memory_note_ban(struct daemon *daemon, const struct decision *decision);
bool memory_noted(const struct daemon *daemon);
/* What is noted, into the store; it is forgotten by memory_written(). */
int memory_write(struct daemon *daemon, struct fault *fault);
void memory_written(struct daemon *daemon);

/* ---- troubles.c ---- */
/* An account is in trouble (detect.h); told by memory.c. */
void troubles_note(struct daemon *daemon, const char *account, enum ban_rule rule,
		   int64_t last_wall_ns);
/* Those that still are, the latest first, TROUBLES_MAX at most; valid until the next note. */
size_t troubles_list(struct daemon *daemon, int64_t now_wall_ns,
		     const struct daemon_account **accounts);

/* ---- alerting.c ---- */
int alerting_open(struct daemon *daemon, struct fault *fault);
void alerting_reload(struct daemon *daemon);
void alerting_raise(struct daemon *daemon, const struct decision *decision);

/* ---- guard.c ---- */
int guard_open(struct daemon *daemon, struct fault *fault);
void guard_attach(struct daemon *daemon); /* says what has changed */

/* ---- limits.c ---- */
int limits_open(struct daemon *daemon, struct fault *fault);
void limits_sweep(struct daemon *daemon); /* idle meters */

/* ---- minute.c ---- */
int minute_begin(struct daemon *daemon, struct fault *fault);

/* ---- metrics.c ---- */
/* [metrics] listen, if it is not off. What cannot be opened is said and tried again, after a second
 * at first and a minute at last; the daemon goes on meanwhile. */
void metrics_open(struct daemon *daemon);
void metrics_close(struct daemon *daemon);

/* ---- report.c ---- */
void report_write(struct daemon *daemon);    /* the status file */
void report_terminal(struct daemon *daemon); /* the status line */

#endif
