// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho fleet`: the fleet process, its keys, and what it knows. Not here: what a fleet does
 * (user/fleet/). */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "fleet/channel.h"
#include "fleet/fleet_keys.h"
#include "fleet/fleet_run.h"
#include "show/fleet_status.h"

struct fleet_options {
	const char *output;
	bool secret, json;
	char **words;
	int count; /* words behind the verb */
};

static int no_fleet(void)
{
	struct fault fault;

	fault_set(&fault, -ENOENT,
		  "the configuration has no [fleet]; sekisho-fleet(7) tells how to begin one");
	return cmd_failed(&cmd_fleet, &fault);
}

/* ---- run ---- */

static int verb_run(struct instance *instance, const struct globals *globals,
		    const struct fleet_options *options)
{
	struct fault fault = { 0 };

	(void)options;
	if (!instance->config->fleet.server)
		return no_fleet();
	return fleet_run(globals->config_path, &instance->config, &fault)
		       ? cmd_failed(&cmd_fleet, &fault)
		       : EXIT_DONE;
}

/* ---- key ---- */

static int make_secret(const char *path, struct fault *fault)
{
	uint8_t secret[FLEET_KEY_SIZE];
	int error;

	fleet_random(secret, sizeof(secret));
	error = fleet_secret_write(path, secret, fault);
	fleet_wipe(secret, sizeof(secret));
	return error;
}

/* Without --output, shows the public half of the configured key. */
static int show_or_make_key(const char *configured, const char *path, struct fault *fault)
{
	struct fleet_signer signer = { 0 };
	char text[FLEET_PUBLIC_TEXT];
	int error;

	if (path) {
		fleet_random(signer.seed, sizeof(signer.seed));
		fleet_signer_derive(&signer);
		error = fleet_key_write(path, &signer, fault);
	} else {
		error = fleet_key_read(configured, &signer, fault);
	}
	if (!error) {
		fleet_public_format(signer.public, text);
		puts(text);
	}
	fleet_wipe(&signer, sizeof(signer));
	return error;
}

static int verb_key(struct instance *instance, const struct globals *globals,
		    const struct fleet_options *options)
{
	const struct config_fleet *fleet = &instance->config->fleet;
	struct fault fault = { 0 };
	int error;

	(void)globals;
	if (options->secret && !options->output)
		return cmd_usage(&cmd_fleet, "'key --secret' needs --output FILE");
	if (!options->output && !fleet->key_file)
		return cmd_usage(&cmd_fleet,
				 "'key' needs --output FILE where [fleet] has no 'key'");
	if (!fleet_crypto_ready())
		error = fault_set(&fault, -ENOTSUP,
				  "this build has no libsodium; install libsodium-dev and build "
				  "again");
	else if (options->secret)
		error = make_secret(options->output, &fault);
	else
		error = show_or_make_key(fleet->key_file, options->output, &fault);
	return error ? cmd_failed(&cmd_fleet, &fault) : EXIT_DONE;
}

/* ---- status ---- */

static void free_status(json_t **status)
{
	json_decref(*status);
}

static int verb_status(struct instance *instance, const struct globals *globals,
		       const struct fleet_options *options)
{
	_cleanup_(free_status) json_t *status = NULL;
	struct fault fault = { 0 };

	(void)globals;
	if (!instance->config->fleet.server)
		return no_fleet();
	if (fleet_status_read(instance->config->paths.runtime, &status, &fault))
		return cmd_failed(&cmd_fleet, &fault);
	if (options->json) {
		_cleanup_free_ char *text = json_dumps(status, JSON_COMPACT | JSON_ENSURE_ASCII);

		puts(text ? text : "null");
	} else {
		fleet_status_print(stdout, status, clock_wall_ns());
	}
	return fleet_status_is_fresh(status, clock_wall_ns()) ? EXIT_DONE : EXIT_FAILED;
}

/* ---- acl ---- */

/* Prints one user for each member, which may append to its own stream and set its own snapshot, and
 * not the other way round: each right has a selector of its own. Selectors, and %R, are of Redis
 * 7.0. */
static int verb_acl(struct instance *instance, const struct globals *globals,
		    const struct fleet_options *options)
{
	const struct config_fleet *fleet = &instance->config->fleet;
	uint8_t secrets[FLEET_SECRETS_MAX][FLEET_KEY_SIZE];
	struct fleet_secret keys;
	struct fault fault = { 0 };
	size_t count;

	(void)globals;
	(void)options;
	if (!fleet->server)
		return no_fleet();
	if (fleet_secret_read(fleet->secret_file, secrets, FLEET_SECRETS_MAX, &count, &fault))
		return cmd_failed(&cmd_fleet, &fault);
	fleet_secret_derive(secrets[0], &keys);
	fleet_wipe(secrets, sizeof(secrets));
	puts("# Lines of the engine's users.acl; replace each PASSWORD, and keep it in that "
	     "server's [fleet] password-file.");
	for (size_t i = 0; i < fleet->member_count; i++)
		printf("user %s on >PASSWORD resetkeys %%R~sekisho:%s:* resetchannels -@all +xread "
		       "+xrevrange +get (%%W~sekisho:%s:%s +xadd) (%%RW~sekisho:%s:%s:snapshot "
		       "+set)\n",
		       fleet->members[i].name, keys.stream, keys.stream, fleet->members[i].name,
		       keys.stream, fleet->members[i].name);
	fleet_wipe(&keys, sizeof(keys));
	return EXIT_DONE;
}

