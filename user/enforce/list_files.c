// SPDX-License-Identifier: GPL-2.0-or-later
/* See list_files.h. */
#include "enforce/list_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "conf/ban_services.h"
#include "enforce/provider_lists.h"
#include "feed/feed.h"
#include "lists/country.h"
#include "lists/ends.h"
#include "lists/input.h"
#include "lists/text.h"
#include "net/devices.h"

struct list_files_refresh {
	struct instance *instance;
	int64_t now_wall_ns;
	list_files_log *log;
	void *context;
};

__attribute__((format(printf, 3, 4))) static void log_it(const struct list_files_refresh *refresh,
							 bool fault, const char *format, ...)
{
	char text[1536];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	refresh->log(fault, text, refresh->context);
}

static uint64_t mtime_of(const struct stat *about)
{
	return (uint64_t)about->st_mtim.tv_sec * 1000000000U + (uint64_t)about->st_mtim.tv_nsec;
}

struct refusals {
	const struct list_files_refresh *refresh;
	const char *file;
	size_t said;
};

#define REFUSALS_SAID 5

static void on_refused(size_t line, const char *reason, void *context)
{
	struct refusals *refusals = context;

	if (refusals->said++ < REFUSALS_SAID)
		log_it(refusals->refresh, true, "%s:%zu: %s", refusals->file, line, reason);
}

static int read_list(const struct list_files_refresh *refresh, const struct config_list *wanted,
		     struct store_list *list)
{
	_cleanup_(input_free) struct input input = { 0 };
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	_cleanup_free_ struct prefix *own = NULL;
	struct refusals refusals = { .refresh = refresh, .file = wanted->file };
	struct list_callbacks callbacks = { .refused = on_refused, .context = &refusals };
	struct list_options options = { .allow = wanted->allow,
					.feed = wanted->url != NULL,
					.stream = wanted->crowdsec,
					.now_s = refresh->now_wall_ns / NS_PER_S };
	struct list_report report = { 0 };
	struct fault fault = { 0 };
	int err;

	if (!devices_own(&own, &options.own_count, NULL))
		options.own = own;
	err = input_read_file(wanted->file, &input, &fault);
	if (!err)
		err = list_read(input.text, input.size, &options, &callbacks, &ranges, &report,
				&fault);
	if (!err && wanted->url)
		err = feed_judge(&ranges, list->prefixes, &fault);
	if (!err) {
		list->allow = wanted->allow;
		list->code = wanted->code;
		list->updated_wall_ns = refresh->now_wall_ns;
		list->prefixes = report.prefixes;
		list->source_mtime_ns = input.mtime_ns;
		list->source_size = input.file_size;
		snprintf(list->source, sizeof(list->source), "%s", wanted->file);
		config_keep_services(refresh->instance->config, wanted->name, list->services);
		err = store_list_put(refresh->instance->store, list, &ranges, &fault);
	}
	if (err) {
		log_it(refresh, true, "list %s: %s; the old one stays", wanted->name, fault.text);
		return err;
	}
	log_it(refresh, false, "list %s: %" PRIu64 " prefixes from %s%s", wanted->name,
	       report.prefixes, wanted->file, report.refused ? ", some lines refused" : "");
	return 0;
}

static void on_absent(uint32_t number, void *context)
{
	const struct refusals *about = context;

	log_it(about->refresh, true, "list %s: the provider data has no address of AS%u",
	       about->file, number);
}

/* As read_list(), for a list of providers; `list` is already described. */
static int read_provider_list(const struct list_files_refresh *refresh,
			      const struct config_list *wanted, struct store_list *list)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	_cleanup_free_ struct prefix *own = NULL;
	struct refusals about = { .refresh = refresh, .file = wanted->name };
	struct fault fault = { 0 };
	size_t own_count = 0;
	int err;

	if (devices_own(&own, &own_count, NULL))
		own_count = 0;
	err = provider_list_read(refresh->instance->config, wanted, own, own_count, on_absent,
				 &about, &ranges, &fault);
	if (!err) {
		list->allow = wanted->allow;
		list->code = wanted->code;
		list->updated_wall_ns = refresh->now_wall_ns;
		list->prefixes = ranges_count_prefixes(&ranges);
		config_keep_services(refresh->instance->config, wanted->name, list->services);
		err = store_list_put(refresh->instance->store, list, &ranges, &fault);
	}
	if (err) {
		log_it(refresh, true, "list %s: %s; the old one stays", wanted->name, fault.text);
		return err;
	}
	log_it(refresh, false, "list %s: %" PRIu64 " prefixes of %s", wanted->name, list->prefixes,
	       list->source);
	return 0;
}

static int refresh_provider_list(const struct list_files_refresh *refresh,
				 const struct config_list *wanted)
{
	struct store_list now = { 0 }, list = { 0 };

	provider_list_describe(refresh->instance->config, wanted, &list);
	if (!store_list_get(refresh->instance->store, wanted->name, &now, NULL, NULL) &&
	    !strcmp(now.source, list.source) && now.allow == wanted->allow &&
	    now.code == wanted->code && now.source_mtime_ns == list.source_mtime_ns &&
	    now.source_size == list.source_size)
		return 0;
	snprintf(list.name, sizeof(list.name), "%s", wanted->name);
	return read_provider_list(refresh, wanted, &list) ? 0 : 1;
}

/* Refreshes one list. 1: it changed; 0: not. If the file is missing or bad, the store keeps what it
 * has. */
