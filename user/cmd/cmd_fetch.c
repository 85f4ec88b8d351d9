// SPDX-License-Identifier: GPL-2.0-or-later
/* `sekisho fetch`: fetches the lists that other servers keep into the folder of feeds, where the
 * daemon finds them. Not here: the transfer. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "enforce/instance.h"
#include "feed/crowdsec.h"
#include "feed/data_feed.h"
#include "feed/dns_names.h"
#include "feed/download.h"
#include "feed/feed_key.h"
#include "lists/input.h"
#include "lists/text.h"

#define LEFT_S 3600

struct fetch {
	const struct config *config;
	bool now;
	char **names;
	size_t count;
};

static void say_refused(size_t line, const char *reason, void *context)
{
	unsigned *said = context;

	if ((*said)++ < 5)
		fprintf(stderr, "line %zu: %s\n", line, reason);
}

/* Reads a fetched file as the daemon will: an unusable one must not replace the present one. */
static int check_file(const struct config_list *list, const char *path, uint64_t *prefixes,
		      struct fault *fault)
{
	_cleanup_(input_free) struct input input = { 0 };
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	unsigned said = 0;
	struct list_callbacks callbacks = { .refused = say_refused, .context = &said };
	struct list_options options = { .allow = list->allow,
					.feed = true,
					.stream = list->crowdsec,
					.now_s = clock_wall_ns() / NS_PER_S };
	struct list_report report;
	int error = input_read_file(path, &input, fault);

	if (!error)
		error = list_read(input.text, input.size, &options, &callbacks, &ranges, &report,
				  fault);
	if (error)
		return error;
	*prefixes = report.prefixes;
	return feed_judge(&ranges, 0, fault);
}

/* Asks a CrowdSec LAPI, and makes a list of its answer. */
static int follow(const struct config *config, const struct config_list *list,
		  struct download *transfer, const char *path, struct fault *fault)
{
	int64_t now_s = clock_wall_ns() / NS_PER_S;
	bool whole = crowdsec_begin(config, list, now_s);
	_cleanup_free_ char *url = crowdsec_url(list->url, whole);
	int error;

	if (!url)
		return fault_set(fault, -ENOMEM, "no memory");
	transfer->url = url;
	error = download(transfer, fault);
	transfer->url = list->url;
	return error ? error : crowdsec_apply(list, path, transfer->fd, whole, now_s, fault);
}

static bool is_data(const struct config *config, const struct config_list *feed)
{
	return feed >= config->data_feeds && feed < config->data_feeds + CONFIG_DATA_COUNT;
}

/* Downloads into `path`, which was just created, and checks it. */
static int fetch_into(const struct config *config, const struct config_list *list,
		      struct download *transfer, const char *path, uint64_t *prefixes,
		      struct fault *fault)
{
	int error = list->crowdsec ? follow(config, list, transfer, path, fault)
				   : download(transfer, fault);

	if (!error && !transfer->unchanged && fsync(transfer->fd))
		error = fault_set(fault, -errno, "cannot write %s: %s", path, strerror(errno));
	if (error || transfer->unchanged)
		return error;
	error = is_data(config, list)
			? data_feed_check(list == &config->data_feeds[CONFIG_COUNTRIES]
						  ? CONFIG_COUNTRIES
						  : CONFIG_PROVIDERS,
					  list, path, transfer->fd, prefixes, fault)
			: check_file(list, path, prefixes, fault);
	if (error)
		return error;
	/* readable for the daemon, and for everybody else */
	if (fchmod(transfer->fd, 0644) || rename(path, list->file))
		return fault_set(fault, -errno, "cannot replace %s: %s", list->file,
				 strerror(errno));
	if (list->crowdsec)
		crowdsec_end(config, list);
	return 0;
}

/* Removes what killed fetches have left: up to FEED_MOST_BYTES each time. The file of a running
 * fetch is younger than LEFT_S. */
