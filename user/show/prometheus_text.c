// SPDX-License-Identifier: GPL-2.0-or-later
/* The text exposition format's own rules (prometheus.h). Pure. */
#include "show/prometheus.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "show/visible.h"

void prometheus_family(FILE *out, const char *name, const char *help)
{
	static const char total[] = "_total";
	size_t length = strlen(name), end = sizeof(total) - 1;
	bool counts = length > end && !strcmp(name + length - end, total);

	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
		counts ? "counter" : "gauge");
}

/* Escapes what the format demands. Bytes that are not UTF-8 are replaced, since they would make a
 * scraper refuse the whole text. If out of memory, the label is "?", which is better than no
 * metrics. */
static void write_label(FILE *out, char separator, const char *name, const char *value)
{
	_cleanup_free_ char *clean = utf8_clean(value);

	fprintf(out, "%c%s=\"", separator, name);
	for (const char *at = clean ? clean : "?"; *at; at++) {
		if (*at == '\n')
			fputs("\\n", out);
		else if (*at == '\\' || *at == '"')
			fprintf(out, "\\%c", *at);
		else
			fputc(*at, out);
	}
	fputc('"', out);
}

void prometheus_sample(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, "%s %" PRIu64 "\n", name, value);
}

void prometheus_sample1(FILE *out, const char *name, const char *key, const char *text,
			uint64_t value)
{
	fputs(name, out);
	write_label(out, '{', key, text);
	fprintf(out, "} %" PRIu64 "\n", value);
}

void prometheus_sample2(FILE *out, const char *name, const char *key, const char *text,
			const char *key2, const char *text2, uint64_t value)
{
	fputs(name, out);
	write_label(out, '{', key, text);
	write_label(out, ',', key2, text2);
	fprintf(out, "} %" PRIu64 "\n", value);
}

void prometheus_value(FILE *out, const char *name, const char *help, uint64_t value)
{
	prometheus_family(out, name, help);
	prometheus_sample(out, name, value);
}
