// SPDX-License-Identifier: GPL-2.0-or-later
/* See last_minute.h. */
#include "show/last_minute.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/file.h"
#include "show/json.h"

#define MEMBERS	  4
#define BYTES_MAX (1U << 20)

static uint64_t *members_of(struct snapshot_sum *sum, size_t member)
{
	uint64_t *members[MEMBERS] = { &sum->attempts, &sum->dropped, &sum->would_drop,
				       &sum->handshakes };

	return members[member];
}

static void complete(struct snapshot_sum *sum)
{
	sum->passed = sum->attempts > sum->dropped ? sum->attempts - sum->dropped : 0;
}

void sample_take(struct counts_sample *sample, const struct gate_counts *counts, uint64_t boot_ns)
{
	*sample = (struct counts_sample){ .boot_ns = boot_ns };
	for (unsigned service = 0; service < SERVICE_MAX; service++) {
		struct snapshot_sum *sum = &sample->services[service];

		for (unsigned country = 0; country < COUNTRY_COUNT; country++) {
			const struct country_counts *at = &counts->countries[service][country];

			sum->attempts += at->attempts;
			sum->dropped += at->dropped;
			sum->would_drop += at->would_drop;
			sum->handshakes += at->handshakes;
		}
		complete(sum);
	}
}

int minute_write(const char *directory, const struct counts_sample *sample, struct fault *fault)
{
	_cleanup_(cleanup_json) json_t *services = json_array();
	_cleanup_free_ char *text = NULL, *path = NULL;
	struct counts_sample copy = *sample;

	for (unsigned id = 0; id < SERVICE_MAX; id++) {
		json_t *numbers = json_array();

		for (size_t i = 0; i < MEMBERS; i++)
			json_array_append_new(numbers,
					      json_count(*members_of(&copy.services[id], i)));
		if (!json_add(services, numbers))
			return fault_set(fault, -ENOMEM, "out of memory");
	}
	text = json_line(json_pack("{s:o,s:O}", "boot_ns", json_count(sample->boot_ns), "services",
				   services));
	if (!text || asprintf(&path, "%s/" MINUTE_FILE, directory) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	return file_replace(path, text, strlen(text), fault);
}

int minute_read(const char *directory, struct counts_sample *sample, struct fault *fault)
{
	_cleanup_(cleanup_json) json_t *root = NULL;
	_cleanup_free_ char *path = NULL, *text = NULL;
	const json_t *services;
	size_t size = 0;
	int err;

	if (asprintf(&path, "%s/" MINUTE_FILE, directory) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = file_read_regular(path, BYTES_MAX, &text, &size);
	if (err)
		return fault_set(fault, err, "cannot read %s: %s", path, strerror(-err));
	root = json_loadb(text, size, 0, NULL);
	services = json_object_get(root, "services");
	*sample = (struct counts_sample){ .boot_ns = json_count_value(
						  json_object_get(root, "boot_ns")) };
	if (!sample->boot_ns || !json_is_array(services))
		return fault_set(fault, -EBADMSG,
				 "%s is not a file of sekisho; remove it, the daemon writes a new "
				 "one",
				 path);
	for (unsigned id = 0; id < SERVICE_MAX; id++) {
		for (size_t i = 0; i < MEMBERS; i++)
			*members_of(&sample->services[id], i) =
				json_count_value(json_array_get(json_array_get(services, id), i));
		complete(&sample->services[id]);
	}
	return 0;
}

bool minute_between(const struct counts_sample *then, const struct counts_sample *now,
		    struct snapshot_sum services[SERVICE_MAX], uint64_t *ns)
{
	struct counts_sample a = *then, b = *now;

	if (now->boot_ns <= then->boot_ns)
		return false;
	*ns = now->boot_ns - then->boot_ns;
	for (unsigned id = 0; id < SERVICE_MAX; id++) {
		services[id] = (struct snapshot_sum){ 0 };
		for (size_t i = 0; i < MEMBERS; i++) {
			uint64_t before = *members_of(&a.services[id], i);
			uint64_t after = *members_of(&b.services[id], i);

			if (after < before)
				return false;
			*members_of(&services[id], i) = after - before;
		}
		complete(&services[id]);
	}
	return true;
}
