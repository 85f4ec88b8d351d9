/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon: logs -> events -> decisions -> bans, and devices as they come and go. It has one
 * struct, and one file for each of its tasks. Not here: how any of them works.
 */
#ifndef SEKISHO_DAEMON_H
#define SEKISHO_DAEMON_H

#include "alert/alert.h"
#include "daemon/loop.h"
#include "daemon/outflow_watch.h"
#include "daemon/server_socket.h"
#include "daemon/commit.h"
#include "detect/detect.h"
#include "enforce/bans.h"
#include "enforce/instance.h"
#include "enforce/start.h"
#include "log/drift.h"
#include "log/expand.h"
#include "log/follow.h"
#include "log/line_event.h"
#include "log/parse.h"
#include "net/devices.h"
#include "policy/counts.h"
#include "show/daemon_status.h"

#define EVIDENCE_RING 32768 /* event lines remembered until a rule may want them */
#define EVIDENCE_TEXT 512   /* bytes kept of each */
#define INCIDENTS_MAX 256   /* accounts with incidents that are shown; the rules know more */

struct daemon;
struct ban_queue;
struct fleet_link;
struct metrics;
struct judge;
struct refresh;
struct rate_sampler;
struct past;
struct refused;
struct policy_server;
struct providers;
struct incidents;

struct log_source {
	struct daemon *daemon;
	struct config_log config;	 /* its file and zone are the configuration's */
	char *file;			 /* owned; for a pattern, one of the files that match */
	char container[EXPAND_NAME_MAX]; /* "": of none */
	bool matched;			 /* a pattern matched it at the last look for files */
	struct follow *follow;		 /* NULL while it cannot be opened */
	struct log_parser *parser;
	struct line_event line_event; /* of the last line that had one; log_parser_read() needs it */
	struct follow_position saved, saving; /* in the store; in its open transaction */
	uint64_t recall_bytes;		      /* before its position, still to be read again */
	uint64_t events;
	uint64_t portion_end_ns; /* boot clock */
	bool more;		 /* there was more to read after the last portion */
	bool held_up;		 /* by ban_queue_is_crowded() */
	bool at_end;		 /* everything that was written had been read */
	bool live;		 /* at_end was true: the lines read now were written just now */
	char fault[256];	 /* the last one that was logged, so that it is logged once */
	struct drift drift;	 /* of its stamps against the clock */
	uint64_t timeless;	 /* events of patterns whose time was not understood */
};

/* The line of an event. */
struct remembered {
	char *line; /* NULL: none */
	int64_t wall_ns;
	bool has_source;
	struct prefix source;
};

/* Catching up with lines that were written while nobody read. */
struct progress {
	bool behind;
	uint64_t read; /* bytes read when it began */
	uint64_t began_ns, next_ns;
};

/* A sweep of ended bans; all zero: none is under way. */
struct sweep {
	struct gate_ban_sweep bans;
	bool kernel_done;
	uint64_t tried_boot_ns; /* when it last had the lock, or began */
};

