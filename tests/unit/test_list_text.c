// SPDX-License-Identifier: GPL-2.0-or-later
/* List files of every format: what is taken, what is refused and on which line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "lists/list_reader.h"
#include "lists_random.h"

/* Nine good lines, so that one refused line is not more than a tenth of a file. */
#define NINE                                                                     \
	"198.51.100.1\n198.51.100.3\n198.51.100.5\n198.51.100.7\n198.51.100.9\n" \
	"198.51.100.11\n198.51.100.13\n198.51.100.15\n198.51.100.17\n"
#define NINE_OUT                                                                           \
	"198.51.100.1/32 198.51.100.3/32 198.51.100.5/32 198.51.100.7/32 198.51.100.9/32 " \
	"198.51.100.11/32 198.51.100.13/32 198.51.100.15/32 198.51.100.17/32"

struct result {
	int error;
	struct list_report report;
	struct fault fault;
	char out[8192];	    /* prefixes, a blank between */
	char refused[4096]; /* "line: reason\n" */
};

static void note_refused(size_t line, const char *reason, void *context)
{
	struct result *result = context;
	size_t used = strlen(result->refused);

	snprintf(result->refused + used, sizeof(result->refused) - used, "%zu: %s\n", line, reason);
}

static int note_prefix(const struct prefix *prefix, uint32_t value, void *context)
{
	struct result *result = context;
	char text[PREFIX_TEXT_SIZE];
	size_t used = strlen(result->out);

	(void)value;
	prefix_format(prefix, text);
	snprintf(result->out + used, sizeof(result->out) - used, "%s%s", used ? " " : "", text);
	return 0;
}

/* Reads a copy that ends where the memory ends, so that ASan sees a step too far. */
static void read_text(struct result *result, const char *text, size_t size,
		      const struct list_options *options)
{
	struct list_callbacks callbacks = { .refused = note_refused, .context = result };
	struct ranges ranges;
	char *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, text, size);
	memset(result, 0, sizeof(*result));
	result->error = list_read(copy, size, options, &callbacks, &ranges, &result->report,
				  &result->fault);
	free(copy);
	ranges_each_prefix(&ranges, note_prefix, result);
	ranges_free(&ranges);
}

static struct result read_deny(const char *text)
{
	struct list_options options = { 0 };
	struct result result;

	read_text(&result, text, strlen(text), &options);
	return result;
}

static struct result read_allow(const char *text)
{
	struct list_options options = { .allow = true };
	struct result result;

	read_text(&result, text, strlen(text), &options);
	return result;
}

static void expect_out(struct result result, const char *out)
{
	if (result.error)
		fail_msg("%s\n%s", result.fault.text, result.refused);
	assert_string_equal(result.refused, "");
	assert_string_equal(result.out, out);
}

/* One line among nine good ones is refused, with this in its reason. */
static void expect_refused(const char *line, const char *reason)
{
	char text[4096];
	struct result result;

	snprintf(text, sizeof(text), "%s%s\n", NINE, line);
	result = read_deny(text);
	if (result.error || strcmp(result.out, NINE_OUT) || !strstr(result.refused, reason))
		fail_msg("'%s': error %d, out %s, refused %s", line, result.error, result.out,
			 result.refused);
	assert_memory_equal(result.refused, "10: ", 4);
	assert_int_equal(result.report.refused, 1);
}

static void plain_lines_with_comments_are_taken(void **state)
{
	(void)state;
	expect_out(read_deny("\xef\xbb\xbf# a comment\r\n"
			     "1.4.0.0/17\r\n"
			     "\r\n"
			     "  203.0.113.9 # inline\n"
			     "203.0.113.10#tight\n"
			     "; other\n"
			     "2001:db8:1::/48\n"
			     "2001:DB8::5\t\n"
			     "::ffff:198.51.100.4\n"
			     "192.0.2.0/255.255.255.0\n"
			     "192.0.3.77/32"),
		   "1.4.0.0/17 192.0.2.0/24 192.0.3.77/32 198.51.100.4/32 203.0.113.9/32 "
		   "203.0.113.10/32 2001:db8::5/128 2001:db8:1::/48");
}

