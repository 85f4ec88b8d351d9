// SPDX-License-Identifier: GPL-2.0-or-later
/* [fleet] and [member NAME]: the engine, this server's name in the fleet, and the members' keys. */
#include "conf/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "fleet/engine.h"
#include "fleet/fleet_keys.h"

#define QUORUM_USUAL 2 /* the default if there are at least so many other members */
#define SERVER_MOST  255

long conf_open_member(struct conf_load *load, const char *name)
{
	struct config_fleet *fleet = &load->config->fleet;
	struct config_member *members;

	if (fleet->member_count == CONFIG_MEMBERS_MAX) {
		conf_fault(load, NULL, "there are more than %d members", CONFIG_MEMBERS_MAX);
		return -1;
	}
	members = conf_append(load, fleet->members, &fleet->member_count, sizeof(*members));
	if (!members)
		return -1;
	fleet->members = members;
	snprintf(members[fleet->member_count - 1].name, CONFIG_NAME_SIZE, "%s", name);
	return (long)fleet->member_count - 1;
}

static bool is_server(const char *text)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	for (const char *at = text; *at; at++)
		if (*at <= ' ' || *at > '~')
			return false;
	return !strncmp(text, "unix:/", 6) ||
	       (colon && colon > text && conf_read_number(colon + 1, 1, 65535, &port) &&
		(*text == '[' ? colon[-1] == ']' : !memchr(text, ':', (size_t)(colon - text))));
}

void conf_clear_fleet_servers(struct conf_load *load, void *base)
{
	struct config *config = base;

	(void)load;
	free(config->fleet.server);
	config->fleet.server = NULL;
	config->fleet.server_count = 0;
}

/* "unix:/PATH", "HOST:PORT" or "[ADDRESS]:PORT". There may be several: a primary and its
 * replicas. */
void conf_fleet_server(struct conf_load *load, const struct conf_key *key, void *base,
		       const char *value)
{
	struct config_fleet *fleet = &((struct config *)base)->fleet;
	char *longer = NULL;

	(void)key;
	if (!is_server(value) || strlen(value) > SERVER_MOST)
		conf_fault(load, NULL,
			   "'%s' is no engine; write unix:/run/redis/redis.sock, HOST:6379 or "
			   "[ADDRESS]:6379",
			   value);
	else if (fleet->server_count == ENGINE_SERVERS)
		conf_fault(load, NULL, "there are more than %d servers", ENGINE_SERVERS);
	else if (asprintf(&longer, "%s%s%s", fleet->server ? fleet->server : "",
			  fleet->server ? ", " : "", value) < 0)
		conf_out_of_memory(load);
	if (!longer)
		return;
	free(fleet->server);
	fleet->server = longer;
	fleet->server_count++;
}

static void set_word(struct conf_load *load, char **word, const char *value)
{
	free(*word);
	*word = strdup(value);
	if (!*word)
		conf_out_of_memory(load);
}

void conf_fleet_user(struct conf_load *load, const struct conf_key *key, void *base,
		     const char *value)
{
	(void)key;
	set_word(load, &((struct config *)base)->fleet.user, value);
}

void conf_fleet_tls_name(struct conf_load *load, const struct conf_key *key, void *base,
			 const char *value)
{
	(void)key;
	set_word(load, &((struct config *)base)->fleet.tls_name, value);
}

void conf_fleet_member(struct conf_load *load, const struct conf_key *key, void *base,
		       const char *value)
{
	(void)key;
	if (!conf_name_valid(value))
		conf_fault(load, NULL, "'%s' is no name of a member", value);
	else
		set_word(load, &((struct config *)base)->fleet.member, value);
}

void conf_clear_member_keys(struct conf_load *load, void *base)
{
	(void)load;
	((struct config_member *)base)->key_count = 0;
}

