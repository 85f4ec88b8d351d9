// SPDX-License-Identifier: GPL-2.0-or-later
/* See pattern.h. Compiled once, matched within limits; no I/O. */
#include "log/pattern_internal.h"

#include <errno.h>
#include <stdlib.h>
#include "base/cleanup.h"

#define HEAP_KIB       1024 /* of one match */
#define DEPTH	       20000
#define JIT_STACK_SIZE (512U << 10)

void patterns_free(struct patterns *patterns)
{
	if (!patterns)
		return;
	for (size_t i = 0; i < patterns->count; i++) {
		pcre2_code_free(patterns->all[i].code);
		free(patterns->all[i].program);
	}
	for (size_t i = 0; i < patterns->filter_count; i++) {
		struct filter *filter = &patterns->filters[i];

		for (size_t j = 0; j < filter->ignored_count; j++)
			pcre2_code_free(filter->ignored[j]);
		free(filter->ignored);
		pcre2_code_free(filter->prefix.code);
		pcre2_code_free(filter->program);
	}
	free(patterns->filters);
	free(patterns->all);
	pcre2_match_data_free(patterns->match);
	pcre2_match_context_free(patterns->context);
	pcre2_jit_stack_free(patterns->stack);
	free(patterns);
}

static struct patterns *new_patterns(void)
{
	struct patterns *patterns = calloc(1, sizeof(*patterns));

	if (!patterns)
		return NULL;
	patterns->context = pcre2_match_context_create(NULL);
	patterns->match = pcre2_match_data_create(256, NULL);
	/* There is no JIT where memory may not be made executable (MemoryDenyWriteExecute=):
	 * patterns are then interpreted. */
	patterns->stack = pcre2_jit_stack_create(32U << 10, JIT_STACK_SIZE, NULL);
	if (!patterns->context || !patterns->match) {
		patterns_free(patterns);
		return NULL;
	}
	pcre2_set_match_limit(patterns->context, PATTERN_STEPS);
	pcre2_set_depth_limit(patterns->context, DEPTH);
	pcre2_set_heap_limit(patterns->context, HEAP_KIB);
	if (patterns->stack)
		pcre2_jit_stack_assign(patterns->context, NULL, patterns->stack);
	return patterns;
}

static pcre2_code *compile(const char *text, struct fault *fault)
{
	PCRE2_UCHAR reason[160];
	PCRE2_SIZE at;
	int error;
	/* Log lines are bytes: an invalid one must not keep the whole line from matching. */
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
					 PCRE2_DUPNAMES | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF |
						 PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C,
					 &error, &at, NULL);

	if (!code) {
		pcre2_get_error_message(error, reason, sizeof(reason));
		fault_set(fault, -EINVAL, "%s near '%.24s'", (const char *)reason,
			  text + (at < strlen(text) ? at : strlen(text)));
		return NULL;
	}
	return code;
}

int pattern_find_groups(struct pattern *pattern, struct fault *fault)
{
	uint32_t count = 0, size = 0;
	PCRE2_SPTR table = NULL;

	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMETABLE, &table);
	for (uint32_t i = 0; i < count; i++, table += size) {
		const char *name = (const char *)table + 2;
		bool is_user = !strcmp(name, "user") || !strncmp(name, "alt_user", 8);

		if (!is_user && strcmp(name, "host") != 0 && strcmp(name, "ip4") != 0 &&
		    strcmp(name, "ip6") != 0)
			continue;
		if (pattern->group_count == MOST_GROUPS)
			return fault_set(fault, -EINVAL, "it has too many <HOST> and <USER>");
		pattern->groups[pattern->group_count++] =
			(struct group){ .number = (uint16_t)(table[0] << 8 | table[1]),
					.is_user = is_user };
	}
	return 0;
}

int pattern_begin(struct patterns **patterns, struct fault *fault)
{
	if (!*patterns)
		*patterns = new_patterns();
	return *patterns ? 0 : fault_set(fault, -ENOMEM, "out of memory");
}

int pattern_compile(struct patterns *patterns, const char *expression, bool *message,
		    pcre2_code **code, struct fault *fault)
{
	char text[PATTERN_SIZE];
	int error = pattern_translate(expression, text, message, fault);

	if (error)
		return error;
	*code = compile(text, fault);
	if (!*code)
		return -EINVAL;
	if (!patterns->stack || pcre2_jit_compile(*code, PCRE2_JIT_COMPLETE))
		pcre2_set_match_limit(patterns->context, PATTERN_SLOW_STEPS);
	return 0;
}

int pattern_append(struct patterns *patterns, const struct pattern *one, struct fault *fault)
{
	struct pattern *all = reallocarray(patterns->all, patterns->count + 1, sizeof(*all));

	if (!all)
		return fault_set(fault, -ENOMEM, "out of memory");
	patterns->all = all;
	all[patterns->count++] = *one;
	return 0;
}

int patterns_add(struct patterns **patterns, const struct pattern_rule *rule, struct fault *fault)
{
	struct pattern one = { .kind = rule->kind, .service = rule->service };
	int error = pattern_begin(patterns, fault);

	if (!error &&
	    (strstr(rule->expression, "<F-NOFAIL>") || strstr(rule->expression, "<F-CONTENT>")))
		error = fault_set(fault, -EINVAL,
				  "<F-NOFAIL> and <F-CONTENT> belong to a filter file; name that "
				  "with 'filter ='");
	if (!error)
		error = pattern_compile(*patterns, rule->expression, &one.message, &one.code,
					fault);
	if (!error)
		error = pattern_find_groups(&one, fault);
	if (!error && !one.group_count)
		error = fault_set(fault, -EINVAL,
				  "it has neither <HOST> nor <USER>: nothing would be known of "
				  "whom it is about");
	if (!error && rule->program) {
		one.message = true;
		one.program = strdup(rule->program);
		error = one.program ? 0 : fault_set(fault, -ENOMEM, "out of memory");
	}
	if (!error)
		error = pattern_append(*patterns, &one, fault);
	if (error) {
		pcre2_code_free(one.code);
		free(one.program);
	}
	return error;
}

bool pattern_read_groups(const struct pattern *pattern, struct span subject,
			 const PCRE2_SIZE *offsets, unsigned set, struct parsed_line *parsed)
{
	for (unsigned i = 0; i < pattern->group_count; i++) {
		const struct group *group = &pattern->groups[i];
		PCRE2_SIZE begin, end;

		if (group->number >= set)
			continue;
		begin = offsets[2 * group->number];
		end = offsets[2 * group->number + 1];
		if (begin == PCRE2_UNSET || begin > end)
			continue;
		if (group->is_user && !parsed->account.size)
			parsed->account = span_cut(subject, begin, end);
		else if (!group->is_user && !parsed->has_source)
			parsed->has_source =
				span_address(span_cut(subject, begin, end), &parsed->source);
	}
	return parsed->has_source || parsed->account.size;
}

int pattern_match(struct patterns *patterns, const pcre2_code *code, struct span subject,
		  unsigned *given_up)
{
	int found = pcre2_match(code, (PCRE2_SPTR)subject.at, subject.size, 0, 0, patterns->match,
				patterns->context);

	if (found < 0 && found != PCRE2_ERROR_NOMATCH) {
		patterns->given_up++;
		++*given_up;
	}
	return found;
}

uint64_t patterns_given_up(const struct patterns *patterns)
{
	return patterns ? patterns->given_up : 0;
}