static void spamhaus_drop_lines_are_taken(void **state)
{
	(void)state;
	expect_out(read_deny("; Spamhaus DROP List 2026/01/01\n"
			     "1.10.16.0/20 ; SBL256894  \n"
			     "1.19.0.0/16 ; SBL434604\n"),
		   "1.10.16.0/20 1.19.0.0/16");
}

static void ranges_split_into_prefixes(void **state)
{
	(void)state;
	expect_out(read_deny("203.0.113.9-203.0.113.12\n"
			     "198.51.100.8 - 198.51.100.15 # eight\n"
			     "2001:db8::-2001:db8::1\n"),
		   "198.51.100.8/29 203.0.113.9/32 203.0.113.10/31 203.0.113.12/32 "
		   "2001:db8::/127");
}

static void what_is_no_strict_address_is_refused(void **state)
{
	static const char *const lines[] = {
		"1.2.3",
		"010.1.1.1",
		"5",
		"942.180.233.122",
		"1.2.3.4.5",
		"1.2.3.4/33",
		"1.2.3.4/",
		"1.2.3.4/024",
		"0x01.2.3.4",
		"1.2.3.4/-1",
		"1.2.3.256",
		"9.9.9.9/0.0.0.255",
		"2001:db8::1::2",
		"2001:db8::/129",
		"fe80::1%eth0",
		"9.9.9.9/255.0.255.0",
		"1.2.3.4-9",
		"1.2.3.4 -",
		"1.2.3.0/24-1.2.4.0/24",
		"1.2.3.9-1.2.3.4",
		"1.2.3.4-2001:db8::1",
		"1.2.3.4 5.6.7.8",
		"1..2.3",
		"1.2.3.4\x01",
		"\xff\xfe",
		":",
		"- 1.2.3.4",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		expect_refused(lines[i], "");
	expect_refused("mail.example.com", "host name");
	expect_refused("localhost", "not understood");
}

/* What stands behind a byte of nothing is part of the entry: a wider one must not be left. */
static void a_byte_of_nothing_ends_no_entry(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} lines[] = {
#define LINE(text) { text "\n", sizeof(text "\n") - 1 }
		LINE("4.0.0.0/8\0"
		     "0 x"),
		LINE("\"4.0.0.0/8\0"
		     "0\""),
		LINE("[2001:db8::\0"
		     "1]"),
		LINE("4.0.0.0/8\0"
		     "0 REJECT x"),
		LINE("[4.0.0.0/8\0"
		     "0] REJECT x"),
		LINE("8.0.0.0.4.rpz-client-ip\0"
		     " CNAME ."),
		LINE("5.2.0.192\0"
		     "x A 127.0.0.2"),
	};
	struct list_options options = { 0 };
	struct result result;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		read_text(&result, lines[i].text, lines[i].size, &options);
		assert_true(result.error);
		assert_string_equal(result.out, "");
	}
}

static void host_bits_are_refused_with_the_corrected_prefix(void **state)
{
	struct list_options options = { .mask = true };
	struct result result;

	(void)state;
	expect_refused("203.0.113.9/24", "203.0.113.0/24");
	expect_refused("2001:db8::1/32", "2001:db8::/32");
	expect_refused("203.0.113.9/255.255.255.0", "203.0.113.0/24");
	read_text(&result, "203.0.113.9/24", 14, &options);
	expect_out(result, "203.0.113.0/24");
}

static void wide_special_and_own_prefixes_are_refused_unless_forced(void **state)
{
	struct prefix own[2];
	struct list_options options = { .own = own, .own_count = 2 };
	struct result result;

	(void)state;
	expect_refused("0.0.0.0/0", "wider than /8");
	expect_refused("::/0", "wider than /16");
	expect_refused("2.0.0.0/7", "wider than /8");
	expect_refused("2.0.0.0-9.255.255.255", "wider than /8");
	expect_refused("2000::/15", "wider than /16");
	expect_refused("10.1.2.3", "private");
	expect_refused("9.255.255.255-10.0.0.0", "private");
	expect_refused("127.0.0.0/8", "loopback");
	expect_refused("224.0.0.0/8", "multicast");
	expect_refused("fe80::1", "link-local");
	expect_refused("::1", "loopback");
	prefix_parse("198.51.100.77", 13, &own[0]);
	prefix_parse("2001:db8::77", 12, &own[1]);
	read_text(&result, NINE "198.51.100.64/27\n", strlen(NINE) + 17, &options);
	assert_string_equal(result.out, NINE_OUT);
	assert_non_null(strstr(result.refused, "198.51.100.77/32"));
	read_text(&result, NINE "2001:db8::/32\n", strlen(NINE) + 14, &options);
	assert_non_null(strstr(result.refused, "an address of this machine"));
	options.force = true;
	read_text(&result, "10.0.0.0/7\n198.51.100.77", 24, &options);
	expect_out(result, "10.0.0.0/7 198.51.100.77/32");
	expect_out(read_allow("10.0.0.0/8\n::1\n"), "10.0.0.0/8 ::1/128");
}