struct daemon {
	const char *config_path;
	bool verbose;
	struct instance instance;
	struct loop *loop;
	struct device_watch *devices;
	struct gate_over *over;
	uint64_t over_closed; /* connections closed because they were beyond a limit */
	uint64_t over_lost;   /* gate_over_lost() at the last look */
	uint64_t over_said_boot_ns, lost_said_boot_ns, left_said_boot_ns, corrected_said_boot_ns;
	uint64_t look_due_boot_ns; /* limits.c: the earliest time for the next look at sockets */
	struct guard *guard;	   /* guard.c */
	struct attachment *attachments; /* START_DEVICES */
	size_t attachment_count;
	char unseen[128]; /* handshakes without attempts (guard_traffic.c); "": none */
	struct detect *detect;
	struct providers *providers; /* NULL: no data */
	struct protected_set protected;
	uint64_t protected_boot_ns; /* when `protected` was read; 0: not yet */
	struct log_source **logs;   /* owned, each */
	struct joining *joining;    /* for all logs together, as all are this server's */
	size_t log_count;
	unsigned log_ticks;	     /* seconds since patterns were looked at */
	struct remembered *evidence; /* ring of EVIDENCE_RING, by tag */
	uint64_t last_tag;
	uint64_t events[EVENT_KIND_COUNT];
	uint64_t decisions, bans, alerts_raised;
	uint64_t reported;	  /* bans and alerts that the status file has */
	int64_t last_ban_wall_ns; /* 0: none */
	uint64_t given_up;	  /* patterns_given_up() when it was last logged */
	struct alerts *alerts;
	struct notes *notes; /* detect_store.c: what is to be written to the store */
	bool recall_failed;  /* a recall from the store failed, and that was logged */
	const struct commit_part *const *commit_parts; /* NULL behind the last */
	void (*report)(void *daemon);		       /* writes the status file now */
	bool committing;			       /* commit.c: its transaction is open */
	bool commit_failed;			       /* a commit failed, and that was logged */
	struct store_sync *sync; /* NULL: the loop itself waits for the disk */
	uint64_t behind_boot_ns; /* since when lines wait for the store's log; 0: they do not */
	bool resumes;		 /* a timer will ring for waiting lines */
	bool unsynced;		 /* bans were written after the last wait for the disk */
	struct gate_table_view table; /* detect_store.c: for countries */
	struct incidents *incidents;  /* owned; NULL: none yet */
	int64_t order_id;	      /* account_orders.c: the last one that was carried out */
	bool first_start;	      /* of this installation, which has learned nothing yet */
	int64_t begun_wall_ns;	      /* of this installation: detect_store_begin(); 0: not known */
	int64_t started_wall_ns, since_wall_ns;
	struct fault last_fault;
	int64_t last_fault_wall_ns, last_fault_said_wall_ns;
	struct sweep sweep;	    /* sweep.c */
	uint64_t behind_generation; /* of the store, when the kernel's table was last seen older */
	struct outflow_watch outflow;
	struct {
		bool runs;
		uint64_t failed; /* alerts that failed before it */
	} alert_test;		 /* alert_test.c */
	struct progress progress;
	bool recalling; /* logs.c: lines from before the start are fed, without consequences */
	bool late;	/* log_source.c: the lines fed now may have been written long ago */
	bool on_terminal;
	struct ban_queue *ban_queue; /* ban_queue.c: bans and store */
	struct refresh *refresh;     /* refresh.c: NULL unless it is at work */
	struct config *reloading;    /* the configuration that applies once lists are read */
	bool reload_again;	     /* a reload was asked for meanwhile */
	/* list_files_watch.c: the files of lists and countries as last seen, and as last read. */
	uint64_t sources_seen, sources_read;
	/* list_files_watch.c: when the next entry ends (lists/ends.h), for this generation of the
	 * store. */
	uint64_t ends_generation;
	int64_t lists_end_s;
	struct rate_sampler *rate_sampler; /* owned */
	struct past *past;		   /* past.c; owned */
	struct refused *refused;	   /* refusals.c; owned; NULL: not begun */
	struct passed_sockets passed;	   /* by the service manager */
	bool metrics_ticks;		   /* the timer of the metrics runs, as long as the loop */
	struct judge *judge;		   /* NULL: [policy] is off; see judge_store.h */
	struct metrics *metrics; /* NULL: [metrics] listen is off, or could not be opened */
	unsigned metrics_wait_s; /* until the next try; 0: none is due */
	uint64_t metrics_due_boot_ns;
	struct policy_server *policy; /* NULL: [policy] is off */
	bool policy_ticks;
	struct policy_counts policy_counts; /* since the start */
	struct fleet_link *fleet;	    /* fleet_link.c; NULL: there is no [fleet] */
	bool fleet_ticks;
};

/* ---- daemon.c ---- */
struct daemon_lock;
/* Opens all parts of the daemon, in order: the configuration and the store, its locks, the gate,
 * the rules, the logs and the sockets. `daemon` has config_path, verbose, on_terminal,
 * started_wall_ns and passed; `lock` is held until the caller's daemon_unlock(). After an error
 * daemon_stop() is to be called, too. */
