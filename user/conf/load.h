/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to user/conf/: the state while the configuration is being read, and the table of sections
 * and keys. A new key is a row in keys.c, or for a rule in rule_keys.c; a new kind of value is a
 * function in values.c.
 */
#ifndef SEKISHO_CONF_LOAD_H
#define SEKISHO_CONF_LOAD_H

#include "conf/config.h"

#define CONF_KEYS_MAX 13

struct conf_load;
struct conf_key;

struct conf_where {
	const char *file; /* as long as the load lasts; equal pointers are the same file */
	unsigned line;
};

/* Puts one value, or one word of a list, into the key's field; `base` is the struct that the
 * section fills. Reports its own faults. */
typedef void conf_parse(struct conf_load *load, const struct conf_key *key, void *base,
			const char *value);

struct conf_choice {
	const char *name; /* NULL ends the table */
	int value;
};

struct conf_key {
	const char *name;
	conf_parse *parse;
	/* A list of words, given on one line or several: empties it before the first word of a
	 * file. NULL: one value, given once in a file. */
	void (*clear)(struct conf_load *load, void *base);
	size_t offset;	      /* of the field in `base` */
	uint64_t least, most; /* of a number or a duration in seconds */
	uint64_t add;	      /* added to the number in the file */
	const struct conf_choice *choices;
	bool required;
	bool limit;	   /* where 0 could be taken for "no limit" */
	bool paths;	   /* a comma is part of a word */
	const char *forms; /* of a place to listen, or beside `choices`; for messages */
	bool text;	   /* one value, which goes on verbatim in indented lines */
};

struct conf_section {
	const char *kind;
	const char *name; /* the one name it can have; NULL: any (named) or none */
	bool named;
	const struct conf_key *keys;
	size_t key_count;
	size_t index; /* for `base`, in a section of one name */
	/* Finds or adds the struct that a section of any name fills; returns its index for `base`,
	 * or -1 if it cannot, which is reported. */
	long (*open)(struct conf_load *load, const char *name);
	void *(*base)(struct config *config, size_t index);
};

/* One section of the files. */
struct conf_use {
	const struct conf_section *section;
	char name[CONFIG_NAME_SIZE];
	size_t index;
	struct conf_where where; /* in the last file that has the section */
	struct {
		struct conf_where where; /* .file NULL: not given */
		size_t values;
	} keys[CONF_KEYS_MAX];
};

/* "JP:home" of a service; classes may be defined later, so names wait for the end. */
struct conf_country {
	size_t service;
	int country; /* -1: "*" */
	char class_name[CONFIG_NAME_SIZE];
	struct conf_where where;
};

/* "smtp" of a list; services may be defined later. */
struct conf_list_service {
	size_t list;
	char name[CONFIG_NAME_SIZE];
	struct conf_where where;
};

struct conf_load {
	struct config *config;
	config_fault *report;
	void *context;
	size_t faults, paths_faults; /* all; only those of [paths], which locates the instance */
	int error;		     /* the first -errno that is not a fault of the text; 0: none */

	struct conf_where where;
	struct conf_use *use; /* the section that is being read; NULL: none, or one to skip */
	bool in_section;      /* some section has begun in this file */
	bool skip_indented;   /* the line above was refused, and so are lines that continue it */
	bool has_key;	      /* there is a line above to continue */
	bool continued;	      /* this line continues it */
	bool commented;	      /* a comment was cut off the end of this line */

	struct conf_use *uses;
	size_t use_count;
	struct conf_country *countries;
	size_t country_count;
	struct conf_list_service *list_services;
	size_t list_service_count;
	struct conf_where ports[SERVICE_MAX - 1][64]; /* as services[].ports */
	bool no_ports[SERVICE_MAX - 1];		      /* "ports = none" */
};

/* config_default.c: the defaults, for config_free(). NULL: out of memory. */
struct config *conf_default(void);