static void prefixes_as_wide_as_allowed_are_taken(void **state)
{
	(void)state;
	expect_out(read_deny("2.0.0.0/8\n2001::/16\n"), "2.0.0.0/8 2001::/16");
}

static void more_than_a_tenth_refused_is_no_list(void **state)
{
	struct result result = read_deny("198.51.100.1\n198.51.100.2\nnonsense\n");

	(void)state;
	assert_int_equal(result.error, -EBADMSG);
	assert_string_equal(result.out, "");
	assert_non_null(strstr(result.fault.text, "1 of 3"));
	result = read_deny(NINE "nonsense\n");
	assert_int_equal(result.error, 0);
}

static void html_empty_and_binary_files_are_no_lists(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n \n",
		"<!DOCTYPE html>\n<p>1.2.3.4\n",
		"\n  <html>\n",
		"# only\n",
		"\377\3761",
		"\x1f\x8b\x08",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct result result = read_deny(texts[i]);

		assert_int_equal(result.error, -EBADMSG);
		assert_int_equal(result.fault.error, -EBADMSG);
	}
}

static void report_counts_lines_taken_merged(void **state)
{
	struct result result = read_deny("# c\n192.0.2.0/25\n192.0.2.128/25\n192.0.2.7\n\n"
					 "sshd: 1.2.3.4\n");

	(void)state;
	assert_int_equal(result.error, 0);
	assert_int_equal(result.report.lines, 3);
	assert_int_equal(result.report.taken, 3);
	assert_int_equal(result.report.skipped, 1);
	assert_int_equal(result.report.prefixes, 1);
	assert_int_equal(result.report.merged, 2);
}

static void hosts_lines_of_mail_daemons_are_taken(void **state)
{
	(void)state;
	expect_out(read_deny("# /etc/hosts.deny\n"
			     "postfix : 1.0.16.0/255.255.240.0\n"
			     "ALL: 203.0.113. 198.51.\n"
			     "smtpd, dovecot : [2001:db8::]/32, [2001:db9::1]\n"
			     "sshd : 9.9.9.9\n"
			     "sendmail@192.0.2.1 : 192.0.2.5 : spawn (echo a:b) : deny\n"
			     "ALL EXCEPT sshd : 5.6.7.8\n"
			     "sshd EXCEPT ALL EXCEPT imapd: 7.7.7.7\n"
			     "in.telnetd EXCEPT imapd: 6.6.6.6\n"),
		   "1.0.16.0/20 5.6.7.8/32 192.0.2.5/32 198.51.0.0/16 203.0.113.0/24 "
		   "2001:db8::/32 2001:db9::1/128");
}

static void hosts_continuation_keeps_each_line_number(void **state)
{
	struct result result = read_deny("ALL: 198.51.100.1, 198.51.100.3, 198.51.100.5 \\\r\n"
					 "   198.51.100.7 198.51.100.9 198.51.100.11 \\\n"
					 "   .jp 198.51.100.13 198.51.100.15 198.51.100.17\\\n"
					 "\n");

	(void)state;
	assert_int_equal(result.error, 0);
	assert_string_equal(result.out, NINE_OUT);
	assert_memory_equal(result.refused, "3: '.jp'", 8);
	assert_int_equal(result.report.lines, 10);
}

/* Split where tcp wrappers would join it: 203.0.113.77, not the /24 "203.0.113.". */
static void an_address_split_by_a_backslash_stays_one_address(void **state)
{
	(void)state;
	expect_out(read_deny("ALL: 203.0.113.\\\n77\n"), "203.0.113.77/32");
}

