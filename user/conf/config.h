/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: sekisho.conf and conf.d/ as one checked struct. Reading it needs no privilege
 * and touches nothing but the files, and the user database if [outflow] users has names. Syntax and
 * keys: docs/man/sekisho.conf.5.
 */
#ifndef SEKISHO_CONFIG_H
#define SEKISHO_CONFIG_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include "contract.h"
#include "outflow_contract.h"
#include "base/fault.h"
#include "detect/detect.h"
#include "log/pattern.h"
#include "log/zone.h"

#define CONFIG_DEFAULT_PATH "/etc/sekisho/sekisho.conf"
#define CONFIG_NAME_SIZE    64

/* What takes a token: a completed handshake, or a SYN on machines that only forward, and so see no
 * handshakes. */
enum gate_count { COUNT_HANDSHAKE = 0, COUNT_SYN };

/* Whether SYNs that a listener's queue cannot take are answered on the device. */
enum gate_cookies { COOKIES_OFF = 0, COOKIES_AUTO };

enum gate_hook { HOOK_AUTO = 0, HOOK_XDP, HOOK_TC, HOOK_GENERIC };

struct config_class {
	char name[CONFIG_NAME_SIZE]; /* index is the class id; "pass" and "deny" are built in */
	struct limits limits;
};

struct config_service {
	char name[CONFIG_NAME_SIZE]; /* index + 1 is the service id */
	uint16_t ports[64];	     /* host order */
	size_t port_count;
	uint8_t country_class[COUNTRY_COUNT]; /* class ids */
	bool removed; /* no longer configured, but still has its id (config_place_services()) */
};

#define CONFIG_FEED_EVERY_S	(6 * 3600)
#define CONFIG_FEED_LEAST_S	900
#define CONFIG_DATA_EVERY_S	86400 /* of country and provider data */
#define CONFIG_CROWDSEC_EVERY_S 900

struct config_list {
	char name[CONFIG_NAME_SIZE];
	bool allow;
	uint16_t code;	    /* COUNTRY_XA and on: services whose `countries` name it see this
			     * code in place of the country; 0: it denies or allows */
	uint16_t services;  /* the services that it is for, a bit for each id; 0: all */
	bool services_said; /* services were named; a feed without is for the login services */
	/* Absolute path; for a list with `url` where `fetch` puts it. NULL: see providers, or only
	 * `import` fills the list. */
	char *file;
	char *url;	   /* NULL: no feed */
	bool crowdsec;	   /* `url` is where a CrowdSec LAPI listens */
	char *key_file;	   /* as feed_key_read() reads it; NULL: the server asks for no key */
	char *authorities; /* file of the CAs for the feed's server; NULL: the system's */
	uint64_t every_s;
	uint32_t *providers; /* the autonomous systems whose prefixes it has, not 0; by number */
	size_t provider_count;
};

/* What data a feed of [country] has. */
enum config_data { CONFIG_COUNTRIES, CONFIG_PROVIDERS, CONFIG_DATA_COUNT };

struct config_log {
	char name[CONFIG_NAME_SIZE];
	char *file;	  /* absolute path or pattern, or as FOLLOW_JOURNAL and FOLLOW_DOCKER say */
	char *containers; /* Docker's folder of containers; NULL: the usual one */
	struct zone *zone; /* for stamps that name no zone; NULL: the machine's */
	bool bare;	   /* lines without a program come from a mail server */
};

struct config_outflow {
	int mode;		       /* enum gate_mode; -1: that of the gate */
	struct limits limits;	       /* source_: this machine's own; network_: each guest's */
	uint64_t calm_s;	       /* a trip ends when nothing was held back for so long */
	uint16_t ports[OUTFLOW_PORTS]; /* host order; none: the breaker is not put on devices */
	size_t port_count;
	bool users_only; /* only `users` may send */
	uint32_t users[OUTFLOW_USERS];
	size_t user_count;
	struct prefix excepts[OUTFLOW_PREFIXES], guests[OUTFLOW_PREFIXES];
	size_t except_count, guest_count;
};

