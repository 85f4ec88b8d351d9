// SPDX-License-Identifier: GPL-2.0-or-later
/* [pattern NAME]: each key, long patterns, and what is refused. */
#include "conf_room.h"

#include "log/parse.h"
#include "log/pattern.h"

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
		  "c:1: [pattern a] needs either 'pattern', perhaps with 'daemon', or 'filter', "
		  "perhaps with 'mode'" },
		{ NULL, "[pattern a]\npattern = (<HOST>\n",
		  "c:2: the pattern 'a' cannot be used: missing closing parenthesis near ''" },
		{ "[pattern a]\npattern = <HOST>#;\n", "[pattern a]\npattern = ^x <HOST> # y\n",
		  "c:2: 'pattern': a '#' or ';' behind a blank begins a comment; write \\x23 or "
		  "\\x3b, and comments on lines of their own" },
		{ "[pattern a]\n# y\npattern = <HOST>\n# y\n  x\n",
		  "[pattern a]\npattern = <HOST>\npattern = x<HOST>\n",
		  "c:3: 'pattern' was given in line 2; keep one of the two" },
		{ NULL, "[pattern a]\npattern = <HOST>\nkind = login\n",
		  "c:3: 'kind' cannot be 'login'; it is one of failure, success, message, bounce, "
		  "abuse" },
		{ "[pattern a]\npattern = <HOST>\ndaemon = x\n",
		  "[pattern a]\npattern = <HOST>\ndaemon = x\n  y\n",
		  "c:4: 'daemon' takes one value, which ends with its line" },
	};

	check_pairs(*state, pairs, COUNT(pairs));
}

#define FILTERS "tests/unit/data/filter.d/"

/* "SOURCE ACCOUNT" of each event, "-" for a line without. */
static void match_filter(void *room, const char *text, const char *line, const char *wanted)
{
	struct config *config = load_text(room, text, 0);
	struct log_parser *parser = log_parser_new();
	char source[ADDRESS_TEXT_SIZE] = "-", got[512] = "-";
	struct event event;

	assert_non_null(config);
	assert_non_null(parser);
	log_parser_set_patterns(parser, config->compiled_patterns);
	if (log_parser_line(parser, line, strlen(line), &event)) {
		if (event.has_source)
			address_format(&event.source, source);
		snprintf(got, sizeof(got), "%s %s", source,
			 event.has_account ? event.account : "-");
	}
	if (strcmp(got, wanted) != 0)
		fail_msg("%s: wanted '%s', got '%s'", line, wanted, got);
	log_parser_free(parser);
	config_free(config);
}

#define MX "Nov 21 10:00:00 mx "

static void a_filter_file_of_fail2ban_works_as_it_is(void **state)
{
	static const char webmail[] = "[pattern a]\nfilter = " FILTERS "webmail.conf\n";
	static const char aggressive[] = "[pattern a]\nfilter = " FILTERS
					 "webmail.conf\nmode = aggressive\n";
	static const char relay[] = "[pattern a]\nfilter = " FILTERS "relay.conf\n";
	static const struct {
		const char *text, *line, *wanted;
	} cases[] = {
		{ webmail, MX "webmail[7]: refused: user=bob, from 192.0.2.5:1234",
		  "192.0.2.5 bob" },
		{ webmail, MX "webmail-x: session ab: refused: user=bob, from 2001:db8::5",
		  "2001:db8::5 bob" },
		{ webmail, MX "webmail[7]: refused: user=bob, from 192.0.2.99", "-" },
		{ webmail, MX "webmail[7]: accepted: user=bob, from 192.0.2.5", "-" },
		{ webmail, MX "other[7]: refused: user=bob, from 192.0.2.5", "-" },
		{ webmail, MX "webmail[7]: x refused: user=bob, from 192.0.2.5", "-" },
		{ webmail, MX "webmail[7]: no login from 192.0.2.5", "-" },
		{ aggressive, MX "webmail[7]: no login from 192.0.2.5:9", "192.0.2.5 -" },
		{ webmail, MX "webmail[7]: 100% wrong from 192.0.2.6", "192.0.2.6 -" },
		{ relay, MX "relayd[7]: Ab12: from 192.0.2.7: bad password", "192.0.2.7 -" },
		{ relay, MX "relayd[7]: Ab12: from 192.0.2.7: good password", "-" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		match_filter(*state, cases[i].text, cases[i].line, cases[i].wanted);
}

static void a_filter_file_that_cannot_be_used_is_a_fault(void **state)
{
	static const struct pair pairs[] = {
		{ NULL, "[pattern a]\nfilter = " FILTERS "several.conf\n",
		  "c:2: the pattern 'a' cannot be used: " FILTERS
		  "several.conf:2: failregex '^first <SKIPLINES> <HOST>$': <SKIPLINES> cannot be "
		  "used: it spans lines; write a pattern for one line" },
		{ NULL, "[pattern a]\nfilter = " FILTERS "lines.conf\n",
		  "c:2: the pattern 'a' cannot be used: " FILTERS
		  "lines.conf:5: maxlines = 3: what spans lines is not read" },
		{ NULL, "[pattern a]\nfilter = " FILTERS "broken.conf\n",
		  "c:2: the pattern 'a' cannot be used: " FILTERS
		  "broken.conf:3: failregex '^b (<HOST>$': missing closing parenthesis near ''" },
		{ NULL, "[pattern a]\nfilter = " FILTERS "nothing.conf\n",
		  "c:2: the pattern 'a' cannot be used: " FILTERS
		  "nothing.conf:2: %(_missing)s is defined nowhere" },
		{ NULL, "[pattern a]\nfilter = " FILTERS "circle.conf\n",
		  "c:2: the pattern 'a' cannot be used: " FILTERS
		  "circle.conf:4: it contains itself" },
		{ NULL, "[pattern a]\nfilter = " FILTERS "odd.conf\n",
		  "c:2: the pattern 'a' cannot be used: " FILTERS
		  "odd.conf:2: neither an option nor a section" },
		{ NULL, "[pattern a]\nfilter = " FILTERS "absent.conf\n",
		  "c:2: the pattern 'a' cannot be used: " FILTERS
		  "absent.conf: No such file or directory" },
		{ NULL, "[pattern a]\nfilter = " FILTERS "common.conf\n",
		  "c:2: the pattern 'a' cannot be used: " FILTERS
		  "common.conf: it has no failregex" },
		{ NULL, "[pattern a]\nfilter = " FILTERS "joined.conf\n",
		  "c:2: the pattern 'a' cannot be used: " FILTERS
		  "joined.conf:4: prefregex '^<F-MLFID>%(__prefix_line)s</F-MLFID><F-CONTENT>.+"
		  "</F-CONTEN': <F-MLF...> cannot be used: it joins lines by a session's id; write "
		  "a pattern for one line" },
		{ NULL, "[pattern a]\nfilter = /x\npattern = <HOST>\n",
		  "c:1: [pattern a] needs either 'pattern', perhaps with 'daemon', or 'filter', "
		  "perhaps with 'mode'" },
	};

	check_pairs(*state, pairs, COUNT(pairs));
}

static void a_log_is_a_file_or_units_of_the_journal(void **state)
{
	static const struct pair pairs[] = {
		{ "[log a]\njournal = postfix dovecot.service\n", "[log a]\n",
		  "c:1: [log a] has no 'file', 'journal' or 'docker'" },
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
		TEST(a_filter_file_of_fail2ban_works_as_it_is),
		TEST(a_filter_file_that_cannot_be_used_is_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