static void remove_left(const struct config *config, const char *name)
{
	int64_t now_s = clock_wall_ns() / NS_PER_S;
	char pattern[PATH_MAX];
	struct stat about;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/.%s.??????", config->paths.feeds, name);
	if (glob(pattern, GLOB_NOSORT, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (!lstat(found.gl_pathv[i], &about) && about.st_mtim.tv_sec < now_s - LEFT_S)
			unlink(found.gl_pathv[i]);
	globfree(&found);
}

static int fetch_list(const struct config *config, const struct config_list *list,
		      struct fault *fault)
{
	_cleanup_close_ int fd = -1;
	struct feed_seen seen;
	bool data = is_data(config, list);
	const char *key_file = data ? config->data_key_file : list->key_file;
	struct download transfer = { .url = list->url,
				     .authorities = data ? config->data_authorities
							 : list->authorities,
				     .seen = &seen };
	char path[PATH_MAX], header[FEED_KEY_MOST];
	uint64_t prefixes = 0;
	int error;

	if (key_file) {
		error = feed_key_read(key_file, header, fault);
		if (error)
			return error;
		transfer.header = header;
	}
	feed_seen_read(config, list->name, &seen);
	if (list->crowdsec || access(list->file, R_OK))
		seen = (struct feed_seen){ 0 }; /* there is no file that could be unchanged */
	remove_left(config, list->name);
	snprintf(path, sizeof(path), "%s/.%s.XXXXXX", config->paths.feeds, list->name);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return fault_set(fault, -errno,
				 "cannot write to %s: %s; the unit sekisho-fetch.service makes it",
				 config->paths.feeds, strerror(errno));
	transfer.fd = fd;
	error = fetch_into(config, list, &transfer, path, &prefixes, fault);
	if (error || transfer.unchanged)
		unlink(path);
	if (!error)
		error = feed_seen_write(config, list->name, &seen, fault);
	if (error)
		return error;
	if (transfer.unchanged)
		printf("%s: unchanged\n", list->name);
	else
		printf("%s: %" PRIu64 " %s\n", list->name, prefixes, data ? "ranges" : "prefixes");
	return 0;
}

static bool is_due(const struct fetch *fetch, const struct config_list *list)
{
	int64_t now_s = clock_wall_ns() / NS_PER_S;
	struct feed_seen seen;

	feed_seen_read(fetch->config, list->name, &seen);
	/* a check in the future is that of a wrong clock */
	return fetch->now || access(list->file, R_OK) || seen.checked_s > now_s ||
	       now_s - seen.checked_s >= (int64_t)list->every_s;
}

static bool is_named(const struct fetch *fetch, const char *name)
{
	for (size_t i = 0; i < fetch->count; i++)
		if (!strcmp(fetch->names[i], name))
			return true;
	return !fetch->count;
}

/* Allows one fetch at a time: two would overwrite each other's notes of what was seen. The lock
 * ends with this process. */
static void wait_for_others(const struct config *config)
{
	int fd = open(config->paths.feeds, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || !flock(fd, LOCK_EX | LOCK_NB))
		return; /* without a folder nothing can be overwritten, and the fetch reports it */
	cmd_warn(&cmd_fetch, "another fetch is at work; this one waits for its end");
	while (flock(fd, LOCK_EX) && errno == EINTR)
		;
}

/* Fetches all lists that are due; a failure does not keep the others from being fetched. Each run
 * begins with a random list, since slow servers may take all the time that the unit has. */
static int fetch_all(const struct fetch *fetch)
{
	size_t count = 0, first = 0;
	struct fault names = { 0 };
	int status = EXIT_DONE;

	wait_for_others(fetch->config);
	if (!fetch->count && dns_names_fetch(fetch->config, clock_wall_ns() / NS_PER_S, &names))
		status = cmd_failed(&cmd_fetch, &names);
	while (config_feed(fetch->config, count))
		count++;
	if (count)
		first = arc4random_uniform((uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		const struct config_list *list = config_feed(fetch->config, (first + i) % count);
		struct fault fault = { 0 };

		if (!is_named(fetch, list->name) || !is_due(fetch, list))
			continue;
		if (!fetch_list(fetch->config, list, &fault))
			continue;
		fault_prefix(&fault, is_data(fetch->config, list) ? "%s" : "list %s", list->name);
		status = cmd_failed(&cmd_fetch, &fault);
	}
	return status;
}

static int check_names(const struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->count; i++) {
		const struct config_list *feed;
		bool known = false;

		for (size_t j = 0; (feed = config_feed(fetch->config, j)); j++)
			known |= !strcmp(feed->name, fetch->names[i]);
		if (!known) {
			struct fault fault;

			fault_set(&fault, -ENOENT,
				  "there is no [list %.60s] with 'url' or 'crowdsec'",
				  fetch->names[i]);
			return cmd_failed(&cmd_fetch, &fault);
		}
	}
	return EXIT_DONE;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = { { "now", no_argument, NULL, 'n' }, { 0 } };
	_cleanup_(instance_close) struct instance instance = { .lock_fd = -1 };
	struct fetch fetch = { 0 };
	int status;

	for (int c; (c = getopt_long(argc, argv, ":n", options, NULL)) != -1;) {
		if (c == '?')
			return cmd_bad_option(&cmd_fetch, options, c, argv);
		fetch.now = true;
	}
	fetch.names = argv + optind;
	fetch.count = (size_t)(argc - optind);
	if (cmd_open(&cmd_fetch, globals, INSTANCE_CONFIG, &instance))
		return EXIT_FAILED;
	fetch.config = instance.config;
	umask(0022);
	status = check_names(&fetch);
	return status ? status : fetch_all(&fetch);
}

const struct command cmd_fetch = {
	.name = "fetch",
	.summary = "fetch lists and country data that others keep; never-ban's names",
	.usage = "[--now] [NAME...]",
	.help = "Fetches over HTTPS each [list] with 'url' or 'crowdsec' that is due by its "
		"'every', or the named ones, and asks only for what has changed. Data that "
		"cannot be used does not replace what is there, and the exit status is 1: a "
		"web page, a file that was cut short, one of more than 64 MiB, prefixes "
		"wider than /12, more than 2 % of all addresses. The daemon notices the new "
		"file within seconds. sekisho-fetch.timer runs this command every quarter "
		"of an hour, as a user without any right. The DNS names in [gate] never-ban "
		"are resolved each time, unless lists are named. The data of [country] "
		"'url' and 'provider-url' is fetched in the same way, as country-data and "
		"provider-data; data of less than half the size of what was there before is "
		"refused.\n\n"
		"  -n, --now  fetches also lists that are not due\n\n"
		"Needs no root, only the folder of [paths] feeds.\n",
	.run = run,
};
