// SPDX-License-Identifier: GPL-2.0-or-later
/* See check.h: the files that single keys name. Not here: those of lists (check_lists.c). */
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cmd/check.h"
#include "feed/feed_key.h"
#include "fleet/fleet_keys.h"
#include "fleet/statement.h"
#include "lists/country.h"
#include "lists/providers.h"
#include "log/expand.h"
#include "log/follow.h"
#include "policy/api_keys.h"

#define AUTHORITIES_MOST (16U << 20) /* bytes; Debian's bundle has 220 KiB */

static const char *where_of(const struct check *check, const char *kind, const char *key)
{
	return config_where(check->config, kind, "", key);
}

bool check_may_read(struct check *check, const char *where, const char *what, const char *path)
{
	struct stat status;

	if (access(path, R_OK) && errno == EACCES) {
		check_tell(&check->report, false, where, "%s: this user cannot read %s", what,
			   path);
		return false;
	}
	if (stat(path, &status) || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
		return true;
	check_tell(&check->report, true, where, "%s: %s is not a file; name a file", what, path);
	return false;
}

static const char *remedy(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
		return "; correct the path";
	case -EISDIR:
		return "; name the file in it";
	case -EINVAL:
		return "; name a file";
	case -EACCES:
		return "; run as root, or let this user read it";
	default:
		return "";
	}
}

void check_tell_file(struct check *check, const char *where, const char *what,
		     const struct fault *fault, const char *or_else)
{
	const char *how = strchr(fault->text, ';') ? "" : remedy(fault->error);

	check_tell(&check->report, true, where, "%s: %s%s%s", what, fault->text, how,
		   *how ? or_else : "");
}

void check_authorities(struct check *check, const char *where, const char *what, const char *path)
{
	static const char mark[] = "CERTIFICATE-----";
	_cleanup_free_ char *text = NULL;
	struct fault fault = { 0 };
	size_t size = 0;
	int error;

	if (!path || !check_may_read(check, where, what, path))
		return;
	error = file_read(path, AUTHORITIES_MOST, &text, &size);
	if (error)
		fault_set(&fault, error, "cannot read %s: %s", path, strerror(-error));
	else if (!memmem(text, size, mark, strlen(mark)))
		fault_set(&fault, -EBADMSG,
			  "%s has no certificate in PEM; name the file of the authorities that "
			  "vouch for the server",
			  path);
	if (fault.error)
		check_tell_file(check, where, what, &fault, "");
}

/* ---- country and provider data ---- */

/* Whether the file is that of a feed which nobody has fetched yet. */
static bool is_unfetched(const struct config *config, enum config_data data, const char *path)
{
	const struct config_list *feed = &config->data_feeds[data];

	return feed->url && !strcmp(feed->file, path) && access(path, F_OK);
}

static void check_data_feeds(struct check *check)
{
	static const char *const keys[CONFIG_DATA_COUNT] = { "url", "provider-url" };
	const struct config *config = check->config;
	const char *where = where_of(check, "country", "key-file"), *what = "[country] key-file";
	char header[FEED_KEY_MOST];
	struct fault fault = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < CONFIG_DATA_COUNT; i++) {
		const struct config_list *feed = &config->data_feeds[i];

		count += feed->url != NULL;
		if (feed->url && access(feed->file, F_OK))
			check_tell(&check->report, false, where_of(check, "country", keys[i]),
				   "%s has not been fetched yet; enable sekisho-fetch.timer, or "
				   "run sekisho fetch",
				   feed->name);
	}
	if (!count)
		return;
	if (config->data_key_file && check_may_read(check, where, what, config->data_key_file) &&
	    feed_key_read(config->data_key_file, header, &fault))
		check_tell_file(check, where, what, &fault, "");
	check_authorities(check, where_of(check, "country", "authorities"), "[country] authorities",
			  config->data_authorities);
}