struct config_pattern {
	char name[CONFIG_NAME_SIZE];
	char *expression;
	char *daemon; /* the program whose lines it is for; NULL: any */
	char *filter; /* a filter file of fail2ban, instead of an expression; NULL: none */
	char *mode;   /* the filter's mode; NULL: as the file says */
	enum event_kind kind;
	enum event_service service;
};

enum listen_kind { LISTEN_OFF = 0, LISTEN_TCP, LISTEN_UNIX };

struct config_listen { /* of [metrics] and [policy] */
	enum listen_kind kind;
	struct address address; /* LISTEN_TCP: a loopback one */
	uint16_t port;		/* host order */
	char *path;		/* LISTEN_UNIX */
};

/* What happens to a mail beyond its account's budget. */
enum policy_over { OVER_HOLD = 0, OVER_DEFER, OVER_REJECT, OVER_OFF };

struct config_policy {
	struct config_listen dovecot; /* never LISTEN_UNIX: Dovecot asks over TCP only */
	struct config_listen postfix;
	char *key_file;			     /* absolute path; never NULL if `dovecot` is on */
	int insecure;			     /* any local user may ask what Postfix asks */
	uint32_t recipients, recipients_day; /* for all unknown sources of an account together */
	enum policy_over over;
};

#define CONFIG_MEMBERS_MAX  1024
#define CONFIG_MEMBER_KEYS  2
#define CONFIG_FLEET_BUDGET 100

struct config_member {
	char name[CONFIG_NAME_SIZE], site[CONFIG_NAME_SIZE];
	uint8_t keys[CONFIG_MEMBER_KEYS][32]; /* public, Ed25519 */
	size_t key_count;
	int revoked;
};

struct config_fleet {
	char *server; /* "unix:/PATH" or "HOST:PORT"; several have ", " between; NULL: no fleet */
	size_t server_count;
	int tls;
	char *ca_file, *tls_name;   /* NULL: the system's; the server's host */
	char *user, *password_file; /* NULL: none */
	char *member;		    /* this server's own name among `members` */
	char *key_file, *secret_file;
	uint32_t quorum; /* never 0 if there is a fleet */
	uint64_t budget_interval_ns;
	uint32_t budget; /* bans in an hour */
	struct config_member *members;
	size_t member_count;
};

#define NEVER_BAN_NAMES_MOST 16
#define DNS_NAME_SIZE	     254 /* RFC 1035, 2.3.4, as text without the last dot */

struct config_where {
	const char *kind, *key;	     /* static; key "": the section itself */
	char name[CONFIG_NAME_SIZE]; /* "": the section has none */
	char *where;		     /* "FILE:LINE" */
};

struct config {
	char *path; /* of the main file; NULL: built-in defaults */
	struct {
		char *state, *pins, *runtime, *feeds;
	} paths;
	enum gate_mode mode;
	enum gate_hook hook;
	bool interface_auto;
	char **interfaces; /* names, when not auto */
	size_t interface_count;
	unsigned source_length6, network_length6, network_length4; /* as in struct policy */
	char *cgroup;						   /* NULL: the root of cgroup2 */
	enum gate_count count;
	enum gate_cookies syn_cookies;
	uint32_t source_size, network_size; /* entries of "sources", "networks" */
	uint32_t ban_size;		    /* entries of the map "bans" */
	char **country_files;
	size_t country_file_count;
	char **provider_files;
	size_t provider_file_count;
	bool provider_files_default; /* likewise */
	bool country_files_default;  /* nobody named them: an absent one is no fault */
	/* Data that is fetched as a list's feed is; .url NULL: not fetched. After the check their
	 * .file is one of the files above. */
	struct config_list data_feeds[CONFIG_DATA_COUNT];
	uint64_t data_every_s;			/* of both */
	char *data_authorities, *data_key_file; /* likewise; NULL: none */
	struct config_class classes[CLASS_MAX];
	size_t class_count;
	struct config_service services[SERVICE_MAX - 1];
	size_t service_count;
	struct config_list *lists;
	size_t list_count;
	struct config_log *logs;
	size_t log_count;
	struct config_pattern *patterns;
	size_t pattern_count;
	struct patterns *compiled_patterns; /* all of them; NULL: none */
	struct prefix *never_ban; /* [gate] never-ban: beside own, gateway, loopback addresses */
	size_t never_ban_count;
	char **never_ban_names; /* the DNS names among them (feed/dns_names.h) */
	size_t never_ban_name_count;
	bool never_ban_faulty; /* config_load_faulty(): some of it could not be read */
	struct config_outflow outflow;
	struct config_listen metrics;
	struct config_policy policy;
	struct config_fleet fleet;
	struct detect_settings detect; /* without its functions */
	char **alert_program; /* [alert] program: path and arguments, NULL at the end; NULL: none */
	size_t alert_words;
	struct config_where *wheres; /* of all that the files set: config_where() */
	size_t where_count;
};