static void a_backslash_that_continues_nothing_is_no_line(void **state)
{
	(void)state;
	expect_out(read_deny("ALL: 198.51.100.1\n\\\n"), "198.51.100.1/32");
	expect_out(read_deny("\\\n\nALL: 198.51.100.1\n\\"), "198.51.100.1/32");
}

static void a_commented_continuation_is_refused(void **state)
{
	struct result result = read_deny(NINE "# ALL: 192.0.2.1 \\\n  192.0.2.2\n198.51.100.17\n");

	(void)state;
	assert_string_equal(result.out, NINE_OUT);
	assert_memory_equal(result.refused, "11: the comment before", 22);
}

static void a_backslash_in_a_plain_comment_continues_nothing(void **state)
{
	(void)state;
	expect_out(read_deny("192.0.2.1 # C:\\\n192.0.2.3\n   192.0.2.5 # D:\\\n192.0.2.7\n"),
		   "192.0.2.1/32 192.0.2.3/32 192.0.2.5/32 192.0.2.7/32");
}

static void hosts_patterns_without_addresses_are_refused(void **state)
{
	(void)state;
	expect_refused("ALL: ALL", "everybody");
	expect_refused("ALL: ALL EXCEPT 1.2.3.4", "everybody");
	expect_refused("smtpd: LOCAL", "names in the DNS");
	expect_refused("smtpd: PARANOID", "names in the DNS");
	expect_refused("smtpd: .example.jp", "stands for names");
	expect_refused("smtpd: mail.example.jp", "host name");
	expect_refused("smtpd: @trusted", "netgroup");
	expect_refused("smtpd: /etc/bad", "file of patterns");
	expect_refused("smtpd: user@192.0.2.1", "user's name");
	expect_refused("smtpd: 192.0.2.*", "stands for names");
	expect_refused("smtpd: 2001:db8::1", "brackets");
	expect_refused("smtpd: 192.0.2.1/24", "192.0.2.0/24");
	expect_refused("smtpd: 0.0.0.0/0.0.0.0", "wider than /8");
	expect_refused("smtpd: 192.", "");
	expect_refused("smtpd: [2001:db8::1", "");
	expect_refused("smtpd: [1.2.3.4]", "");
	expect_refused("smtpd: 1.2.3.4.", "");
	expect_refused("http://example.com/list", "");
}

static void hosts_except_is_honoured_or_the_line_refused(void **state)
{
	(void)state;
	expect_out(read_deny("ALL: 203.0.113. EXCEPT 203.0.113.128/25\n"), "203.0.113.0/25");
	expect_out(read_deny("ALL: 203.0.113. EXCEPT 203.0.113.128/25 EXCEPT 203.0.113.255\n"),
		   "203.0.113.0/25 203.0.113.255/32");
	expect_refused("ALL: 203.0.113. EXCEPT .example.com", "cannot be honoured");
	expect_refused("ALL: 203.0.113. EXCEPT 203.0.113.9 EXCEPT LOCAL", "cannot be honoured");
	expect_refused("ALL: 203.0.113. EXCEPT ALL", "cannot be honoured");
}

static void hosts_options_of_the_other_action_are_exceptions(void **state)
{
	(void)state;
	expect_out(read_deny("ALL: 203.0.113.7 : allow\nALL: 203.0.113.6/31 : deny\n"),
		   "203.0.113.6/32");
	expect_out(read_deny("ALL: 203.0.113.6/31\nALL: 203.0.113.7 : ALLOW\n"), "203.0.113.6/31");
	expect_out(read_allow("ALL: 203.0.113.7 : deny\nALL: 203.0.113.6/31 : allow\n"
			      "ALL: 192.0.2.1\nALL: ALL: DENY\nALL: 192.0.2.3\n"),
		   "192.0.2.1/32 203.0.113.6/32");
}

