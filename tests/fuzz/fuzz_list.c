// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a list, and as country data. The first byte chooses the options. Beside memory
 * errors: what was taken into a deny list without force is neither wider than a list may have nor
 * loopback, and what is written out reads back as the same.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lists/country.h"
#include "lists/text.h"
#include "lists/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void refused(size_t line, const char *reason, void *context)
{
	if (!line || !*reason || strlen(reason) > 1000)
		abort();
	(*(size_t *)context)++;
}

static int check_prefix(const struct prefix *prefix, uint32_t value, void *context)
{
	const struct list_report *report = context;

	/* Only what ends has a value (lists/ends.h). */
	if ((value && !report->timed) || (prefix_is4(prefix) && prefix->address.byte[12] == 127))
		abort();
	return 0;
}

static void read_back(const struct ranges *ranges)
{
	struct list_options options = { .allow = true };
	struct list_report report;
	struct ranges again;
	struct fault fault;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out || ranges_write(ranges, out, &fault))
		abort();
	fclose(out);
	if (size &&
	    (list_read(text, size, &options, NULL, &again, &report, &fault) || report.refused ||
	     again.count4 != ranges->count4 || again.count6 != ranges->count6))
		abort();
	if (size)
		ranges_free(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct list_options options = { 0 };
	size_t refusals = 0;
	struct list_callbacks callbacks = { .refused = refused, .context = &refusals };
	struct list_report report;
	struct ranges ranges = { 0 };
	struct fault fault;

	if (!size)
		return 0;
	options.allow = data[0] & 1;
	options.force = data[0] & 2;
	options.mask = data[0] & 4;
	if (!list_read((const char *)data + 1, size - 1, &options, &callbacks, &ranges, &report,
		       &fault)) {
		if (!options.allow && !options.force)
			ranges_each_prefix(&ranges, check_prefix, &report);
		/* Ends are not written. */
		if (!report.timed && ranges_count_prefixes(&ranges) < 1000)
			read_back(&ranges);
	}
	/* What is skipped may be remarked on as well. */
	if (refusals < report.refused || refusals > report.refused + report.skipped)
		abort();
	ranges_free(&ranges);
	country_read(data[0] & 8 ? "jp.zone" : "geoip", (const char *)data + 1, size - 1, &ranges,
		     &fault);
	if (ranges_normalise(&ranges))
		abort();
	ranges_free(&ranges);
	return 0;
}