static void check_no_countries(struct check *check)
{
	const struct config_service *service = config_needs_countries(check->config);

	if (service)
		check_tell(&check->report, true,
			   config_where(check->config, "service", service->name, "countries"),
			   "service '%s' denies unknown countries, and without country data every "
			   "source is unknown; install tor-geoipdb, or name files in [country]",
			   service->name);
	else if (config_tells_countries_apart(check->config))
		check_tell(&check->report, false, where_of(check, "country", "files"),
			   "there is no country data, so every country is ZZ; install tor-geoipdb, "
			   "or name files in [country]");
}

void check_countries(struct check *check)
{
	const struct config *config = check->config;
	_cleanup_free_ char **files = calloc(config->country_file_count + 1, sizeof(*files));
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	struct fault fault = { 0 };
	size_t count = 0;

	check_data_feeds(check);
	for (size_t i = 0; files && i < config->country_file_count; i++)
		if (!is_unfetched(config, CONFIG_COUNTRIES, config->country_files[i]) &&
		    (!config->country_files_default || !access(config->country_files[i], F_OK)))
			files[count++] = config->country_files[i];
	if (!count)
		check_no_countries(check);
	else if (country_load(files, count, &ranges, &fault))
		check_tell_file(check, where_of(check, "country", "files"), "[country] files",
				&fault, ", or leave 'files' out and install tor-geoipdb");
	else
		check->country_ranges = ranges.count4 + ranges.count6;
}

void check_providers(struct check *check)
{
	const struct config *config = check->config;
	const char *where = where_of(check, "country", "providers");

	for (size_t i = 0; i < config->provider_file_count; i++) {
		char *path = config->provider_files[i];
		struct providers *providers = NULL;
		struct fault fault = { 0 };

		if (is_unfetched(config, CONFIG_PROVIDERS, path))
			continue;
		if (!providers_load(&path, 1, config->provider_files_default, &providers, &fault))
			providers_free(providers);
		else if (config->provider_files_default) /* nobody named it, and none is needed */
			check_tell(&check->report, false, where, "[country] providers: %s",
				   fault.text);
		else
			check_tell_file(check, where, "[country] providers", &fault,
					", or leave 'providers' out and install libloc-database");
	}
}

/* ---- logs ---- */

static void check_containers(struct check *check, const struct config_log *log)
{
	if (log->containers && access(log->containers, F_OK))
		check_tell(&check->report, false,
			   config_where(check->config, "log", log->name, "containers"),
			   "log '%s': there is no folder %s; its containers are followed when they "
			   "appear",
			   log->name, log->containers);
}

static void check_log(struct check *check, const struct config_log *log)
{
	const char *where = config_where(check->config, "log", log->name, "file");
	struct stat status;

	if (expand_is_pattern(log->file) ||
	    !strncmp(log->file, FOLLOW_JOURNAL, strlen(FOLLOW_JOURNAL))) {
		check_containers(check, log);
		return; /* a unit of the journal need not exist */
	}
	if (!stat(log->file, &status) && !S_ISREG(status.st_mode)) {
		check_tell(&check->report, true, where,
			   S_ISDIR(status.st_mode)
				   ? "log '%s': %s is a folder; name the file in it"
				   : "log '%s': %s is not a file; name a file, as a pipe or a "
				     "device cannot be followed",
			   log->name, log->file);
		return;
	}
	if (!access(log->file, R_OK))
		return;
	if (errno == EACCES)
		check_tell(&check->report, false, where, "log '%s': this user cannot read %s",
			   log->name, log->file);
	else if (errno != ENOENT)
		check_tell(&check->report, true, where, "log '%s': %s cannot be read: %s",
			   log->name, log->file, strerror(errno));
	else
		check_tell(&check->report, false, where,
			   "log '%s': %s does not exist; it is followed when it appears", log->name,
			   log->file);
}

void check_logs(struct check *check)
{
	for (size_t i = 0; i < check->config->log_count; i++)
		check_log(check, &check->config->logs[i]);
}

/* ---- the alert program ---- */

