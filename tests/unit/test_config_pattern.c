// SPDX-License-Identifier: GPL-2.0-or-later
/* [pattern NAME]: each key, long patterns, and what is refused. */
#include "conf_room.h"

static void a_pattern_has_a_kind_and_a_service(void **state)
{
	struct config *config = load_text(*state,
					  "[pattern webmail]\n"
					  "pattern = ^login of <USER>\n"
					  "          \\sfrom <HOST>$\n"
					  "daemon = roundcube\nkind = abuse\nservice = imap\n"
					  "[pattern b]\npattern = <HOST>\n",
					  0);

	assert_non_null(config);
	assert_int_equal(config->pattern_count, 2);
	assert_string_equal(config->patterns[0].expression, "^login of <USER>\\sfrom <HOST>$");
	assert_string_equal(config->patterns[0].daemon, "roundcube");
	assert_int_equal(config->patterns[0].kind, EVENT_ABUSE);
	assert_int_equal(config->patterns[0].service, EVENT_SERVICE_IMAP);
	assert_int_equal(config->patterns[1].kind, EVENT_FAILURE);
	assert_null(config->patterns[1].daemon);
	assert_non_null(config->compiled_patterns);
	config_free(config);
}

static void a_pattern_that_cannot_be_used_is_a_fault(void **state)
{
	static const struct pair pairs[] = {
		{ "[pattern a]\npattern = <HOST>\n", "[pattern a]\nkind = failure\n",
		  "c:1: [pattern a] has no 'pattern'" },
		{ NULL, "[pattern a]\npattern = (<HOST>\n",
		  "c:2: the pattern 'a' cannot be used: missing closing parenthesis near ''" },
		{ "[pattern a]\npattern = <HOST>#;\n", "[pattern a]\npattern = ^x <HOST> # y\n",
		  "c:2: 'pattern': a '#' or ';' behind a blank begins a comment; write \\x23 or "
		  "\\x3b, and comments on lines of their own" },
		{ "[pattern a]\n# y\npattern = <HOST>\n# y\n  x\n",
		  "[pattern a]\npattern = <HOST>\npattern = x<HOST>\n",
		  "c:3: 'pattern' was given in line 2; keep one of the two" },
		{ NULL, "[pattern a]\npattern = <HOST>\nkind = login\n",
		  "c:3: 'login' is no kind; it is one of failure, success, message, bounce, "
		  "abuse" },
		{ "[pattern a]\npattern = <HOST>\ndaemon = x\n",
		  "[pattern a]\npattern = <HOST>\ndaemon = x\n  y\n",
		  "c:4: 'daemon' takes one value, which ends with its line" },
	};

	check_pairs(*state, pairs, COUNT(pairs));
}

static void a_log_is_a_file_or_units_of_the_journal(void **state)
{
	static const struct pair pairs[] = {
		{ "[log a]\njournal = postfix dovecot.service\n", "[log a]\n",
		  "c:1: [log a] has no 'file'" },
		{ "[log a]\nfile = /x\n", "[log a]\nfile = /x\njournal = y\n",
		  "c:3: [log a] has both 'file' and 'journal'; make two logs of it" },
	};
	struct config *config =
		load_text(*state, "[log a]\njournal = postfix dovecot.service\n", 0);

	assert_string_equal(config->logs[0].file, "journal:postfix dovecot.service");
	config_free(config);
	check_pairs(*state, pairs, COUNT(pairs));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pattern_has_a_kind_and_a_service),
		TEST(a_log_is_a_file_or_units_of_the_journal),
		TEST(a_pattern_that_cannot_be_used_is_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
