// SPDX-License-Identifier: GPL-2.0-or-later
/* What Dovecot and Postfix send, as structs; the key file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/api_keys.h"
#include "policy/auth_request.h"
#include "policy/delegation.h"
#include "policy/digest_width.h"

static bool read_login(const char *body, struct policy_login *login)
{
	return auth_request_read(body, strlen(body), 7, login);
}

static void assert_source(const struct address *source, const char *wanted)
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(source, text);
	assert_string_equal(text, wanted);
}

static void a_report_of_dovecot_reaches_every_member(void **state)
{
	struct policy_login login;

	(void)state;
	assert_true(read_login("{\"login\":\"bob@example.org\",\"pwhash\":\"0A3F\",\"remote\":"
			       "\"192.0.2.5\",\"device_id\":\"phone\",\"protocol\":\"imap\","
			       "\"session_id\":\"w2/t8mBh\",\"mech\":\"PLAIN\",\"success\":true,"
			       "\"policy_reject\":true,\"fail_type\":\"expired\",\"tls\":true}\n",
			       &login));
	assert_int_equal(login.wall_ns, 7);
	assert_string_equal(login.account, "bob@example.org");
	assert_string_equal(login.hash, "0a3f");
	assert_int_equal(login.hash_bits, 16);
	assert_true(login.has_source);
	assert_source(&login.source, "192.0.2.5");
	assert_string_equal(login.device, "phone");
	assert_string_equal(login.session, "w2/t8mBh");
	assert_int_equal(login.service, EVENT_SERVICE_IMAP);
	assert_int_equal(login.secret, POLICY_SECRET_PASSWORD);
	assert_int_equal(login.fail, POLICY_FAIL_EXPIRED);
	assert_true(login.success && login.refused && login.tls);
}

static void what_is_not_understood_is_left_out(void **state)
{
	struct policy_login login;

	(void)state;
	assert_true(read_login("{\"login\":\"\",\"pwhash\":\"xyz\",\"remote\":\"here\","
			       "\"protocol\":\"smtp\",\"mech\":\"SCRAM-SHA-256\"}",
			       &login));
	assert_false(login.has_account || login.has_source || login.success);
	assert_int_equal(login.hash_bits, 0);
	assert_int_equal(login.service, EVENT_SERVICE_UNKNOWN);
	assert_int_equal(login.secret, POLICY_SECRET_NONE);
	assert_true(read_login("{\"login\":[1],\"remote\":{\"a\":1}}", &login));
	assert_false(login.has_account || login.has_source);
	assert_true(read_login("{\"login\":\"a\\u0000\\n\xff\\ud800\"}", &login));
	assert_string_equal(login.account, "a\\x00\\x0a\\xff\\xed\\xa0\\x80");
	assert_false(read_login("{}", &login));
	assert_false(read_login("{\"success\":true}", &login));
	assert_false(read_login("[\"login\"]", &login));
	assert_false(read_login("", &login));
	assert_false(read_login("{\"login\":\"a\"", &login));
}

#define HEAD "request=smtpd_access_policy\n"

static bool read_mail(const char *text, struct policy_mail *mail, uint16_t *port)
{
	assert_int_equal(delegation_size(text, strlen(text)), strlen(text));
	return delegation_read(text, strlen(text), 7, mail, port);
}

static void a_request_of_postfix_reaches_every_member(void **state)
{
	struct policy_mail mail;
	uint16_t port;

	(void)state;
	assert_true(read_mail(HEAD "protocol_state=RCPT\nclient_address=2001:db8::5\n"
				   "client_port=51234\nserver_port=587\nsasl_username=bob\n"
				   "sender=a@example.org\nrecipient=b@example.org\nqueue_id=4SX\n"
				   "instance=7b.1\nrecipient_count=3\nsize=1234\nsize=5\nx=y\n\n",
			      &mail, &port));
	assert_int_equal(mail.stage, POLICY_STAGE_RCPT);
	assert_source(&mail.source, "2001:db8::5");
	assert_int_equal(mail.port, 51234);
	assert_int_equal(port, 587);
	assert_string_equal(mail.account, "bob");
	assert_string_equal(mail.sender, "a@example.org");
	assert_string_equal(mail.recipient, "b@example.org");
	assert_string_equal(mail.queue, "4SX");
	assert_string_equal(mail.instance, "7b.1");
	assert_int_equal(mail.recipients, 3);
	assert_int_equal(mail.size, 1234);
	assert_true(read_mail(HEAD "protocol_state=END-OF-MESSAGE\nclient_address=unknown\n"
				   "client_port=99999\nsize=-1\n\n",
			      &mail, &port));
	assert_int_equal(mail.stage, POLICY_STAGE_END);
	assert_false(mail.has_source || mail.has_account || mail.port || mail.size);
	assert_false(read_mail("request=other\n\n", &mail, &port));
	assert_false(read_mail("\n", &mail, &port));
	assert_int_equal(delegation_size(HEAD, strlen(HEAD)), 0);
	assert_int_equal(delegation_size("a=b\n\nc=d\n\n", 10), 5);
}

#define KEY1 "0123456789abcdef"
#define KEY2 "fedcba9876543210fedcba"

static int read_keys(const char *text, struct api_keys *keys, struct fault *fault)
{
	return api_keys_read("file", text, strlen(text), keys, fault);
}

static void keys_are_one_or_two_lines(void **state)
{
	struct api_keys keys;
	struct fault fault = { 0 };
	char longer[600];

	(void)state;
	assert_int_equal(read_keys("# comment\r\n\n" KEY1 "\r\n" KEY2, &keys, &fault), 0);
	assert_true(api_keys_match(&keys, KEY1));
	assert_true(api_keys_match(&keys, KEY2));
	assert_false(api_keys_match(&keys, ""));
	assert_false(api_keys_match(&keys, KEY1 "0"));
	assert_false(api_keys_match(&keys, "0123456789abcde"));
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_false(api_keys_match(&keys, longer));
	assert_int_equal(read_keys(KEY1 "\n", &keys, &fault), 0);
	assert_false(api_keys_match(&keys, "")); /* the unused place is no key */
	assert_int_equal(read_keys("short\n", &keys, &fault), -EINVAL);
	assert_string_equal(fault.text, "file:1: a key has 16 to 256 characters, not 5");
	assert_int_equal(read_keys(KEY1 " x\n", &keys, &fault), -EINVAL);
	assert_int_equal(read_keys(KEY1 "\n" KEY2 "\n" KEY1 "\n", &keys, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "file:3: there are more than 2 keys"));
	assert_int_equal(read_keys("#\n\n", &keys, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "holds no key"));
}

