/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks for what is wrong or risky on this machine: one function gathers facts, and pure checks
 * make findings of them. Each finding says what it means and what to do.
 */
#ifndef SEKISHO_DOCTOR_H
#define SEKISHO_DOCTOR_H

#include <stdio.h>
#include "enforce/instance.h"
#include "log/event.h"
#include "kernel/listeners.h"
#include "net/transforms.h"
#include "show/snapshot.h"

/* ---- facts ---- */

struct doctor_device {
	char name[IF_NAMESIZE];
	bool wanted, guarded;
	enum gate_hook hook;
	char why[256];	       /* why not native XDP, or why not guarded */
	char foreign[128];     /* the XDP program of another that is on it; "": none */
	char answers_why[160]; /* why SYNs are not answered with cookies although they should; "" */
	char open[256];	       /* why mail gets past the gate although it is guarded; "": none */
	char stray[192];       /* a program of another or a lost sekisho on it; "": none */
	char driver[32];       /* its name; "": not known */
	bool outflow;	       /* the outflow breaker is on its egress */
	char outflow_why[256];
	bool lro; /* large receive offload is on: most drivers then refuse native XDP */
	bool strips_vlan, has_vlan;
	unsigned mtu;
};

/* The last DOCTOR_LOG_BYTES of a file, or DOCTOR_LOG_ENTRIES of the journal, through the parser. */
#define DOCTOR_LOG_BYTES   (4U << 20)
#define DOCTOR_LOG_ENTRIES 20000U
struct doctor_log {
	char name[CONFIG_NAME_SIZE], path[512];
	bool journal;	 /* path names units of it (follow.h) */
	int error;	 /* of opening it; 0: read */
	char fault[256]; /* the journal's own words for `error` */
	int64_t modified_wall_ns;
	uint64_t lines, events[EVENT_KIND_COUNT];
	uint64_t failures_with_account;
	uint64_t logins; /* successes, and messages of an account that logged in to send them */
	uint64_t with_source; /* events */
	uint64_t top_count;   /* of these, events from `top` */
	struct address top;   /* the busiest local or private address */
	bool followed;	      /* by the running daemon */
	int64_t offset_s;     /* by which the daemon corrects its stamps; 0: none */
	uint64_t lag_bytes;
};

/* The counters' share of one source that no stranger can have. */
struct doctor_sources {
	bool known;
	uint64_t handshakes;	   /* of all sources that have a meter */
	uint64_t local_handshakes; /* of the busiest local or private one */
	struct prefix local;
};

/* The outflow breaker. */
struct doctor_outflow {
	bool known;
	enum outflow_state state;
	enum gate_mode mode;
	bool limited; /* it has a rate, or users who may send */
	struct outflow_trip trip;
	int64_t since_wall_ns;		    /* of the trip */
	char whose[OUTFLOW_NAME_SIZE * 2];  /* whose trip began first */
	char suspect[OUTFLOW_SUSPECT_TEXT]; /* the first one; "": none */
	uint64_t overflows;
};

/* A member with a fault. */
struct doctor_member {
	char name[CONFIG_NAME_SIZE];
	bool suspended, revoked;
	uint64_t refused;  /* batches */
	uint64_t too_much; /* statements beyond what a member may make */
	int64_t lag_ms;	   /* difference of its clock, if it is too large to be accepted; else 0 */
};

#define DOCTOR_MEMBERS_MOST 16
struct doctor_fleet {
	bool wanted;		     /* the configuration has [fleet] */
	bool runs;		     /* its process runs; only then the other members count */
	bool has_engine, has_daemon; /* it is connected to them */
	char fault[200];	     /* the last fault, in the engine's words */
	struct doctor_member members[DOCTOR_MEMBERS_MOST]; /* the first ones */
	size_t member_count;
};

/* A file of accounts that the lock unit, or an administrator, has locked. */
struct doctor_locked {
	char path[128];
	size_t count;	 /* of lines that name one */
	char names[200]; /* the first names, whole, separated by ", " */
};

/* A list of the store whose section is gone from the configuration. */
struct doctor_left_list {
	char name[CONFIG_NAME_SIZE];
	bool has_code; /* which nothing names now */
	bool for_all;
	char services[200]; /* the names of those that it is for, if not for all */
};

struct doctor_facts {
	int64_t now_wall_ns;
	bool root;
	unsigned kernel_major, kernel_minor;
	bool has_btf, has_bpffs, has_cgroup2;
	int can_destroy;      /* 1, 0; negative: not known */
	bool large_under_xdp; /* since Linux 6.3 */
	int jit;	      /* net.core.bpf_jit_enable; negative: not known */