int daemon_start(struct daemon *daemon, struct daemon_lock *lock, struct fault *fault);
/* Follows the logs until a signal ends it. */
int daemon_follow(struct daemon *daemon, struct fault *fault);
/* Writes what is still to be written and ends all parts except the instance, which is the
 * caller's. */
void daemon_stop(struct daemon *daemon);

/* daemon_fault.c: keeps the fault as the last one, for `status`, and logs it on standard error. */
void daemon_fault(struct daemon *daemon, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- logs.c ---- */
int logs_open(struct daemon *daemon, struct fault *fault); /* -ENOMEM; bad logs are reported */
/* To be called with a new configuration, while the old one still exists. Logs that both have go on
 * where they are, with their counts; the others are closed, or opened. -ENOMEM as logs_open(). */
int logs_reload(struct daemon *daemon, struct fault *fault);
void logs_close(struct daemon *daemon);
void logs_retry(struct daemon *daemon); /* logs that could not be opened */
/* Commits the logs' positions. `resumed` continues logs that ban_queue_is_crowded() held up. */
extern const struct commit_part logs_part;
size_t logs_following(const struct daemon *daemon);

/* ---- log_source.c ---- */
/* Adds a log, for a section and a file; -ENOMEM. `container` may be "". */
int log_source_add(struct daemon *daemon, const struct config_log *config, const char *file,
		   const char *container);
/* Gives the log its section of a new configuration, which names the same log. */
void log_source_configure(struct log_source *log, const struct config_log *config);
/* Frees daemon->logs[index]. The last log takes its place. */
void log_source_remove(struct daemon *daemon, size_t index);
/* Once a second: opens a log that could not be opened, or reads it unless its turn comes anyway. */
void log_source_retry(struct log_source *log);
/* Continues a log that was held up. */
void log_source_continue(struct log_source *log);

/* ---- log_matches.c ---- */
/* Opens files that the patterns of [log] match now, and closes files that are gone and read to
 * their end. */
void log_matches_look(struct daemon *daemon);

/* ---- log_zone.c ---- */
/* Restores the offset that an earlier process noticed. */
void log_zone_restore(struct log_source *log);
/* Notes the time of an event that was read as soon as its line was written. */
void log_zone_note(struct log_source *log, struct event *event);

/* ---- progress.c ---- */
/* Logs how far the reading of the logs is, if it is far behind; not more often than useful. */
void progress_tell(struct daemon *daemon);

/* ---- feed_rules.c ---- */
/* An event of evidence_join(), or one that waited in daemon->joining. */
void rules_event(struct daemon *daemon, struct event *event);
/* Raises an alert of the policy server's judgement. */
void rules_notice(struct daemon *daemon, const struct decision *alert);
/* Raises alerts that were held to be summed up, once they are due and no event comes. */
void rules_say_held(struct daemon *daemon);
/* Tells the rules what another server saw of an account. */
void rules_remote(struct daemon *daemon, const char *account, const struct detect_remote *seen);

/* ---- evidence.c: the last EVIDENCE_RING lines ---- */
/* Keeps a copy of the line, cleaned and cut to EVIDENCE_TEXT. Returns its tag, for the rules. */
uint64_t evidence_keep(struct daemon *daemon, const char *line, size_t size);
/* joining_take() with daemon->joining. Keeps the line if its event is *event or may wait: events
 * that come from there, then or later, have the tag of their own line as their member `line`. For
 * kinds that are not shown it means nothing. */
bool evidence_join(struct daemon *daemon, struct line_event *line_event, const char *line,
		   size_t size, struct event *event);
/* Notes what its event says of the line. */
void evidence_describe(struct daemon *daemon, const struct event *event);
/* The line of a tag. NULL: another line has taken its place, or the tag is 0, which stands for what
 * the store has from before this start. */
const struct remembered *evidence_line(const struct daemon *daemon, uint64_t tag);
/* The lines of a decision that are still remembered (DECISION_EVIDENCE_MAX at most). */
size_t evidence_of(const struct daemon *daemon, const struct decision *decision,
		   struct store_evidence *evidence);
/* At the daemon's end. */
void evidence_free(struct daemon *daemon);

/* ---- unbannable.c ---- */
/* Reads daemon->protected anew; if that fails, the last one stays. False: there is none. */
bool unbannable_known(struct daemon *daemon);

/* ---- detect_store.c ---- */
/* Makes daemon->detect, with what the store has of an earlier one. -ENOMEM. */
int rules_open(struct daemon *daemon, struct fault *fault);
void rules_close(struct daemon *daemon);
/* Reads from the store since when there is a history, or writes it into a new store. The rules get
 * this time with their settings. */
void detect_store_begin(struct daemon *daemon);
/* The rules' settings, with the functions that the daemon gives them. */
void detect_store_settings(struct daemon *daemon, const struct config *config,
			   struct detect_settings *settings);
/* Reads [country] providers, at a start and at a reload. */
void detect_store_read_providers(struct daemon *daemon, const struct config *config);
void detect_store_note_ban(struct daemon *daemon, const struct decision *decision);
/* Notes that an order was carried out. */
void detect_store_note_order(struct daemon *daemon, const struct store_order_row *row);
bool detect_store_noted(const struct daemon *daemon); /* something is to be written */
extern const struct commit_part detect_store_part;

/* ---- incidents.c ---- */
/* Notes an incident of an account (detect.h); detect_store.c calls it. */
void incidents_note(struct daemon *daemon, const char *account, enum ban_rule rule,
		    int64_t last_wall_ns);
/* The accounts whose incident goes on, the latest first, INCIDENTS_MAX at most; valid until the
 * next note. */
size_t incidents_list(struct daemon *daemon, int64_t now_wall_ns,
		      const struct daemon_account **accounts);

/* ---- account_orders.c ---- */
/* Every second: carries out the orders that `sekisho account` left in the store. */
void account_orders_take(struct daemon *daemon);

/* ---- alerting.c ---- */
int alerting_open(struct daemon *daemon, struct fault *fault);
void alerting_reload(struct daemon *daemon);
void alerting_raise(struct daemon *daemon, const struct decision *decision);

/* ---- guard.c ---- */
int guard_open(struct daemon *daemon, struct fault *fault);
void guard_attach(struct daemon *daemon); /* logs what has changed */
void guard_sweep(struct daemon *daemon);  /* looks whether connections get past the gate */
void guard_close(struct daemon *daemon);

/* ---- limits.c ---- */
int limits_open(struct daemon *daemon, struct fault *fault);
int limits_reopen(struct daemon *daemon, struct fault *fault); /* after the gate was replaced */
void limits_sweep(struct daemon *daemon);		       /* open counts, and idle meters */

/* ---- rate_sampler.c ---- */
int rate_sampler_begin(struct daemon *daemon, struct fault *fault);

/* ---- past.c ---- */
int past_begin(struct daemon *daemon, struct fault *fault); /* -ENOMEM */
/* Every second: when a minute is over, or at the `last` call, its counts are due to be written. */
void past_tick(struct daemon *daemon, bool last);
/* Writes the counts that are due. */
extern const struct commit_part past_part;

/* ---- refusals.c: single sources that limits refused ---- */
int refusals_begin(struct daemon *daemon, struct fault *fault); /* -ENOMEM */
void refusals_end(struct daemon *daemon);
/* Calls gate_meter_sweep(), and notes what each meter refused. */
int refusals_sweep(struct daemon *daemon, uint64_t idle_ns, struct fault *fault);
/* Notes that a connection beyond a limit was closed. */
void refusals_closed(struct daemon *daemon, const struct over_limit *record);
/* Writes what was noted since the last time, for the minute that begins at `minute_s`. */
int refusals_write(struct daemon *daemon, int64_t minute_s, struct fault *fault);
void refusals_written(struct daemon *daemon);

/* ---- metrics.c ---- */
/* Opens [metrics] listen, if it is not off. A failure is logged, and the opening tried again, first
 * after a second, later after up to a minute; the daemon goes on meanwhile. */
void metrics_open(struct daemon *daemon);
void metrics_close(struct daemon *daemon);

/* ---- status_write.c ---- */
void status_write(struct daemon *daemon);	   /* the status file */
void status_write_terminal(struct daemon *daemon); /* the status line */

#endif