/* A digest as Dovecot sends it: whole bytes, what was cut off shifted out to the right. */
static void cut(uint32_t digest, unsigned bits, struct policy_login *login)
{
	unsigned digits = (bits + 7) / 8 * 2;

	*login = (struct policy_login){ .hash_bits = 4 * digits };
	snprintf(login->hash, sizeof(login->hash), "%0*x", (int)digits, digest >> (32 - bits));
}

static void see_digests(struct digest_width *width, unsigned bits, unsigned count)
{
	struct policy_login login;

	/* Multiples of the golden ratio: evenly spread. */
	for (uint32_t i = 1; i <= count; i++) {
		cut(i * 2654435769U, bits, &login);
		digest_width_see(width, &login);
	}
}

static void the_size_of_digests_is_seen_where_it_is_no_multiple_of_a_byte(void **state)
{
	static const unsigned all[] = { 9, 12, 16, 17, 20, 22, 23, 24, 25, 30, 32 };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct digest_width width = { 0 };

		assert_int_equal(digest_width_bits(&width), 0);
		see_digests(&width, all[i], 1);
		assert_int_equal(digest_width_bits(&width), (all[i] + 7) / 8 * 8);
		see_digests(&width, all[i], 200);
		assert_int_equal(digest_width_bits(&width), all[i]);
		assert_int_equal(digest_width_reaches(&width, 24), all[i] >= 24);
	}
}

static void one_digest_again_and_again_tells_nothing_of_its_size(void **state)
{
	struct digest_width width = { 0 };
	struct policy_login login;

	(void)state;
	cut(0x00123456, 24, &login);
	for (unsigned i = 0; i < 1000; i++)
		digest_width_see(&width, &login);
	assert_int_equal(digest_width_bits(&width), 24);
	assert_false(digest_width_reaches(&width, 24));
}

static void another_size_of_digests_is_seen_soon(void **state)
{
	struct digest_width width = { 0 };

	(void)state;
	see_digests(&width, 24, 100);
	see_digests(&width, 20, 200);
	assert_int_equal(digest_width_bits(&width), 20);
	see_digests(&width, 12, 1);
	assert_int_equal(digest_width_bits(&width), 16);
	see_digests(&width, 32, 1);
	assert_true(digest_width_reaches(&width, 24));
	see_digests(&width, 12, 1);
	assert_false(digest_width_reaches(&width, 24));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_of_dovecot_reaches_every_member),
		cmocka_unit_test(what_is_not_understood_is_left_out),
		cmocka_unit_test(a_request_of_postfix_reaches_every_member),
		cmocka_unit_test(keys_are_one_or_two_lines),
		cmocka_unit_test(the_size_of_digests_is_seen_where_it_is_no_multiple_of_a_byte),
		cmocka_unit_test(one_digest_again_and_again_tells_nothing_of_its_size),
		cmocka_unit_test(another_size_of_digests_is_seen_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