	bool loaded;
	struct fault gate_fault, store_fault;
	bool has_policy, policy_differs;
	enum gate_mode mode;
	struct snapshot_usage tables[SNAPSHOT_TABLE_COUNT];
	enum daemon_state daemon_state;
	bool generation_differs;
	struct daemon_alerts alerts; /* of a running daemon */
	enum daemon_metrics metrics;
	struct daemon_policy policy;
	int64_t policy_uptime_s; /* how long requests could come */
	char fails_closed[128];	 /* the file that makes no answer a refusal; "": none */
	struct stand_in stand_in;
	bool stood_in_for; /* systemd starts the stand-in: the daemon is sekisho.service */
	struct doctor_outflow outflow;
	struct doctor_locked locked[3]; /* by their paths; "": none */
	struct doctor_fleet fleet;

	struct transforms transforms;
	char unseen[128]; /* handshakes of which the gate saw no SYN; "": none */

	struct doctor_sources sources;
	struct doctor_device *devices;
	size_t device_count;
	struct listener *listeners;
	size_t listener_count;
	uint8_t port_covered[PORT_COUNT]; /* 1: a service has it */
	struct doctor_log *logs;
	size_t log_count;

	bool names_countries;  /* some service treats countries differently */
	bool denies_countries; /* some service denies most of them, and not all */
	bool has_countries;
	int64_t countries_modified_wall_ns; /* the oldest file; 0: not known */
	/* Feeds that were not fetched for three times their interval; the first ones. */
	struct {
		char name[64];
		int64_t checked_wall_ns; /* 0: never */
	} stale_feeds[8];
	size_t stale_feed_count;
	struct doctor_left_list left_lists[8]; /* the first ones */
	size_t left_list_count;
	bool fetch_waits; /* its timer is on, but has not run since the configuration has new
			     feeds or names */
	struct dns_name names[NEVER_BAN_NAMES_MOST]; /* of never-ban */
	size_t name_count;
	int64_t providers_modified_wall_ns; /* likewise, of [country] providers; 0: there is none */

	struct fault faults[8]; /* what could not be asked */
	size_t fault_count;
};

/* Asks machine, gate, store and logs. -ENOMEM; everything else that fails is a fact. */
int doctor_gather(const struct instance *instance, int64_t now_wall_ns, uint64_t now_boot_ns,
		  struct doctor_facts **facts, struct fault *fault);
void doctor_facts_free(struct doctor_facts *facts);

/* doctor_logs.c: fills in all members except `followed` and `lag_bytes` from the file or units at
 * log->path. `patterns` are the configuration's own, or NULL. `folder` is the journal's; NULL: this
 * machine's. -ENOMEM. */
int doctor_read_log(struct doctor_log *log, struct patterns *patterns, const char *folder,
		    int64_t now_wall_ns);
/* doctor_devices.c: asks the driver for offloads and MTU. */
void doctor_ask_device(struct doctor_device *device);

/* ---- findings ---- */

enum doctor_severity {
	DOCTOR_NOTE = 0, /* good to know; the exit status stays 0 */
	DOCTOR_WARN,	 /* less is guarded or seen than an administrator expects */
	DOCTOR_BAD,	 /* something does not work */
};

struct doctor_finding {
	enum doctor_severity severity;
	const char *id;	    /* "device-unguarded": for scripts, never renamed */
	char subject[128];  /* the device, log or port that it is about; "": the machine */
	char text[512];	    /* what was seen */
	const char *means;  /* the consequence */
	const char *remedy; /* what to do */
};

/* The fixed texts of a kind of finding. */
struct doctor_kind {
	enum doctor_severity severity;
	const char *id, *means, *remedy;
};

/* The kinds by number; NULL behind the last. */
const struct doctor_kind *doctor_kind_at(size_t index);

#define DOCTOR_FINDINGS_MAX 128
struct doctor_report {
	struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
	size_t count;
	size_t dropped; /* findings for which there was no room */
};

/* Runs every check over the facts; the most severe findings come first. Pure. */
void doctor_check(const struct doctor_facts *facts, struct doctor_report *report);

/* The report as text for a terminal of `columns` (`colour` as in style.h), and as JSON; its schema:
 * docs/json.md. Pure. */
void doctor_text(FILE *out, const struct doctor_report *report, unsigned columns, bool colour);
char *doctor_json(const struct doctor_report *report, int64_t now_wall_ns);

/* The report as a plugin of Nagios and its kin (Monitoring Plugins Development Guidelines): a line
 * with the worst finding and, after '|', the counts; then a line for each further finding. Returns
 * the state, which is the exit status: 0 OK, 1 WARNING, 2 CRITICAL. Notes do not count. Pure. */
enum { NAGIOS_OK = 0, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };
int doctor_nagios(FILE *out, const struct doctor_report *report);

/* All kinds, as text in the same form and as JSON. Pure. */
void doctor_text_kinds(FILE *out, unsigned columns, bool colour);
char *doctor_json_kinds(void);

/* 1 when there is anything but notes, else 0. */
int doctor_status(const struct doctor_report *report);

static inline void cleanup_doctor_facts(struct doctor_facts **facts)
{
	doctor_facts_free(*facts);
}

#endif