/* One fault of the configuration: "FILE:LINE: what; remedy", or "FILE: what" if no line is at
 * fault. Without control characters, except those of the file's name. */
typedef void config_fault(const char *text, void *context);

/*
 * Reads `path` (NULL: $SEKISHO_CONFIG, else the default path; the default path may be absent, then
 * the built-in defaults hold) and the conf.d/ beside it. The files of conf.d/, in the order of
 * their names, replace what an earlier file says of the same key. Every fault is reported, not only
 * the first; `report` may be NULL. Returns 0 and a whole, valid *config, which the caller frees by
 * config_free(), or no *config: -EINVAL if there were faults; -errno if a file cannot be read
 * (reported as well).
 */
int config_load(const char *path, config_fault *report, void *context, struct config **config);
/* The same for commands that only need [paths], so that one bad line does not keep an administrator
 * from `unban`: with faults elsewhere it reports them all and returns *config all the same. The key
 * of a faulty line has its default; logs without a file are left out. */
int config_load_faulty(const char *path, config_fault *report, void *context,
		       struct config **config);
void config_free(struct config *config);

/*
 * Gives each service the id that it has in `known`, and each new service a free id. An id for which
 * `known` has a name is taken only if there is no other, and an id of `busy` (a bit for each)
 * never. `services` then has a row for each id up to the last, `removed` ones among them, and the
 * services of lists are these ids. May be repeated. -ENOSPC: no id is left; nothing has changed.
 * -ENOMEM. Pure.
 */
int config_place_services(struct config *config, const struct service_names *known, uint32_t busy,
			  struct fault *fault);

/* For classes of [class NAME], in limits.country_interval_ns and so on: a rate without a burst gets
 * as burst what the rate gives in a minute (1 .. CONFIG_BURST_MAX); burst * interval is at most a
 * year. */
#define CONFIG_BURST_MAX 1000000

/* "FILE:LINE" where the files set the key in [kind name], else of the section, else the main file;
 * NULL: only built-in defaults hold. `name` "" if the section has none; `key` "": the section. For
 * messages, as long as `config` lives. Pure. */
const char *config_where(const struct config *config, const char *kind, const char *name,
			 const char *key);

/* The feeds in order: lists with a url, then the data of [country]; NULL: there are no more. */
const struct config_list *config_feed(const struct config *config, size_t index);

/* A service that denies unknown countries and accepts others: without country data it denies every
 * source, as all are unknown. NULL: there is none. Pure. */
const struct config_service *config_needs_countries(const struct config *config);

/* Whether any service treats one country, by its own code, differently from the rest; LAN, which
 * needs no country data, is none. Pure. */
bool config_tells_countries_apart(const struct config *config);

/* Whether a list gives this code, XA to XZ. Pure. */
bool config_gives_code(const struct config *config, unsigned code);

/* The struct that the gate gets. Pure. */
void config_to_policy(const struct config *config, struct policy *policy);

/* The struct that the outflow breaker gets. Pure. */
void config_to_outflow(const struct config *config, struct outflow_rules *rules);

/* "monitor" or "enforce", as [gate] mode has it, for an enum gate_mode. */
static inline const char *gate_mode_name(uint32_t mode)
{
	return mode == GATE_ENFORCE ? "enforce" : "monitor";
}

#endif
