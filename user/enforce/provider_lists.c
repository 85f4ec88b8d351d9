// SPDX-License-Identifier: GPL-2.0-or-later
/* See provider_lists.h. */
#include "enforce/provider_lists.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "lists/country.h"
#include "lists/providers.h"

#define MOST_PERCENT 25
#define FNV_BASE     0xcbf29ce484222325
#define FNV_PRIME    0x100000001b3

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
	for (const uint8_t *at = bytes; size; size--)
		hash = (hash ^ *at++) * FNV_PRIME;
	return hash;
}

void provider_list_describe(const struct config *config, const struct config_list *wanted,
			    struct store_list *list)
{
	uint64_t hash = mix(FNV_BASE, wanted->providers,
			    wanted->provider_count * sizeof(*wanted->providers));
	size_t used = 0;

	list->source[0] = '\0';
	for (size_t i = 0; i < wanted->provider_count; i++) {
		bool last = used + 32 > sizeof(list->source);

		used += (size_t)snprintf(list->source + used, sizeof(list->source) - used,
					 last ? " ..." : "%sAS%u", i ? " " : "",
					 wanted->providers[i]);
		if (last)
			break;
	}
	list->source_size = 0;
	for (size_t i = 0; i < config->provider_file_count; i++) {
		const char *path = config->provider_files[i];
		struct stat about;

		if (stat(path, &about))
			continue;
		hash = mix(hash, path, strlen(path) + 1);
		hash = mix(hash, &about.st_mtim.tv_sec, sizeof(about.st_mtim.tv_sec));
		hash = mix(hash, &about.st_mtim.tv_nsec, sizeof(about.st_mtim.tv_nsec));
		list->source_size += (uint64_t)about.st_size;
	}
	list->source_mtime_ns = hash & INT64_MAX;
}

/* Leaves out what a deny list must not hold: private and own addresses. */
static int leave_out(const struct ranges *all, const struct prefix *own, size_t own_count,
		     struct ranges *rest)
{
	_cleanup_(ranges_free) struct ranges out = { 0 };
	int error = country_add_lan(&out);

	for (size_t i = 0; i < own_count && !error; i++) {
		struct prefix host = { own[i].address, 128 };

		error = ranges_add_prefix(&out, &host, 0);
	}
	if (!error)
		error = ranges_normalise(&out);
	return error ? error : ranges_subtract(rest, all, &out);
}

static int select_all(const struct config *config, const struct config_list *wanted,
		      provider_list_absent *absent, void *context, struct ranges *all,
		      struct fault *fault)
{
	_cleanup_free_ bool *found = calloc(wanted->provider_count + 1, sizeof(*found));
	struct providers *providers = NULL;
	size_t count = 0;
	int error;

	if (!found)
		return fault_set(fault, -ENOMEM, "out of memory");
	error = providers_load(config->provider_files, config->provider_file_count,
			       config->provider_files_default, &providers, fault);
	if (!error && !providers)
		error = fault_set(
			fault, -ENOENT,
			"there is no provider data: install libloc-database and location, and run "
			"`location update`, or name a file in [country] providers");
	if (!error)
		error = providers_select(providers, wanted->providers, wanted->provider_count,
					 found, all, fault);
	providers_free(providers);
	for (size_t i = 0; i < wanted->provider_count && !error; i++) {
		count += found[i];
		if (!found[i])
			absent(wanted->providers[i], context);
	}
	if (!error && !count)
		error = fault_set(fault, -ENOENT,
				  "the provider data has no address of its providers; `sekisho "
				  "country --provider ADDR` names an address' provider");
	return error;
}

int provider_list_read(const struct config *config, const struct config_list *wanted,
		       const struct prefix *own, size_t own_count, provider_list_absent *absent,
		       void *context, struct ranges *ranges, struct fault *fault)
{
	_cleanup_(ranges_free) struct ranges all = { 0 };
	int error;

	*ranges = (struct ranges){ 0 };
	error = select_all(config, wanted, absent, context, wanted->allow ? ranges : &all, fault);
	if (error || wanted->allow)
		return error;
	if (ranges_exceed(&all, MOST_PERCENT))
		return fault_set(fault, -EBADMSG,
				 "the provider data gives its providers more than a quarter of all "
				 "addresses: it is damaged; fetch it again (location update)");
	if (leave_out(&all, own, own_count, ranges))
		return fault_set(fault, -ENOMEM, "out of memory");
	return 0;
}
