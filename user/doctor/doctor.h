/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong or risky on this machine: facts, gathered by one function, and findings, made of
 * them by pure checks. Each finding says what it means and what to do.
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
	char foreign[128];     /* the XDP program of another that is on it; "" none */
	char answers_why[160]; /* why SYNs are not answered with cookies, and are to be; "" */
	char open[256];	       /* guarded, and yet mail gets past the gate; "" nothing known */
	char stray[192];       /* a program of another or a lost sekisho on it; "" none */
	char driver[32];       /* its name; "" not known */
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
	uint64_t top_count;   /* of these from one address that is local or private, the busiest */
	struct address top;
	bool followed;	  /* by the daemon that runs */
	int64_t offset_s; /* that it takes off its stamps; 0: none */
	uint64_t lag_bytes;
};

/* What of the counters belongs to one source that no stranger can have. */
struct doctor_sources {
	bool known;
	uint64_t handshakes;	   /* of all sources that are remembered */
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
	char whose[OUTFLOW_NAME_SIZE * 2];  /* the trip that began first */
	char suspect[OUTFLOW_SUSPECT_TEXT]; /* the first one; "" none */
	uint64_t overflows;
};

/* A member whom something is wrong with. */
struct doctor_member {
	char name[CONFIG_NAME_SIZE];
	bool suspended, revoked;
	uint64_t refused;  /* batches */
	uint64_t too_much; /* statements beyond what a member may say */
	int64_t lag_ms;	   /* by which its clock is off, beyond what is taken; 0: it is not */
};

#define DOCTOR_MEMBERS_MOST 16
struct doctor_fleet {
	bool wanted;		     /* the configuration has [fleet] */
	bool runs;		     /* its process does; only then the others count */
	bool has_engine, has_daemon; /* it is connected to them */
	char fault[200];	     /* the engine's last words */
	struct doctor_member members[DOCTOR_MEMBERS_MOST]; /* the first ones */
	size_t member_count;
};

/* A file of accounts that the lock unit, or somebody else, has locked. */
struct doctor_locked {
	char path[128];
	size_t count;	 /* of lines that name one */
	char names[200]; /* the first ones, parted by ", ", whole */
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
	char fails_closed[128];	 /* the file that says so; "": none */
	struct stand_in stand_in;
	bool stood_in_for; /* by systemd's doing: the daemon is sekisho.service */
	struct doctor_outflow outflow;
	struct doctor_locked locked[3]; /* by their paths; "": none */
	struct doctor_fleet fleet;

	struct transforms transforms;
	char unseen[128]; /* handshakes of which the gate saw no SYN; "" none */

	struct doctor_sources sources;
	struct doctor_device *devices;
	size_t device_count;
	struct listener *listeners;
	size_t listener_count;
	uint8_t port_covered[PORT_COUNT]; /* 1: a service has it */
	struct doctor_log *logs;
	size_t log_count;

	bool names_countries; /* some service treats countries differently */
	bool has_countries;
	int64_t countries_modified_wall_ns; /* the oldest file; 0: not known */
	/* The feeds that were not fetched for three times as long as they are to be; the first
	 * ones. */
	struct {
		char name[64];
		int64_t checked_wall_ns; /* 0: never */
	} stale_feeds[8];
	size_t stale_feed_count;
	bool fetch_waits; /* its timer is on, and had no time yet for what is new in the
			     configuration */
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

/* doctor_logs.c: fills all but `followed` and `lag_bytes` from the file or units at log->path.
 * `patterns` are the configuration's own, or NULL. `folder` of the journal; NULL: this machine's.
 * -ENOMEM. */
int doctor_read_log(struct doctor_log *log, struct patterns *patterns, const char *folder,
		    int64_t now_wall_ns);
/* doctor_devices.c: asks the driver for offloads and MTU. */
void doctor_ask_device(struct doctor_device *device);

/* ---- findings ---- */

enum doctor_severity {
	DOCTOR_NOTE = 0, /* good to know; the exit status stays 0 */
	DOCTOR_WARN,	 /* less is guarded or seen than one would think */
	DOCTOR_BAD,	 /* something does not work */
};

struct doctor_finding {
	enum doctor_severity severity;
	const char *id;	    /* "device-unguarded": for scripts, never renamed */
	char subject[128];  /* what it is about: a device, a log, a port; "" the machine */
	char text[512];	    /* what was seen */
	const char *means;  /* what follows from it */
	const char *remedy; /* what to do */
};

/* A finding apart from what was seen: its words. */
struct doctor_kind {
	enum doctor_severity severity;
	const char *id, *means, *remedy;
};

/* Every kind there is, by number; NULL behind the last. */
const struct doctor_kind *doctor_kind_at(size_t index);

#define DOCTOR_FINDINGS_MAX 128
struct doctor_report {
	struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
	size_t count;
	size_t dropped; /* that found no room */
};

/* Every check over the facts, the gravest first. Pure. */
void doctor_check(const struct doctor_facts *facts, struct doctor_report *report);

/* For a terminal of `columns`; `colour` as in style.h. Schema of the JSON: docs/json.md. Pure. */
void doctor_text(FILE *out, const struct doctor_report *report, unsigned columns, bool colour);
char *doctor_json(const struct doctor_report *report, int64_t now_wall_ns);

/* As a plugin of Nagios and its kin (Monitoring Plugins Development Guidelines): one line with the
 * worst finding and, after '|', the counts; further findings a line each. Returns the state, which
 * is the exit status: 0 OK, 1 WARNING, 2 CRITICAL. Notes are none of them. Pure. */
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
