// SPDX-License-Identifier: GPL-2.0-or-later
/* See list_files_watch.h. */
#include "daemon/list_files_watch.h"

#include <sys/stat.h>

#include "base/time.h"
#include "daemon/refresh.h"
#include "daemon/daemon_log.h"

#define EVERY_NS (2 * (uint64_t)NS_PER_S)
#define AGAIN_S	 60

/* FNV-1a over what tells versions of a file apart. */
static uint64_t mix(uint64_t hash, uint64_t value)
{
	for (unsigned i = 0; i < 64; i += 8)
		hash = (hash ^ (value >> i & 0xff)) * 0x100000001b3;
	return hash;
}

static uint64_t mix_file(uint64_t hash, const char *path)
{
	struct stat about;

	if (!path || stat(path, &about))
		return mix(hash, 0);
	hash = mix(hash, (uint64_t)about.st_ino);
	hash = mix(hash, (uint64_t)about.st_size);
	hash = mix(hash, (uint64_t)about.st_mtim.tv_sec);
	return mix(hash, (uint64_t)about.st_mtim.tv_nsec);
}

static uint64_t look(const struct config *config)
{
	uint64_t hash = 0xcbf29ce484222325;
	bool by_provider = false;

	for (size_t i = 0; i < config->list_count; i++) {
		hash = mix_file(hash, config->lists[i].file);
		by_provider |= config->lists[i].provider_count;
	}
	for (size_t i = 0; i < config->provider_file_count && by_provider; i++)
		hash = mix_file(hash, config->provider_files[i]);
	for (size_t i = 0; i < config->country_file_count; i++)
		hash = mix_file(hash, config->country_files[i]);
	return hash;
}

/* Whether an entry of a list has ended, or the lists changed since their next end was computed.
 * True once for each: an end that could not be stored is tried again AGAIN_S later. */
static bool ends_are_due(struct daemon *daemon)
{
	int64_t now_s = clock_wall_ns() / NS_PER_S;
	uint64_t generation;

	if (!daemon->instance.store ||
	    store_generation(daemon->instance.store, &generation, NULL) ||
	    (generation == daemon->ends_generation && now_s < daemon->lists_end_s))
		return false;
	daemon->ends_generation = generation;
	daemon->lists_end_s = now_s + AGAIN_S;
	return true;
}

static void on_read(struct daemon *daemon, int error, const struct fault *fault)
{
	if (error)
		daemon_fault(daemon, "changed lists or country data: %s; the old ones hold",
			     fault->text);
}

/* A file is read once it did not change for one round, since it may be written slowly. */
static void on_round(void *context)
{
	struct daemon *daemon = context;
	uint64_t now = look(daemon->instance.config);
	bool changed = now != daemon->sources_read && now == daemon->sources_seen;
	struct fault fault = { 0 };

	daemon->sources_seen = now;
	if (refresh_is_running(daemon) || daemon->reloading || (!changed && !ends_are_due(daemon)))
		return;
	if (!refresh_start(daemon, 0, on_read, &fault) && changed)
		daemon->sources_read = now;
}

int list_files_watch(struct daemon *daemon)
{
	daemon->sources_seen = daemon->sources_read = look(daemon->instance.config);
	daemon->lists_end_s = daemon->instance.lists_end_s;
	daemon->ends_generation = daemon->instance.lists_generation;
	return loop_every(daemon->loop, EVERY_NS, on_round, daemon);
}