void conf_member_key(struct conf_load *load, const struct conf_key *key, void *base,
		     const char *value)
{
	struct config_member *member = base;

	(void)key;
	if (member->key_count == CONFIG_MEMBER_KEYS)
		conf_fault(load, NULL, "[member %s] has more than %d keys", member->name,
			   CONFIG_MEMBER_KEYS);
	else if (fleet_public_parse(value, member->keys[member->key_count]))
		conf_fault(load, NULL,
			   "'%s' is no public key; `sekisho fleet key` prints it on its server",
			   value);
	else
		member->key_count++;
}

void conf_member_site(struct conf_load *load, const struct conf_key *key, void *base,
		      const char *value)
{
	(void)key;
	if (!conf_name_valid(value))
		conf_fault(load, NULL, "'%s' is no name of a site", value);
	else
		snprintf(((struct config_member *)base)->site, CONFIG_NAME_SIZE, "%s", value);
}

static bool check_needed(struct conf_load *load, const struct conf_use *use,
			 const struct config_fleet *fleet)
{
	const char *lacks = !fleet->server	  ? "server"
			    : !fleet->member	  ? "member"
			    : !fleet->key_file	  ? "key"
			    : !fleet->secret_file ? "secret"
						  : NULL;

	if (lacks)
		conf_fault(load, &use->where, "[fleet] has no '%s'; see sekisho-fleet(7)", lacks);
	return !lacks;
}

static void check_tls(struct conf_load *load, const struct conf_use *use,
		      const struct config_fleet *fleet)
{
	struct conf_where where = conf_key_where(use, "tls");

	if (fleet->tls && !engine_has_tls())
		conf_fault(load, &where,
			   "'tls = yes' needs a build that speaks TLS, which this one is not; put "
			   "stunnel between, as /usr/share/doc/sekisho/fleet.md has it, and leave "
			   "'tls' away");
	else if (fleet->tls && strstr(fleet->server, "unix:"))
		conf_fault(load, &where,
			   "'tls = yes' is for HOST:PORT; through a Unix socket no TLS is spoken");
	else if (!fleet->tls && (fleet->ca_file || fleet->tls_name))
		conf_fault(load, &use->where,
			   "[fleet] has '%s' without 'tls = yes': nothing would be verified",
			   fleet->ca_file ? "ca-file" : "tls-name");
}

void conf_check_fleet(struct conf_load *load, const struct conf_use *use)
{
	struct config_fleet *fleet = &load->config->fleet;
	struct conf_where where = conf_key_where(use, "quorum");
	size_t others = 0;
	bool found = false;

	if (!check_needed(load, use, fleet))
		return;
	check_tls(load, use, fleet);
	for (size_t i = 0; i < fleet->member_count; i++) {
		const struct config_member *member = &fleet->members[i];
		bool own = !strcmp(member->name, fleet->member);

		found |= own;
		others += !own;
		if (!member->key_count)
			conf_fault(load, &use->where, "[member %s] has no 'key'", member->name);
	}
	if (!found)
		conf_fault(load, &use->where,
			   "there is no [member %s], which is this server's own; every member is "
			   "named on every server",
			   fleet->member);
	if (!fleet->quorum)
		fleet->quorum = others >= QUORUM_USUAL ? QUORUM_USUAL : 1;
	else if (fleet->quorum > others)
		conf_fault(
			load, &where,
			"'quorum' is %u, and there are %zu other members: no ban would ever hold",
			fleet->quorum, others);
	fleet->budget = fleet->budget_interval_ns
				? (uint32_t)(3600 * (uint64_t)NS_PER_S / fleet->budget_interval_ns)
				: CONFIG_FLEET_BUDGET;
	where = conf_key_where(use, "budget");
	if (fleet->budget < 1 || fleet->budget > 1000)
		conf_fault(load, &where, "'budget' is from 1/h to 1000/h");
}

void conf_fleet_free(struct config_fleet *fleet)
{
	free(fleet->server);
	free(fleet->ca_file);
	free(fleet->tls_name);
	free(fleet->user);
	free(fleet->password_file);
	free(fleet->member);
	free(fleet->key_file);
	free(fleet->secret_file);
	free(fleet->members);
}