/* ---- revoke ---- */

/* Writes into conf.d beside the configuration's file. */
static int write_revocation(const struct config *config, const char *name, struct fault *fault)
{
	const char *main_file = config->path ? config->path : CONFIG_DEFAULT_PATH;
	const char *slash = strrchr(main_file, '/');
	char path[PATH_MAX], text[256];
	int error;

	snprintf(path, sizeof(path), "%.*s/conf.d/fleet-revoked-%s.conf",
		 slash ? (int)(slash - main_file) : 1, slash ? main_file : ".", name);
	snprintf(text, sizeof(text), "# by sekisho fleet revoke\n[member %s]\nrevoked = yes\n",
		 name);
	error = file_replace(path, text, strlen(text), fault);
	if (!error)
		printf("%s is revoked; %s says so from now on\n", name, path);
	return error;
}

static int verb_revoke(struct instance *instance, const struct globals *globals,
		       const struct fleet_options *options)
{
	const struct config_fleet *fleet = &instance->config->fleet;
	struct channel_message order = { .kind = CHANNEL_REVOKE };
	struct fault fault = { 0 };
	_cleanup_close_ int fd = -1;
	bool known = false;

	(void)globals;
	if (!fleet->server)
		return no_fleet();
	if (options->count != 1)
		return cmd_usage(&cmd_fleet, "'revoke' takes the name of one member");
	for (size_t i = 0; i < fleet->member_count; i++)
		known |= !strcmp(fleet->members[i].name, options->words[0]);
	if (!known || !strcmp(options->words[0], fleet->member)) {
		fault_set(&fault, -ENOENT,
			  "'%.60s' is no other member; `sekisho fleet status` "
			  "shows them",
			  options->words[0]);
		return cmd_failed(&cmd_fleet, &fault);
	}
	if (write_revocation(instance->config, options->words[0], &fault))
		return cmd_failed(&cmd_fleet, &fault);
	snprintf(order.text, sizeof(order.text), "%s", options->words[0]);
	fd = channel_call(instance->config->paths.runtime);
	if (fd < 0 || channel_send_patiently(fd, &order))
		cmd_warn(&cmd_fleet, "the fleet process was not told; it knows at its next start");
	return EXIT_DONE;
}

/* ---- the command ---- */

static const struct {
	const char *name;
	int (*run)(struct instance *instance, const struct globals *globals,
		   const struct fleet_options *options);
} verbs[] = {
	{ "run", verb_run }, { "key", verb_key },	{ "status", verb_status },
	{ "acl", verb_acl }, { "revoke", verb_revoke },
};

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "output", required_argument, NULL, 'o' },
						 { "secret", no_argument, NULL, 's' },
						 { "json", no_argument, NULL, 'j' },
						 { 0 } };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct fleet_options given = { 0 };

	for (int c; (c = getopt_long(argc, argv, ":o:sj", options, NULL)) != -1;) {
		if (c == '?' || c == ':')
			return cmd_bad_option(&cmd_fleet, options, c, argv);
		if (c == 'o')
			given.output = optarg;
		given.secret |= c == 's';
		given.json |= c == 'j';
	}
	if (optind == argc)
		return cmd_usage(&cmd_fleet, "needs run, key, status, acl or revoke");
	given.words = argv + optind + 1;
	given.count = argc - optind - 1;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(argv[optind], verbs[i].name))
			continue;
		if (given.count && verbs[i].run != verb_revoke)
			return cmd_usage(&cmd_fleet, "'%s' takes no argument: '%s'", verbs[i].name,
					 given.words[0]);
		if (((given.output || given.secret) && verbs[i].run != verb_key) ||
		    (given.json && verbs[i].run != verb_status))
			return cmd_usage(&cmd_fleet,
					 "--output and --secret are for 'key', --json for "
					 "'status'");
		if (cmd_open(&cmd_fleet, globals, INSTANCE_CONFIG, &instance))
			return EXIT_FAILED;
		return verbs[i].run(&instance, globals, &given);
	}
	return cmd_usage(&cmd_fleet, "there is no '%s'; it is run, key, status, acl or revoke",
			 argv[optind]);
}

const struct command cmd_fleet = {
	.name = "fleet",
	.summary = "share bans and sightings with other servers",
	.usage = "run | status | key | acl | revoke NAME",
	.help = "Servers that share what they ban, through Redis or Valkey, each deciding for "
		"itself\n"
		"whom to believe: sekisho-fleet(7).\n\n"
		"  run          the process between the daemon and the engine, in the foreground;\n"
		"               the ExecStart of sekisho-fleet.service\n"
		"  status       the members, how far behind each is, what was adopted and what\n"
		"               not; exit status 1 when the process does not run\n"
		"  key          prints the public half of this server's key, for [member NAME];\n"
		"               with --output it makes a new key first\n"
		"  acl          users for the engine, one a member, who may append to their own\n"
		"               stream alone\n"
		"  revoke NAME  nothing of this member counts here any more, and what it alone\n"
		"               caused is taken back\n\n"
		"  -o, --output FILE  of key: a new file; one that is there is not replaced\n"
		"  -s, --secret       of key: the secret that all members share, instead of a key\n"
		"  -j, --json         of status: one object; its schema: "
		"/usr/share/doc/sekisho/json.md\n\n"
		"'key' needs no right but to write the file; 'run' none but to read keys and\n"
		"secret; the others need root.\n",
	.run = run,
};