static void iptables_drop_rules_are_taken(void **state)
{
	(void)state;
	expect_out(
		read_deny("# Generated by iptables-save\n"
			  "*filter\n"
			  ":INPUT ACCEPT [0:0]\n"
			  "-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT\n"
			  "-A INPUT -s 80.28.16.250/32 -j DROP\n"
			  "[12:3400] -A INPUT -s 198.51.100.0/255.255.255.0 -p tcp -m tcp "
			  "--dport 25 -j REJECT --reject-with icmp-port-unreachable\n"
			  "-A INPUT ! -s 192.0.2.0/24 -p tcp --dport 25 -j DROP\n"
			  "-A INPUT -s ! 192.0.2.0/24 -j DROP\n"
			  "-A INPUT -s 9.9.9.9/32 -j ACCEPT\n"
			  "-A INPUT -s 9.9.9.8/32 -j LOG --log-prefix \"DROP -s 1.2.3.4 -j DROP\"\n"
			  "-A INPUT -m comment --comment \"a -s 1.2.3.4 b -j DROP\" -s 5.5.5.5/32 "
			  "-j DROP\n"
			  "-A INPUT -m comment --comment \"an \\\" -s 6.6.6.6 \" -j DROP\n"
			  "-A INPUT -m iprange --src-range 203.0.113.8-203.0.113.9 -j DROP\n"
			  "-A INPUT -s 7.7.7.7/32 -p udp -j DROP\n"
			  "-A INPUT -s 7.7.7.7/32 -p tcp -m tcp --dport 22 -j DROP\n"
			  "-A INPUT -s 7.7.8.8/32 -p tcp -m multiport --dports 22,587 -j DROP\n"
			  "-A INPUT -s 7.7.9.9/32 -p tcp --dport 1:1023 -j DROP\n"
			  "-A OUTPUT -s 4.4.4.4/32 -j DROP\n"
			  "-A INPUT -s 4.4.4.4/32 -m conntrack --ctstate INVALID -j DROP\n"
			  "-A INPUT -j DROP\n"
			  "COMMIT\n"),
		"5.5.5.5/32 7.7.8.8/32 7.7.9.9/32 80.28.16.250/32 198.51.100.0/24 "
		"203.0.113.8/31");
}

static void iptables_command_files_are_taken(void **state)
{
	(void)state;
	expect_out(read_deny("#!/bin/sh\n"
			     "iptables -A INPUT -s 80.28.16.250 -j DROP # spammer\n"
			     "/sbin/iptables -t filter -I INPUT -p tcp \\\n"
			     "   --dport smtp -s 198.51.100.0/24,203.0.113.1 -j REJECT\n"
			     "sudo ip6tables -A INPUT --source 2001:db8::/32 --jump DROP\n"
			     "iptables -P INPUT ACCEPT\n"
			     "iptables -F\n"),
		   "80.28.16.250/32 198.51.100.0/24 203.0.113.1/32 2001:db8::/32");
	expect_out(read_allow("-A INPUT -s 80.28.16.250 -j DROP\n"
			      "-A INPUT -s 80.28.16.0/24 -p tcp --dport 587 -j ACCEPT\n"),
		   "80.28.16.0/25 80.28.16.128/26 80.28.16.192/27 80.28.16.224/28 "
		   "80.28.16.240/29 80.28.16.248/31 80.28.16.251/32 80.28.16.252/30");
}

static void iptables_exceptions_hold_for_later_rules_of_their_chain(void **state)
{
	(void)state;
	expect_out(read_deny("-A INPUT -s 203.0.113.7 -j ACCEPT\n"
			     "-A INPUT -s 203.0.113.6/31 -j DROP\n"
			     "-A INPUT -s 203.0.113.6/32 -j ACCEPT\n"
			     "-A OTHER -s 198.51.100.1 -j ACCEPT\n"
			     "-A INPUT -s 198.51.100.0/31 -j DROP\n"
			     "-A INPUT -s 192.0.2.0/31 -j DROP\n"
			     "-I INPUT -s 192.0.2.0/32 -j ACCEPT\n"
			     "-A INPUT -s 5.5.5.5 -p tcp --dport 22 -j ACCEPT\n"
			     "-A INPUT -s 5.5.5.5 -j DROP\n"),
		   "5.5.5.5/32 192.0.2.1/32 198.51.100.0/31 203.0.113.6/32");
}

