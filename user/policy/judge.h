/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answers to a mail server's questions (ask.h), and the meaning of its reports. No clock, no
 * I/O: the time is that of the requests, and the caller gives functions that read what was kept
 * before. struct detect tells the rules' state (known sources, spreads, leaks). Not here:
 * protocols, sockets, and the gate's verdict on the source. docs/rules.md has all exactly.
 *
 * Order of a login: judge_login() for each question before or after the password, then
 * judge_report(), whose event goes into the rules (detect_event()) at once if it is one.
 */
#ifndef SEKISHO_POLICY_JUDGE_H
#define SEKISHO_POLICY_JUDGE_H

#include "base/fault.h"
#include "detect/detect.h"
#include "policy/ask.h"

#define JUDGE_KEY_SIZE	32
#define JUDGE_TEXT_SIZE 448

/* What happens to a message over an account's budget. */
enum judge_over { JUDGE_OVER_HOLD = 0, JUDGE_OVER_DEFER, JUDGE_OVER_REJECT, JUDGE_OVER_OFF };

/* ---- what is kept beyond this process ---- */

#define JUDGE_RIGHT 4 /* right digests kept of an account */
#define JUDGE_WRONG 8 /* failing digests kept of an account and source */
#define JUDGE_DAYS  90

/* A digest of a password's digest: 32 bits of HMAC-SHA256 with a key that is not in the store. */
struct judge_digest {
	uint32_t mac;
	uint32_t first_s, last_s; /* seconds since 1970; first_s 0: unused */
};

/* For an account: right digests. For an account and a source: failing ones. */
struct judge_digests {
	struct judge_digest items[JUDGE_WRONG];
	int64_t stale_ns; /* for a pair: when an old password last came from the source; 0: never */
};

/* The purses of an account, by what it knows of a source. */
enum judge_purse {
	JUDGE_PURSE_UNKNOWN = 0, /* all sources that the account does not know, together */
	JUDGE_PURSE_NEW,	 /* all that it has known for less than seven days */
	JUDGE_PURSE_SHARED,	 /* shared places, and the local network */
	JUDGE_PURSE_COUNT,
	JUDGE_PURSE_NONE = JUDGE_PURSE_COUNT, /* known sources: no limit */
};

/* What an account has used. */
struct judge_budget {
	int64_t wall_ns;			  /* the time for which `spent` holds */
	uint64_t spent[JUDGE_PURSE_COUNT];	  /* millionths of a recipient; fades in time */
	uint32_t day;				  /* since 1970; the day of what follows */
	uint32_t recipients, first_time, refused; /* of all sources; first_time: not seen lately;
						     refused: asked about, and not accepted */
	uint32_t held;				  /* messages */
	uint64_t held_size;			  /* bytes */
	uint32_t over; /* messages that were over a budget, whatever was done with them */
};

/* A message that is on hold. */
struct judge_held {
	int64_t wall_ns;
	char queue[EVENT_QUEUE_SIZE];
	uint32_t recipients;
	uint64_t size; /* bytes */
};

/* Any may be NULL. Names are as the mail server sends them, in lower case. */
struct judge_memory {
	void *context;
	/* `source` NULL: the account's right digests. False: nothing is kept. */
	bool (*recall_digests)(const char *account, const struct prefix *source,
			       struct judge_digests *digests, void *context);
	void (*keep_digests)(const char *account, const struct prefix *source,
			     const struct judge_digests *digests, void *context);
	bool (*recall_budget)(const char *account, struct judge_budget *budget, void *context);
	void (*keep_budget)(const char *account, const struct judge_budget *budget, void *context);
	void (*held)(const char *account, const struct judge_held *held, void *context);
};

/* ---- */

struct judge_settings {
	uint8_t key[JUDGE_KEY_SIZE]; /* see judge_key_load() */
	bool monitor;		     /* nothing is refused or held, only counted and logged */
	uint32_t recipients, recipients_day; /* of unknown sources: at once, in a day */
	uint32_t shared_hour; /* of a shared place: at once, and again in each hour */
	enum judge_over over;
	uint32_t held_messages; /* of an account in a day; further ones are deferred */
	uint64_t held_size;	/* bytes, likewise */
	/* Bounds on memory: accounts, pairs of account and source, messages under way. The longest
	 * unused go first. */
	uint32_t most_accounts, most_pairs, most_messages;
	struct judge_memory memory;
};

/* 20, 50, 100, hold, 200, 100 MB; 131072, 262144, 65536. The key is zero. */
void judge_defaults(struct judge_settings *settings);

