// SPDX-License-Identifier: GPL-2.0-or-later
/* The first pattern that a line matches; see pattern.h. No I/O. */
#include "log/pattern_internal.h"

static bool is_program(struct span program, const char *wanted)
{
	size_t size = strlen(wanted);

	if (span_is(program, wanted))
		return true;
	return program.size > size && span_ends(program, wanted) &&
	       program.at[program.size - size - 1] == '/';
}

bool patterns_match(struct patterns *patterns, const struct envelope *envelope,
		    struct parsed_line *parsed)
{
	struct span content = { NULL, 0 };
	struct parsed_line named = { 0 };
	unsigned given_up = 0;
	size_t entered = 0;
	bool entry = false;

	for (size_t i = 0; patterns && i < patterns->count; i++) {
		const struct pattern *pattern = &patterns->all[i];
		struct span subject = pattern->message ? envelope->text : envelope->whole;
		int found;

		if (pattern->program && !is_program(envelope->program, pattern->program))
			continue;
		if (pattern->filter && pattern->filter != entered) {
			entered = pattern->filter;
			entry = pattern_enter_filter(patterns, &patterns->filters[entered - 1],
						     pattern->message, envelope, &content, &named,
						     &given_up);
		}
		if (pattern->filter && !entry)
			continue;
		found = pattern_match(patterns, pattern->code, pattern->filter ? content : subject,
				      &given_up);
		if (given_up >= PATTERN_MOST_GIVEN_UP)
			return false;
		if (found <= 0)
			continue;
		if (pattern->no_failure) {
			entry = false;
			continue;
		}
		*parsed = pattern->filter ? named : (struct parsed_line){ 0 };
		parsed->kind = pattern->kind;
		parsed->service = pattern->service;
		parsed->daemon = EVENT_DAEMON_USER;
		parsed->count = 1;
		if (pattern_read_groups(pattern, pattern->filter ? content : subject,
					pcre2_get_ovector_pointer(patterns->match), (unsigned)found,
					parsed))
			return true;
	}
	return false;
}