static void iptables_rules_that_a_list_cannot_hold_are_refused(void **state)
{
	(void)state;
	expect_refused("-A INPUT -s mail.example.com -j DROP", "host name");
	expect_refused("-A INPUT -s 203.0.113.9/24 -j DROP", "203.0.113.0/24");
	expect_refused("-A INPUT -s 0.0.0.0/0 -j DROP", "wider than /8");
	expect_refused("-A INPUT -s 1.2.3.4/0.0.0.255 -j DROP", "");
	expect_refused("-A INPUT -s 1.2.3.4 -m connlimit --connlimit-above 9 -j DROP", "-m");
	expect_refused("-A INPUT -s 1.2.3.4 -p tcp ! --dport 25 -j DROP", "negated");
	expect_refused("-A INPUT -s 1.2.3.4 --something -j DROP", "cannot hold");
	expect_refused("-D INPUT -s 1.2.3.4 -j DROP", "takes a rule away");
	expect_refused("iptables -A INPUT -s $BAD -j DROP", "shell");
	expect_refused("iptables -A INPUT -s 1.2.3.4 -j DROP; reboot", "shell");
	expect_refused("-A INPUT -m iprange --src-range 9.9.9.9-1.1.1.1 -j DROP", "ends before");
	expect_refused("-A INPUT -s 1.2.3.4,host -j DROP", "");
}

/* The strict reader agrees with inet_pton() on what it takes and where it ends. */
static void quad_reader_agrees_with_inet_pton(void **state)
{
	static const char pieces[] = "0123456789012345678901234567890123456789....... -/x";
	unsigned accepted = 0;

	(void)state;
	for (unsigned i = 0; i < 400000; i++) {
		char text[24], *copy;
		size_t size;
		struct in_addr expected;
		const char *stop;
		uint32_t address = 0;
		bool valid;

		if (i % 2) {
			snprintf(text, sizeof(text), "%u.%u.%u.%u", random_below(300),
				 random_below(300), random_below(260), random_below(260));
			if (random_below(4) == 0)
				text[random_below(strlen(text))] =
					pieces[random_below(sizeof(pieces) - 1)];
		} else {
			size = random_below(18);
			for (size_t j = 0; j < size; j++)
				text[j] = pieces[random_below(sizeof(pieces) - 1)];
			text[size] = '\0';
		}
		size = strlen(text);
		copy = malloc(size ? size : 1);
		memcpy(copy, text, size);
		stop = list_quad(copy, copy + size, &address);
		valid = inet_pton(AF_INET, text, &expected) == 1;
		if ((stop == copy + size && stop) != valid ||
		    (valid && htonl(address) != expected.s_addr))
			fail_msg("'%s': inet_pton says %d", text, valid);
		accepted += valid;
		free(copy);
	}
	assert_true(accepted > 50000);
}

/* The fast way and the careful one give the same: a blank in front forces the careful one. */
static void fast_lines_mean_what_careful_lines_mean(void **state)
{
	static const char *const tails[] = { "",    "\r",	" # x", ";",   "/24",  "/32",
					     "/8",  "/0",	"/7",	"/33", "/024", "/1",
					     "/9 ", "-1.2.3.4", " 5",	"/",   "#" };

	(void)state;
	for (unsigned i = 0; i < 30000; i++) {
		struct list_options options = { .force = i % 3 == 0, .mask = i % 5 == 0 };
		char fast[128], careful[132];
		struct result a, b;
		uint32_t address = random32() & (UINT32_MAX << random_below(32));
		int size = snprintf(fast, sizeof(fast), "%u.%u.%u.%u%s\n", address >> 24,
				    address >> 16 & 255, address >> 8 & 255, address & 255,
				    tails[random_below(sizeof(tails) / sizeof(*tails))]);

		snprintf(careful, sizeof(careful), " %s", fast);
		read_text(&a, fast, (size_t)size, &options);
		read_text(&b, careful, (size_t)size + 1, &options);
		if (a.error != b.error || strcmp(a.out, b.out) || strcmp(a.refused, b.refused))
			fail_msg("%s: %d %s %s / %d %s %s", fast, a.error, a.out, a.refused,
				 b.error, b.out, b.refused);
	}
}

