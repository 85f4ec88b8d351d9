// SPDX-License-Identifier: GPL-2.0-or-later
/* Mail that was taken from another server, by each daemon's own line: whom of it a rule may trust.
 * The lines were written by the daemons; addresses and names are of documentation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "log/parse.h"

struct line {
	const char *text;
	const char *source; /* of EVENT_ACCEPTED; NULL: the line is none */
};

#define EXIM "2026-11-28 14:35:48.704 [217] 1xXJWm-00003V-2G <= "
#define SENDMAIL                                                                               \
	"Nov 28 14:49:31 mx sendmail[215]: 6ASEnThT000215: from=<s@remote.example>, size=15, " \
	"class=0, "
#define COURIER "Nov 28 14:45:31 mx courierd: newmsg,id=000000000000008A.000000006B0AE90B.000001E9"
#define SMTPD	"Nov 28 14:37:32 mx smtpd[102]: c157c480d10a8196 smtp "

static const struct line lines[] = {
	{ EXIM
	  "s@remote.example H=(client.example) [198.51.100.35]:37517 I=[192.0.2.1]:25 P=esmtp L.- "
	  "S=242 M8S=0 RT=0.000s T=\"x\" from <s@remote.example> for alice@example.net",
	  "198.51.100.35" },
	{ EXIM
	  "s@remote.example H=(client.example) [2001:db8:bad:24::24]:60551 I=[2001:db8:25::1]:25 "
	  "P=esmtp L.- S=248 M8S=0 RT=0.000s T=\"x\" from <s@remote.example> for a@example.net",
	  "2001:db8:bad:24::24" },
	{ EXIM "s@remote.example H=mx.remote.example [198.51.100.36] P=esmtps "
	       "X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256 CV=no S=1300 id=x@y",
	  "198.51.100.36" },
	{ EXIM "<> R=1xXJWm-00002V-0y U=Debian-exim P=local S=1760", NULL },
	{ EXIM
	  "bob@example.net H=(c.example) [198.51.100.22]:48531 I=[192.0.2.1]:587 P=esmtp S=258",
	  NULL }, /* a host that may relay, on submission */
	{ EXIM "s@remote.example H=([203.0.113.1] P=esmtp S=1) [198.51.100.35] P=esmtp S=242",
	  "198.51.100.35" },
	{ EXIM "s@remote.example H=(c.example) [198.51.100.35] P=esmtpa A=login:bob S=242", NULL },

	{ SENDMAIL "nrcpts=1, msgid=<x@mx>, proto=ESMTP, daemon=MTA4, relay=c31.client.example "
		   "[198.51.100.31]",
	  "198.51.100.31" },
	{ SENDMAIL
	  "nrcpts=1, msgid=<x, proto=ESMTP, daemon=MTA4, relay=[203.0.113.1]>, proto=ESMTPS, "
	  "daemon=MTA6, relay=[IPv6:2001:db8:bad:20:0:0:0:20]",
	  "2001:db8:bad:20::20" },
	{ SENDMAIL "nrcpts=0, proto=ESMTP, daemon=MTA4, relay=[198.51.100.33]",
	  NULL }, /* refused */
	{ SENDMAIL "nrcpts=1, proto=ESMTP, daemon=MSA4, relay=[198.51.100.33]", NULL },
	{ SENDMAIL "nrcpts=1, msgid=<x@mx>, relay=root@localhost", NULL },

	{ COURIER ": dns; client.example (h.example [::ffff:198.51.100.81])", "198.51.100.81" },
	{ COURIER ": dns; client.example ([2001:db8:bad:62::62])", "2001:db8:bad:62::62" },
	{ COURIER ", auth=bob: dns; client.example ([2001:db8:bad:62::62])", NULL },
	{ COURIER ": uucp; x ([203.0.113.1])", NULL },

	{ SMTPD "connected address=198.51.100.40 host=h.example", NULL },
	{ SMTPD "message msgid=f4f9b733 size=324 nrcpt=1 proto=ESMTP", "198.51.100.40" },
	{ SMTPD "authentication user=bob result=ok", NULL },
	{ SMTPD "message msgid=f4f9b734 size=324 nrcpt=1 proto=ESMTP", NULL }, /* bob's message */
	{ SMTPD "disconnected reason=quit", NULL },
	{ SMTPD "message msgid=f4f9b735 size=324 nrcpt=1 proto=ESMTP", NULL }, /* nobody known */

	{ "Nov 28 14:49:31 mx postfix/smtpd[7]: 8C74351089D: client=h.example[198.51.100.50]",
	  "198.51.100.50" },
	{ "Nov 28 14:49:31 mx postfix/submission/smtpd[7]: 8C74351089D: client=h[198.51.100.50]",
	  NULL },
};

static void mail_of_other_servers_is_theirs(void **state)
{
	struct log_parser *parser = log_parser_new();
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	assert_non_null(parser);
	log_parser_set_deliveries(parser, true);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct event event;
		bool found =
			log_parser_line(parser, lines[i].text, strlen(lines[i].text), &event) &&
			event.kind == EVENT_ACCEPTED;

		if (found != (lines[i].source != NULL))
			fail_msg("%s: %s", found ? "taken" : "not taken", lines[i].text);
		if (!found)
			continue;
		assert_true(event.has_source && !event.has_account);
		assert_int_equal(event.service, EVENT_SERVICE_SMTP);
		address_format(&event.source, text);
		assert_string_equal(text, lines[i].source);
	}
	log_parser_free(parser);
}

static void a_message_that_is_not_queued_yet_has_no_queue_id(void **state)
{
	static const struct {
		const char *text, *queue;
	} messages[] = {
		{ "Nov 28 14:49:31 mx postfix/smtpd[7]: NOQUEUE: client=h[198.51.100.50], "
		  "sasl_method=PLAIN, sasl_username=bob",
		  "" },
		{ "Nov 28 14:49:41 mx postfix/smtpd[7]: 8C74351089D: client=h[198.51.100.50], "
		  "sasl_method=PLAIN, sasl_username=bob",
		  "8C74351089D" },
	};
	struct log_parser *parser = log_parser_new();
	struct event event;

	(void)state;
	assert_non_null(parser);
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		assert_true(log_parser_line(parser, messages[i].text, strlen(messages[i].text),
					    &event));
		assert_int_equal(event.kind, EVENT_MESSAGE);
		assert_string_equal(event.queue, messages[i].queue);
	}
	log_parser_free(parser);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_of_other_servers_is_theirs),
		cmocka_unit_test(a_message_that_is_not_queued_yet_has_no_queue_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