/* conf_fault.c: reports "FILE:LINE: text". `where` NULL: the line being read; line 0: the file. */
void conf_fault(struct conf_load *load, const struct conf_where *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void conf_out_of_memory(struct conf_load *load);
/* Returns the malloc()ed `array` with one more element, zeroed, at its end, which *count then
 * includes; NULL: out of memory, reported. */
void *conf_append(struct conf_load *load, void *array, size_t *count, size_t size);
/* The section's key of this name, or NULL. */
const struct conf_key *conf_key_find(const struct conf_section *section, const char *name);
/* Where the files set this key; where the section stands, if they do not. */
struct conf_where conf_key_where(const struct conf_use *use, const char *name);

/* read.c: the text of one file; load->where.file is set. Counts lines in load->where.line. */
void conf_read_text(struct conf_load *load, const char *text, size_t size);

#define CONF_COUNT(array) (sizeof(array) / sizeof(*(array)))
#define CONF_KEYS(table)  .keys = (table), .key_count = CONF_COUNT(table)
#define CONF_DAY_S	  86400

/* keys.c: every section that there is; NULL behind the last one. */
const struct conf_section *conf_section_at(size_t index);

/* rule_keys.c */
extern const struct conf_section conf_rule_sections[];
extern const size_t conf_rule_section_count;

/* conf_open.c: find or add the struct of [class NAME]...; see struct conf_section */
long conf_open_class(struct conf_load *load, const char *name);
long conf_open_service(struct conf_load *load, const char *name);
long conf_open_list(struct conf_load *load, const char *name);
long conf_open_log(struct conf_load *load, const char *name);

/* patterns.c */
long conf_open_pattern(struct conf_load *load, const char *name);
void conf_compile_pattern(struct conf_load *load, const struct conf_use *use);
conf_parse conf_text;

/* sections.c: begins the section of this title ("kind name", without brackets); sets a key to a
 * value, as its row says. */
void conf_section_begin(struct conf_load *load, const char *title);
void conf_key_set(struct conf_load *load, const char *name, const char *value);

/* values.c */
extern const struct conf_choice conf_noes[]; /* no, yes */
conf_parse conf_choice, conf_number, conf_length, conf_duration, conf_rate, conf_path,
	conf_list_action, conf_journal, conf_docker, conf_zone, conf_format;
/* Digits only, within the range; else false. */
bool conf_read_number(const char *value, uint64_t least, uint64_t most, uint64_t *number);
/* A copy without trailing slashes; NULL: it is no absolute path, which is reported. */
char *conf_read_path(struct conf_load *load, const struct conf_key *key, const char *value);

/* listen.c */
conf_parse conf_listen, conf_listen_tcp;

/* conf_words.c */
/* Whether the name has only letters, digits, '.', '_' and '-', begins with a letter or digit, and
 * is shorter than CONFIG_NAME_SIZE. */
bool conf_name_valid(const char *name);
conf_parse conf_interface, conf_prefix, conf_country_file, conf_provider_file, conf_port,
	conf_service_country;
void conf_clear_interfaces(struct conf_load *load, void *base);
void conf_clear_prefixes(struct conf_load *load, void *base);
void conf_clear_country_files(struct conf_load *load, void *base);
void conf_clear_provider_files(struct conf_load *load, void *base);
void conf_clear_ports(struct conf_load *load, void *base);
void conf_clear_service_countries(struct conf_load *load, void *base);

/* conf_outflow.c */
conf_parse conf_outflow_port, conf_outflow_user, conf_outflow_except, conf_outflow_guest;
void conf_clear_outflow_ports(struct conf_load *load, void *base);
void conf_clear_outflow_users(struct conf_load *load, void *base);
void conf_clear_outflow_excepts(struct conf_load *load, void *base);
void conf_clear_outflow_guests(struct conf_load *load, void *base);
void conf_outflow_defaults(struct config_outflow *outflow);

/* conf_words.c: an address or a prefix, or false, reported. */
bool conf_read_prefix(struct conf_load *load, const char *value, struct prefix *prefix);
/* The index of a country; -1: "*"; -2: none, reported. */
int conf_read_country(struct conf_load *load, const char *text, size_t size);

/* rules.c: values of [rules], [rule NAME] and [alert] */
void conf_realm(struct conf_load *load, const struct conf_key *key, void *base, const char *value);
conf_parse conf_percent, conf_home, conf_alert_word;
void conf_clear_home(struct conf_load *load, void *base);
void conf_clear_alert(struct conf_load *load, void *base);

/* conf_feed.c */
conf_parse conf_url, conf_data_url;
void conf_check_feed(struct conf_load *load, const struct conf_use *use);
/* Checks the feeds of [country] when everything is read: their files are in the folder of feeds,
 * and are read like other files. */
void conf_check_data_feeds(struct conf_load *load);
/* Makes a feed that denies, and names no services, one for the login services. */
void conf_feed_services(struct config *config);

/* conf_fleet.c */
long conf_open_member(struct conf_load *load, const char *name);
conf_parse conf_fleet_server, conf_fleet_tls_name, conf_fleet_user, conf_fleet_member,
	conf_member_key, conf_member_site;
void conf_clear_fleet_servers(struct conf_load *load, void *base);
void conf_clear_member_keys(struct conf_load *load, void *base);
void conf_check_fleet(struct conf_load *load, const struct conf_use *use);
void conf_fleet_free(struct config_fleet *fleet);

/* list_services.c: the services that a list is for */
conf_parse conf_list_service;
void conf_clear_list_services(struct conf_load *load, void *base);
void conf_resolve_list_services(struct conf_load *load);

/* policy_keys.c: checks the keys of [policy] that depend on each other */
void conf_check_policy(struct conf_load *load, const struct conf_use *use);

/* list_providers.c: the providers that a list is made of */
conf_parse conf_list_provider;
void conf_clear_list_providers(struct conf_load *load, void *base);

/* where.c: keeps where the section and its keys stand, for config_where(). */
void conf_keep_where(struct conf_load *load, const struct conf_use *use);
void conf_free_where(struct config *config);

/* finish.c: the checks that are possible only when everything is read. */
void conf_finish(struct conf_load *load);

#endif
