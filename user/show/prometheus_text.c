// SPDX-License-Identifier: GPL-2.0-or-later
/* The text exposition format's own rules (prometheus.h). Pure. */
#include "show/prometheus.h"

#include <inttypes.h>
#include <stdlib.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "show/visible.h"

void prometheus_family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Escapes what the format wants escaped; bytes that are not UTF-8 would make a scraper refuse the
 * whole text, and are replaced. Out of memory the label is "?", which beats no metrics. */
void prometheus_label(FILE *out, const char *separator, const char *name, const char *value)
{
	_cleanup_free_ char *clean = utf8_clean(value);

	fprintf(out, "%s%s=\"", separator, name);
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
	prometheus_label(out, "{", key, text);
	fprintf(out, "} %" PRIu64 "\n", value);
}

void prometheus_time(FILE *out, const char *name, int64_t wall_ns)
{
	fprintf(out, "%s %" PRId64 "\n", name, (int64_t)(wall_ns / NS_PER_S));
}
