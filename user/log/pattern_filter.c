// SPDX-License-Identifier: GPL-2.0-or-later
/* fail2ban's filters among the patterns; see pattern.h. No I/O. */
#include "log/pattern_internal.h"

#include <errno.h>
#include <stdlib.h>

static int add_ignored(struct patterns *patterns, struct filter *filter, const char *expression,
		       struct fault *fault)
{
	pcre2_code **all = reallocarray(filter->ignored, filter->ignored_count + 1, sizeof(*all));
	bool message;
	int error;

	if (!all)
		return fault_set(fault, -ENOMEM, "out of memory");
	filter->ignored = all;
	error = pattern_compile(patterns, expression, &message, &all[filter->ignored_count], fault);
	filter->ignored_count += !error;
	return error;
}

static int add_failure(struct patterns *patterns, const struct pattern_filter *rule,
		       const char *expression, struct fault *fault)
{
	struct pattern one = { .kind = rule->kind,
			       .service = rule->service,
			       .filter = patterns->filter_count,
			       .no_failure = strstr(expression, "<F-NOFAIL>") };
	int error = pattern_compile(patterns, expression, &one.message, &one.code, fault);

	if (!error)
		error = pattern_find_groups(&one, fault);
	if (!error && !one.no_failure && !one.group_count &&
	    !patterns->filters[one.filter - 1].prefix.group_count)
		error = fault_set(fault, -EINVAL,
				  "it has no <HOST>, and neither has prefregex: nothing would be "
				  "known of whom it is about");
	if (!error)
		error = pattern_append(patterns, &one, fault);
	if (error)
		pcre2_code_free(one.code);
	return error;
}

static int add_prefix(struct patterns *patterns, struct filter *filter, const char *expression,
		      struct fault *fault)
{
	int error = pattern_compile(patterns, expression, &filter->message, &filter->prefix.code,
				    fault),
	    number;

	if (error)
		return error;
	number = pcre2_substring_number_from_name(filter->prefix.code, (PCRE2_SPTR) "content");
	if (number <= 0)
		return fault_set(fault, -EINVAL, "it has no <F-CONTENT>");
	filter->content = (uint32_t)number;
	return pattern_find_groups(&filter->prefix, fault);
}

int patterns_add_filter(struct patterns **patterns, const struct pattern_filter *rule,
			const char **which, struct fault *fault)
{
	int error = pattern_begin(patterns, fault);
	struct filter *filters, *filter;
	bool message;

	*which = NULL;
	if (error)
		return error;
	filters =
		reallocarray((*patterns)->filters, (*patterns)->filter_count + 1, sizeof(*filters));
	if (!filters)
		return fault_set(fault, -ENOMEM, "out of memory");
	(*patterns)->filters = filters;
	filter = filters + (*patterns)->filter_count++;
	*filter = (struct filter){ 0 };
	if (rule->prefix) {
		*which = rule->prefix;
		error = add_prefix(*patterns, filter, rule->prefix, fault);
	}
	if (!error && rule->program) {
		*which = rule->program;
		error = pattern_compile(*patterns, rule->program, &message, &filter->program,
					fault);
	}
	for (size_t i = 0; !error && rule->ignored[i]; i++) {
		*which = rule->ignored[i];
		error = add_ignored(*patterns, filter, *which, fault);
	}
	for (size_t i = 0; !error && rule->failures[i]; i++) {
		*which = rule->failures[i];
		error = add_failure(*patterns, rule, *which, fault);
	}
	return error;
}

/* fail2ban does not remove the blank behind the time stamp. */
static struct span behind_stamp(const struct envelope *envelope)
{
	struct span whole = envelope->whole;

	if (envelope->stamp_kind != STAMP_NONE && envelope->stamp.size && whole.size &&
	    whole.at > envelope->stamp.at && whole.at[-1] == ' ')
		return (struct span){ whole.at - 1, whole.size + 1 };
	return whole;
}

bool pattern_enter_filter(struct patterns *patterns, const struct filter *filter, bool message,
			  const struct envelope *envelope, struct span *subject,
			  struct parsed_line *parsed, unsigned *given_up)
{
	const PCRE2_SIZE *offsets;

	message |= filter->message;
	*subject = message ? envelope->text : behind_stamp(envelope);
	if (message && filter->program &&
	    pattern_match(patterns, filter->program, envelope->program, given_up) <= 0) {
		/* In a daemon's own file a line need not name the program, and fail2ban does not
		 * demand it. */
		if (envelope->layering != LAYER_OWN && envelope->layering != LAYER_BARE)
			return false;
		*subject = envelope->whole;
	}
	*parsed = (struct parsed_line){ 0 };
	if (filter->prefix.code) {
		int found = pattern_match(patterns, filter->prefix.code, *subject, given_up);

		if (found <= (int)filter->content)
			return false;
		offsets = pcre2_get_ovector_pointer(patterns->match);
		pattern_read_groups(&filter->prefix, *subject, offsets, (unsigned)found, parsed);
		offsets += 2 * filter->content;
		if (offsets[0] == PCRE2_UNSET || offsets[0] > offsets[1])
			return false;
		*subject = span_cut(*subject, offsets[0], offsets[1]);
	}
	for (size_t i = 0; i < filter->ignored_count; i++)
		if (pattern_match(patterns, filter->ignored[i], *subject, given_up) > 0)
			return false;
	return true;
}
