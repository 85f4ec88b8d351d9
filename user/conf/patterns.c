// SPDX-License-Identifier: GPL-2.0-or-later
/* [pattern NAME]: its text, over several lines, and compiling it. Not here: what a pattern means
 * (log/pattern.h). */
#include "conf/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "conf/filter_file.h"

#define FILTER_LINES_MOST 256 /* expressions of a filter */

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

/* Splits the text of a filter's option into lines, a list that ends with NULL; changes `text`. */
static const char **split(char *text)
{
	const char **lines = calloc(FILTER_LINES_MOST + 1, sizeof(*lines));
	char *line, *rest = NULL;
	size_t count = 0;

	for (line = lines ? strtok_r(text, "\n", &rest) : NULL; line && count < FILTER_LINES_MOST;
	     line = strtok_r(NULL, "\n", &rest)) {
		line += strspn(line, " \t");
		if (*line)
			lines[count++] = line;
	}
	return lines;
}

struct filter_texts {
	char prefix[FILTER_TEXT_MOST], program[FILTER_TEXT_MOST];
	char failures[FILTER_TEXT_MOST], ignored[FILTER_TEXT_MOST];
};

static int expand_all(const struct filter_file *file, struct filter_texts *texts,
		      struct fault *fault)
{
	char program[FILTER_TEXT_MOST];
	int error = filter_file_expand(file, "maxlines", program, fault);

	if (!error && *program && strcmp(program, "1") != 0)
		return fault_set(fault, -EINVAL, "%s: maxlines = %s: what spans lines is not read",
				 filter_file_get(file, "maxlines")->place, program);
	if (!error)
		error = filter_file_expand(file, "prefregex", texts->prefix, fault);
	if (!error)
		error = filter_file_expand(file, "_daemon", program, fault);
	if (!error)
		error = filter_file_expand(file, "failregex", texts->failures, fault);
	if (!error)
		error = filter_file_expand(file, "ignoreregex", texts->ignored, fault);
	if (!error && *program &&
	    (size_t)snprintf(texts->program, FILTER_TEXT_MOST, "^(?:%s)$", program) >=
		    FILTER_TEXT_MOST)
		error = fault_set(fault, -EINVAL, "_daemon is too long");
	return error;
}

/* Reports "FILE:LINE: option: reason" for an expression that cannot be used. */
static void place_fault(const struct filter_file *file, const struct filter_texts *texts,
			const char *which, struct fault *fault)
{
	const struct filter_option *option = NULL;
	struct fault reason = *fault;
	const char *name = "failregex";

	if (!which)
		return;
	if (which == texts->prefix)
		name = "prefregex";
	else if (which == texts->program)
		name = "_daemon";
	else if (which >= texts->ignored && which < texts->ignored + FILTER_TEXT_MOST)
		name = "ignoreregex";
	option = filter_file_get(file, name);
	fault_set(fault, reason.error, "%s: %s '%.60s': %s", option ? option->place : "?", name,
		  which, reason.text);
}

/* Removes "<F-MLFID>...</F-MLFID>" if no expression joins lines: the tag then only names what lines
 * have in common. */
static void drop_session(struct filter_texts *texts)
{
	static const char *const marks[] = { "<F-MLFID>", "</F-MLFID>" };

	if (strstr(texts->failures, "<F-NOFAIL>") || strstr(texts->failures, "<F-MLF"))
		return; /* such a filter is refused later, with the reason */
	for (size_t i = 0; i < 2; i++) {
		char *at = strstr(texts->prefix, marks[i]);

		if (at)
			memmove(at, at + strlen(marks[i]), strlen(at + strlen(marks[i])) + 1);
	}
}

static int add_filter(struct conf_load *load, const struct config_pattern *pattern,
		      struct fault *fault)
{
	_cleanup_free_ struct filter_texts *texts = calloc(1, sizeof(*texts));
	_cleanup_free_ const char **failures = NULL, **ignored = NULL;
	_cleanup_(filter_file_free) struct filter_file file = { 0 };
	struct pattern_filter rule;
	const char *which;
	int error = texts ? filter_file_read(pattern->filter, &file, fault) : -ENOMEM;

	if (!error && pattern->mode)
		error = filter_file_set(&file, "mode", pattern->mode, "mode =");
	if (!error)
		error = expand_all(&file, texts, fault);
	if (error)
		return error;
	drop_session(texts);
	failures = split(texts->failures);
	ignored = split(texts->ignored);
	if (!failures || !ignored)
		return -ENOMEM;
	if (!*failures)
		return fault_set(fault, -EINVAL, "%s: it has no failregex%s", pattern->filter,
				 pattern->mode ? " in this mode" : "");
	rule = (struct pattern_filter){ .prefix = *texts->prefix ? texts->prefix : NULL,
					.program = *texts->program ? texts->program : NULL,
					.failures = failures,
					.ignored = ignored,
					.kind = pattern->kind,
					.service = pattern->service };
	error = patterns_add_filter(&load->config->compiled_patterns, &rule, &which, fault);
	if (error)
		place_fault(&file, texts, which, fault);
	return error;
}

void conf_compile_pattern(struct conf_load *load, const struct conf_use *use)
{
	struct config_pattern *pattern = &load->config->patterns[use->index];
	struct conf_where where = conf_key_where(use, pattern->filter ? "filter" : "pattern");
	struct pattern_rule rule = { .expression = pattern->expression,
				     .program = pattern->daemon,
				     .kind = pattern->kind,
				     .service = pattern->service };
	struct fault fault = { 0 };
	int error;

	if (!pattern->filter && !pattern->expression && conf_key_where(use, "pattern").file)
		return; /* it was reported already */
	if (!pattern->filter == !pattern->expression || (pattern->filter && pattern->daemon) ||
	    (pattern->mode && !pattern->filter)) {
		conf_fault(load, &use->where,
			   "[pattern %s] needs either 'pattern', perhaps with 'daemon', or "
			   "'filter', perhaps with 'mode'",
			   pattern->name);
		return;
	}
	error = pattern->filter ? add_filter(load, pattern, &fault)
				: patterns_add(&load->config->compiled_patterns, &rule, &fault);
	if (error == -ENOMEM)
		conf_out_of_memory(load);
	else if (error)
		conf_fault(load, &where, "the pattern '%s' cannot be used: %s", pattern->name,
			   fault.text);
}