/* Any bytes: no crash, and nothing wider than /8 comes out. */
static void random_bytes_are_read_safely(void **state)
{
	static const char *const pieces[] = {
		"1.2.3.4",     "/24",	   "/0",
		" ",	       "\n",	   "\\\n",
		"ALL",	       ":",	   "smtpd",
		"EXCEPT",      "[",	   "]",
		"2001:db8::",  "-A INPUT", " -s ",
		" -j DROP",    "\"",	   "'",
		"#",	       ";",	   ",",
		"-",	       "!",	   "203.0.113.",
		"iptables",    "*filter",  "--src-range ",
		"\r",	       "\t",	   "$",
		".",	       "\x80",	   " -I x 3 ",
		" -j ACCEPT",  ": allow",  ": deny",
		"255.255.0.0", "0",	   "@",
		"[1:2] ",
	};

	(void)state;
	for (unsigned round = 0; round < 60000; round++) {
		struct list_options options = { .allow = round % 4 == 0, .mask = round % 3 == 0 };
		char text[512];
		size_t size = 0;
		struct result result;

		for (unsigned i = random_below(40); i; i--) {
			const char *piece = pieces[random_below(sizeof(pieces) / sizeof(*pieces))];

			if (random_below(30) == 0) {
				text[size++] = (char)random32();
			} else {
				size = (size_t)(stpcpy(text + size, piece) - text);
			}
		}
		read_text(&result, text, size, &options);
		if (!options.allow && strstr(result.out, "/0"))
			fail_msg("%.*s -> %s", (int)size, text, result.out);
	}
}

static void progress_reaches(size_t done, size_t size, void *context)
{
	*(size_t *)context += 1;
	assert_true(done <= size);
}

static void a_long_list_reports_progress(void **state)
{
	struct list_options options = { 0 };
	size_t calls = 0, size = 0;
	struct list_callbacks callbacks = { .progress = progress_reaches, .context = &calls };
	char *text = malloc(300000 * 16);
	struct list_report report;
	struct ranges ranges;
	struct fault fault;

	(void)state;
	for (unsigned i = 0; i < 300000; i++)
		size += (size_t)sprintf(text + size, "%u.%u.%u.%u\n", 1 + random_below(8),
					random_below(256), random_below(256), random_below(256));
	assert_int_equal(list_read(text, size, &options, &callbacks, &ranges, &report, &fault), 0);
	assert_true(calls >= 2);
	assert_int_equal(report.lines, 300000);
	ranges_free(&ranges);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_lines_with_comments_are_taken),
		cmocka_unit_test(spamhaus_drop_lines_are_taken),
		cmocka_unit_test(ranges_split_into_prefixes),
		cmocka_unit_test(what_is_no_strict_address_is_refused),
		cmocka_unit_test(a_byte_of_nothing_ends_no_entry),
		cmocka_unit_test(host_bits_are_refused_with_the_corrected_prefix),
		cmocka_unit_test(wide_special_and_own_prefixes_are_refused_unless_forced),
		cmocka_unit_test(prefixes_as_wide_as_allowed_are_taken),
		cmocka_unit_test(more_than_a_tenth_refused_is_no_list),
		cmocka_unit_test(html_empty_and_binary_files_are_no_lists),
		cmocka_unit_test(report_counts_lines_taken_merged),
		cmocka_unit_test(hosts_lines_of_mail_daemons_are_taken),
		cmocka_unit_test(hosts_continuation_keeps_each_line_number),
		cmocka_unit_test(an_address_split_by_a_backslash_stays_one_address),
		cmocka_unit_test(a_backslash_that_continues_nothing_is_no_line),
		cmocka_unit_test(a_commented_continuation_is_refused),
		cmocka_unit_test(a_backslash_in_a_plain_comment_continues_nothing),
		cmocka_unit_test(hosts_patterns_without_addresses_are_refused),
		cmocka_unit_test(hosts_except_is_honoured_or_the_line_refused),
		cmocka_unit_test(hosts_options_of_the_other_action_are_exceptions),
		cmocka_unit_test(iptables_drop_rules_are_taken),
		cmocka_unit_test(iptables_command_files_are_taken),
		cmocka_unit_test(iptables_exceptions_hold_for_later_rules_of_their_chain),
		cmocka_unit_test(iptables_rules_that_a_list_cannot_hold_are_refused),
		cmocka_unit_test(quad_reader_agrees_with_inet_pton),
		cmocka_unit_test(fast_lines_mean_what_careful_lines_mean),
		cmocka_unit_test(random_bytes_are_read_safely),
		cmocka_unit_test(a_long_list_reports_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