static int refresh_list(const struct list_files_refresh *refresh, const struct config_list *wanted)
{
	struct store_list list = { 0 };
	struct fault fault = { 0 };
	struct stat about;
	bool known;

	if (wanted->provider_count)
		return refresh_provider_list(refresh, wanted);
	if (!wanted->file)
		return 0;
	known = !store_list_get(refresh->instance->store, wanted->name, &list, NULL, &fault);
	if (wanted->url && !known && access(wanted->file, F_OK)) {
		log_it(refresh, true,
		       "list %s: not fetched yet; `systemctl enable --now "
		       "sekisho-fetch.timer`, or `sekisho fetch`",
		       wanted->name);
		return 0;
	}
	/* The fetcher has no rights, and must not gain any by a link to a file that the daemon may
	 * read. */
	if (wanted->url && !lstat(wanted->file, &about) && !S_ISREG(about.st_mode)) {
		log_it(refresh, true, "list %s: %s is no file", wanted->name, wanted->file);
		return 0;
	}
	if (stat(wanted->file, &about)) {
		log_it(refresh, true, "list %s: cannot read %s: %s%s", wanted->name, wanted->file,
		       strerror(errno), known ? "; the old one stays" : "");
		return 0;
	}
	if (known && !strcmp(list.source, wanted->file) && list.allow == wanted->allow &&
	    list.code == wanted->code && list.source_mtime_ns == mtime_of(&about) &&
	    list.source_size == (uint64_t)about.st_size)
		return 0;
	snprintf(list.name, sizeof(list.name), "%s", wanted->name);
	return read_list(refresh, wanted, &list) ? 0 : 1;
}

/* Writes "PATH mtime size" for each file, to be compared with what the store has. malloc()ed. */
static char *describe_countries(const struct list_files_refresh *refresh, size_t *readable)
{
	const struct config *config = refresh->instance->config;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	*readable = 0;
	if (!out)
		return NULL;
	for (size_t i = 0; i < config->country_file_count; i++) {
		struct stat about;

		if (stat(config->country_files[i], &about)) {
			log_it(refresh, true, "countries: cannot read %s: %s",
			       config->country_files[i], strerror(errno));
			continue;
		}
		(*readable)++;
		fprintf(out, "%s%s %" PRIu64 " %lld", *readable > 1 ? "\n" : "",
			config->country_files[i], mtime_of(&about), (long long)about.st_size);
	}
	fclose(out);
	return text;
}

static int refresh_countries(const struct list_files_refresh *refresh)
{
	const struct config *config = refresh->instance->config;
	struct store *store = refresh->instance->store;
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	_cleanup_free_ char *wanted = NULL;
	char known[4096] = "";
	struct fault fault = { 0 };
	size_t readable;
	int err;

	wanted = describe_countries(refresh, &readable);
	if (!wanted)
		return -ENOMEM;
	if (!store_countries_get(store, known, sizeof(known), NULL, NULL, NULL) &&
	    !strcmp(known, wanted))
		return 0;
	if (readable < config->country_file_count) {
		log_it(refresh, true, "countries: %s",
		       *known ? "the data read before stays in force"
		       : config->data_feeds[CONFIG_COUNTRIES].url
			       ? "none known, every source is ZZ, until it has been fetched"
			       : "none known, every source is ZZ; the package tor-geoipdb has the "
				 "data, "
				 "[country] files names others");
		return 0;
	}
	err = country_load(config->country_files, config->country_file_count, &ranges, &fault);
	if (!err)
		err = store_countries_put(store, wanted, refresh->now_wall_ns, &ranges, &fault);
	if (err) {
		log_it(refresh, true, "countries: %s; what was known stays in force", fault.text);
		return 0;
	}
	log_it(refresh, false, "countries: %zu IPv4 and %zu IPv6 ranges", ranges.count4,
	       ranges.count6);
	return 1;
}

struct ending {
	const struct list_files_refresh *refresh;
	int64_t next_s;
	int changed; /* number of lists, or -errno */
};

/* Removes ended entries from one list. */
static int end_entries(const struct store_list *known, void *context)
{
	struct ending *ending = context;
	struct store *store = ending->refresh->instance->store;
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	struct store_list list = *known;
	struct fault fault = { 0 };
	size_t ended;
	int64_t next;

	if (store_list_get(store, list.name, &list, &ranges, &fault))
		return 0; /* publish_sync() reports it */
	next = ends_prune(&ranges, ending->refresh->now_wall_ns / NS_PER_S, &ended);
	if (next < ending->next_s)
		ending->next_s = next;
	if (!ended)
		return 0;
	list.prefixes = ranges_count_prefixes(&ranges);
	if (store_list_put(store, &list, &ranges, &fault)) {
		log_it(ending->refresh, true, "list %s: %zu entries have ended, but: %s", list.name,
		       ended, fault.text);
		return 0;
	}
	ending->changed++;
	return 0;
}

static int end_lists(const struct list_files_refresh *refresh)
{
	struct ending ending = { refresh, END_NEVER, 0 };
	int error = store_list_each(refresh->instance->store, end_entries, &ending, NULL);

	refresh->instance->lists_end_s = ending.next_s;
	if (store_generation(refresh->instance->store, &refresh->instance->lists_generation, NULL))
		refresh->instance->lists_generation = 0;
	return error ? error : ending.changed;
}

int list_files_refresh(struct instance *instance, int64_t now_wall_ns, list_files_log *say_it,
		       void *context)
{
	struct list_files_refresh refresh = { instance, now_wall_ns, say_it, context };
	int changed = refresh_countries(&refresh);

	for (size_t i = 0; i < instance->config->list_count && changed >= 0; i++)
		changed += refresh_list(&refresh, &instance->config->lists[i]);
	if (changed >= 0) {
		int ended = end_lists(&refresh);

		changed = ended < 0 ? ended : changed + ended;
	}
	return changed;
}