void check_alert_program(struct check *check)
{
	const char *program = check->config->alert_program ? check->config->alert_program[0] : NULL;
	const char *where = where_of(check, "alert", "program");
	struct stat status;

	if (!program)
		return;
	if (stat(program, &status))
		check_tell(&check->report, errno != EACCES, where, "[alert] program: %s: %s%s",
			   program, strerror(errno), remedy(-errno));
	else if (S_ISDIR(status.st_mode))
		check_tell(&check->report, true, where,
			   "[alert] program: %s is a folder; name the program in it", program);
	else if (!S_ISREG(status.st_mode))
		check_tell(&check->report, true, where,
			   "[alert] program: %s is no program; name the file of one", program);
	else if (!(status.st_mode & 0111))
		check_tell(&check->report, true, where,
			   "[alert] program: %s is no program; chmod +x it", program);
	else if (status.st_uid || status.st_mode & 022)
		check_tell(&check->report, false, where,
			   "[alert] program: others than root may change %s; chown root and chmod "
			   "go-w it",
			   program);
}

/* ---- keys and the cgroup ---- */

static void check_api_keys(struct check *check)
{
	const struct config_policy *policy = &check->config->policy;
	const char *where = where_of(check, "policy", "api-key-file");
	const char *what = "[policy] api-key-file";
	struct fault fault = { 0 };
	struct api_keys keys;

	if (policy->dovecot.kind != LISTEN_OFF &&
	    check_may_read(check, where, what, policy->key_file) &&
	    api_keys_load(policy->key_file, &keys, &fault))
		check_tell_file(check, where, what, &fault, "");
}

static int read_signer(const char *path, struct fault *fault)
{
	struct fleet_signer signer;
	int error = fleet_key_read(path, &signer, fault);

	fleet_wipe(&signer, sizeof(signer));
	return error;
}

static int read_secrets(const char *path, struct fault *fault)
{
	uint8_t secrets[FLEET_SECRETS_MAX][FLEET_KEY_SIZE];
	size_t count;
	int error = fleet_secret_read(path, secrets, FLEET_SECRETS_MAX, &count, fault);

	fleet_wipe(secrets, sizeof(secrets));
	return error;
}

static int read_password(const char *path, struct fault *fault)
{
	char *password = NULL;
	int error = fleet_password_read(path, &password, fault);

	if (password)
		fleet_wipe(password, strlen(password));
	free(password);
	return error;
}

static void check_fleet_keys(struct check *check)
{
	const struct config_fleet *fleet = &check->config->fleet;
	const struct {
		const char *key, *what, *path;
		int (*read)(const char *path, struct fault *fault);
	} files[] = {
		{ "key", "[fleet] key", fleet->key_file, read_signer },
		{ "secret", "[fleet] secret", fleet->secret_file, read_secrets },
		{ "password-file", "[fleet] password-file", fleet->password_file, read_password },
	};

	if (!fleet->server)
		return;
	(void)fleet_crypto_ready();
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		const char *where = where_of(check, "fleet", files[i].key);
		struct fault fault = { 0 };

		if (files[i].path && check_may_read(check, where, files[i].what, files[i].path) &&
		    files[i].read(files[i].path, &fault))
			check_tell_file(check, where, files[i].what, &fault, "");
	}
	check_authorities(check, where_of(check, "fleet", "ca-file"), "[fleet] ca-file",
			  fleet->ca_file);
}

void check_keys(struct check *check)
{
	check_api_keys(check);
	check_fleet_keys(check);
}

void check_cgroup(struct check *check)
{
	const char *path = check->config->cgroup, *where = where_of(check, "gate", "cgroup");
	struct statfs system;
	struct stat status;

	if (!path)
		return;
	if (stat(path, &status) || statfs(path, &system))
		check_tell(&check->report, errno != EACCES, where, "[gate] cgroup: %s: %s%s", path,
			   strerror(errno), remedy(-errno));
	else if (!S_ISDIR(status.st_mode) || system.f_type != CGROUP2_SUPER_MAGIC)
		check_tell(&check->report, true, where,
			   "[gate] cgroup: %s is no folder of cgroup2; name one, as "
			   "/sys/fs/cgroup/system.slice, or leave 'cgroup' out",
			   path);
}
