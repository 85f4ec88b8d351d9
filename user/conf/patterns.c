// SPDX-License-Identifier: GPL-2.0-or-later
/* [pattern NAME]: its text, over several lines, and what it comes to. Not here: what a pattern
 * means (log/pattern.h). */
#include "conf/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long conf_open_pattern(struct conf_load *load, const char *name)
{
	struct config *config = load->config;
	struct config_pattern *patterns =
		conf_append(load, config->patterns, &config->pattern_count, sizeof(*patterns));

	if (!patterns)
		return -1;
	config->patterns = patterns;
	patterns += config->pattern_count - 1;
	snprintf(patterns->name, CONFIG_NAME_SIZE, "%s", name);
	patterns->kind = EVENT_FAILURE;
	return (long)config->pattern_count - 1;
}

void conf_text(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	char **text = (char **)((char *)base + key->offset), *longer = NULL;

	if (load->commented) {
		conf_fault(load, NULL,
			   "'%s': a '#' or ';' behind a blank begins a comment; write \\x23 or "
			   "\\x3b, and comments on lines of their own",
			   key->name);
		return;
	}
	if (asprintf(&longer, "%s%s", load->continued && *text ? *text : "", value) < 0) {
		conf_out_of_memory(load);
		return;
	}
	free(*text);
	*text = longer;
}

void conf_compile_pattern(struct conf_load *load, const struct conf_use *use)
{
	struct config_pattern *pattern = &load->config->patterns[use->index];
	struct conf_where where = conf_key_where(use, "pattern");
	struct pattern_rule rule = { .expression = pattern->expression,
				     .program = pattern->daemon,
				     .kind = pattern->kind,
				     .service = pattern->service };
	struct fault fault = { 0 };
	int error;

	if (!rule.expression)
		return; /* reported */
	error = patterns_add(&load->config->compiled_patterns, &rule, &fault);
	if (error == -ENOMEM)
		conf_out_of_memory(load);
	else if (error)
		conf_fault(load, &where, "the pattern '%s' cannot be used: %s", pattern->name,
			   fault.text);
}