/* Reads the key in `path`, 32 bytes; if there is no file, makes one (mode 0600, O_EXCL) of random
 * bytes. -EACCES: others than its owner may read it, with the remedy; -EINVAL: another size. This
 * is the only function here that does I/O; for a start. */
int judge_key_load(const char *path, uint8_t key[JUDGE_KEY_SIZE], struct fault *fault);

struct judge;

/* `detect` must live on until judge_free(), and not be changed by another thread. NULL: out of
 * memory. */
struct judge *judge_new(const struct judge_settings *settings, struct detect *detect);
void judge_free(struct judge *judge);
/* Applies new settings except the key, which stays. */
void judge_configure(struct judge *judge, const struct judge_settings *settings);

/* ---- logins ---- */

struct judge_login {
	bool refuse;		    /* answer -1 */
	bool would;		    /* likewise, if it were not for `monitor` */
	char text[JUDGE_TEXT_SIZE]; /* for people, when `would`; never sent to the client */
};

/* Judges both questions about a login, the first and the second, alike. Refuses strangers after a
 * leak, and never looks at the digest, so that the answer does not depend on it. Changes nothing:
 * only the report counts. */
void judge_login(struct judge *judge, const struct policy_login *login, struct judge_login *answer);

enum judge_password {
	JUDGE_PASSWORD_NONE = 0, /* the digest says nothing: every try counts */
	JUDGE_PASSWORD_NEW,	 /* a guess that did not come from the source before */
	JUDGE_PASSWORD_REPEATED, /* came from the source before: counts once only */
	JUDGE_PASSWORD_STALE,	 /* was right once, comes from a known place: does not count */
	JUDGE_PASSWORD_OLD,	 /* was right once, comes from a stranger */
	JUDGE_PASSWORD_RIGHT,	 /* a success */
};

struct judge_report {
	enum judge_password password;
	/* Whether `event` goes into the rules. If not, a log line of the same attempt does not
	 * either. */
	bool counts;
	struct event event;	    /* complete except `line` */
	char text[JUDGE_TEXT_SIZE]; /* for evidence: clean, without anything of the password */
	bool changed; /* the password was changed, which ended the account's spread and leak */
};

/* Judges the end of a login. A login that we refused (`refused`) counts as a failure whatever the
 * password was, and its digest is neither compared nor kept. */
void judge_report(struct judge *judge, const struct policy_login *login,
		  struct judge_report *report);

/* ---- mail ---- */

enum judge_verdict { JUDGE_PASS = 0, JUDGE_HOLD, JUDGE_DEFER, JUDGE_REJECT };

struct judge_mail {
	enum judge_verdict verdict; /* to be answered */
	enum judge_verdict would;   /* likewise, if it were not for `monitor` or the first days */
	char text[JUDGE_TEXT_SIZE]; /* for people; may be sent to the client, "" when it passes */
	bool told;		    /* there is an alert, to be given to detect_notice() */
	struct decision alert;
	bool has_event;	    /* a message was handed in: JUDGE_PASS at its end, with an account */
	struct event event; /* complete except `line` */
};

/* Judges a recipient or the end of a message, by mail->stage; others pass. Reserves one token for
 * each recipient; the end of the message charges those that were accepted. A message that does not
 * end in 10 minutes after its last recipient, or is held, gives back its tokens, unless the server
 * has never asked at the end of a message. Messages are distinguished by `instance`, or else by
 * queue id; without either each recipient is charged at once, and the end charges nothing. */
void judge_mail(struct judge *judge, const struct policy_mail *mail, struct judge_mail *answer);

/* What is left in each purse at `now_ns`, and how much a full purse has: whole recipients. Brings
 * *budget (what was kept) up to that time. Pure. */
void judge_left(const struct judge_settings *settings, struct judge_budget *budget, int64_t now_ns,
		uint32_t left[JUDGE_PURSE_COUNT], uint32_t full[JUDGE_PURSE_COUNT]);

/* By hand: gives an account back what it has used; forgets what is known of an account. */
void judge_trust_account(struct judge *judge, const char *account);
void judge_forget_account(struct judge *judge, const char *account);

struct judge_usage {
	uint64_t accounts, pairs, messages; /* in memory */
	uint64_t forgotten;		    /* messages under way forgotten for room: charged */
	/* Since the start. */
	uint64_t refused, old, stale, repeated, changed; /* logins, and reports */
	uint64_t held, deferred, rejected;		 /* messages */
};
/* Of all parts together. */
void judge_get_usage(const struct judge *judge, struct judge_usage *usage);

#endif
