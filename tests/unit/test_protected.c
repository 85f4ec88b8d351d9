// SPDX-License-Identifier: GPL-2.0-or-later
/* What can never be banned. The machine's addresses are made up here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <errno.h>
#include <utmpx.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "enforce/bans.h"
#include "net/devices.h"

static struct prefix prefix(const char *text)
{
	struct prefix result;

	assert_int_equal(prefix_parse(text, strlen(text), &result), 0);
	return result;
}

static bool netlink_fails;

int devices_own(struct prefix **prefixes, size_t *count, struct fault *fault)
{
	if (netlink_fails)
		return fault_set(fault, -EIO, "netlink says no");
	*prefixes = calloc(4, sizeof(**prefixes));
	assert_non_null(*prefixes);
	(*prefixes)[0] = prefix("203.0.113.25");
	(*prefixes)[1] = prefix("10.1.2.3");
	(*prefixes)[2] = prefix("10.1.2.1");
	(*prefixes)[3] = prefix("2001:db8:25::25");
	*count = 4;
	return 0;
}

static struct protected_set load(const struct config *config)
{
	struct protected_set set;
	struct fault fault;

	assert_int_equal(protected_load(config, &set, &fault), 0);
	return set;
}

static void cleanup_set(struct protected_set *set)
{
	protected_free(set);
}

static const char *why(const struct protected_set *set, const char *text)
{
	struct prefix asked = prefix(text);

	return protected_why(set, &asked);
}

static void expect_why(const struct protected_set *set, const char *text, const char *part)
{
	const char *said = why(set, text);

	if (!said)
		fail_msg("%s could be banned", text);
	else if (!strstr(said, part))
		fail_msg("%s: '%s' does not say '%s'", text, said, part);
}

static void expect_none(const struct protected_set *set, const char *text)
{
	const char *said = why(set, text);

	if (said)
		fail_msg("%s could not be banned: %s", text, said);
}

static int without_sessions(void **state)
{
	(void)state;
	unsetenv("SSH_CONNECTION");
	unsetenv("SSH_CLIENT");
	utmpxname("/nonexistent");
	netlink_fails = false;
	return 0;
}

static void own_addresses_are_refused_from_inside_and_outside(void **state)
{
	struct config config = { 0 };
	_cleanup_(cleanup_set) struct protected_set set = load(&config);

	(void)state;
	expect_why(&set, "203.0.113.25", "203.0.113.25 is an address of this machine");
	expect_why(&set, "203.0.113.0/24", "203.0.113.25");
	expect_why(&set, "203.0.0.0/8", "203.0.113.25");
	expect_why(&set, "2001:db8:25::25", "address of this machine");
	expect_why(&set, "2001:db8:25::/64", "2001:db8:25::25");
	expect_why(&set, "2001::/16", "2001:db8:25::25");
	expect_none(&set, "203.0.113.26");
	expect_none(&set, "203.0.113.128/25");
	expect_none(&set, "204.0.0.0/8");
	expect_none(&set, "2001:db8:25:1::/64");
}

static void a_prefix_that_shuts_out_everybody_is_called_that(void **state)
{
	struct protected_set none = { 0 };

	(void)state;
	expect_why(&none, "0.0.0.0/0", "every IPv4 address");
	expect_why(&none, "::/0", "every IPv6 address");
	expect_why(&none, "::ffff:0:0/96", "every IPv4 address");
	expect_why(&none, "8.0.0.0/7", "too wide");
	expect_why(&none, "128.0.0.0/1", "too wide");
	expect_why(&none, "2000::/15", "too wide");
	expect_none(&none, "9.0.0.0/8");
	expect_none(&none, "2a00::/16");
}

static void loopback_and_what_nobody_comes_from_are_refused(void **state)
{
	struct protected_set none = { 0 };

	(void)state;
	expect_why(&none, "127.0.0.1", "loopback");
	expect_why(&none, "127.0.0.0/8", "loopback");
	expect_why(&none, "127.255.255.255", "loopback");
	expect_why(&none, "::1", "loopback");
	expect_why(&none, "::/96", "loopback");
	expect_why(&none, "::ffff:127.0.0.1", "loopback");
	expect_why(&none, "169.254.1.1", "link-local");
	expect_why(&none, "169.0.0.0/8", "link-local");
	expect_why(&none, "fe80::1", "link-local");
	expect_why(&none, "224.0.0.1", "multicast");
	expect_why(&none, "ff02::1", "multicast");
	expect_why(&none, "0.0.0.0", "0.0.0.0/8");
	expect_why(&none, "::", "unspecified");
}

static void private_addresses_can_be_banned_unless_they_are_our_own(void **state)
{
	struct config config = { 0 };
	_cleanup_(cleanup_set) struct protected_set set = load(&config);

	(void)state;
	expect_none(&set, "10.1.2.4");
	expect_none(&set, "192.168.0.0/16");
	expect_none(&set, "172.16.5.0/24");
	expect_none(&set, "fd00:1::/64");
	expect_none(&set, "100.64.0.1");
	expect_why(&set, "10.0.0.0/8", "10.1.2.");
}

static void never_ban_of_the_configuration_holds(void **state)
{
	struct prefix never[2] = { prefix("198.51.100.0/24"), prefix("2a01:4f8::/32") };
	struct config config = { .never_ban = never, .never_ban_count = 2 };
	_cleanup_(cleanup_set) struct protected_set set = load(&config);

	(void)state;
	expect_why(&set, "198.51.100.7", "198.51.100.0/24 is never banned, by the configuration");
	expect_why(&set, "198.51.0.0/16", "198.51.100.0/24");
	expect_why(&set, "2a01:4f8:1:2::/64", "configuration");
	expect_none(&set, "198.51.101.7");
}

static void the_administrators_own_session_is_protected(void **state)
{
	struct config config = { 0 };

	(void)state;
	setenv("SSH_CONNECTION", "198.51.100.9 50022 203.0.113.25 22", 1);
	setenv("SSH_CLIENT", "2a02:8071:1:2::9%eth0 50022 22", 1);
	{
		_cleanup_(cleanup_set) struct protected_set set = load(&config);

		expect_why(&set, "198.51.100.9", "login session");
		expect_why(&set, "2a02:8071:1:2::/64", "login session");
		expect_none(&set, "198.51.100.10");
	}
	setenv("SSH_CONNECTION", "UNKNOWN 65535 UNKNOWN 65535", 1);
	setenv("SSH_CLIENT", "", 1);
	{
		_cleanup_(cleanup_set) struct protected_set set = load(&config);

		expect_none(&set, "198.51.100.9");
	}
}

static void put_entry(FILE *file, short type, const char *host, const char *address)
{
	struct utmpx entry = { .ut_type = type };

	memcpy(entry.ut_user, "admin", 5);
	memcpy(entry.ut_host, host, strlen(host));
	if (address && strchr(address, ':'))
		assert_int_equal(inet_pton(AF_INET6, address, entry.ut_addr_v6), 1);
	else if (address)
		assert_int_equal(inet_pton(AF_INET, address, entry.ut_addr_v6), 1);
	assert_int_equal(fwrite(&entry, sizeof(entry), 1, file), 1);
}

static void peers_of_login_sessions_are_protected(void **state)
{
	char path[] = "/tmp/sekisho-utmp-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");
	struct config config = { 0 };

	(void)state;
	put_entry(file, USER_PROCESS, "home.example.net", "198.51.100.1");
	put_entry(file, USER_PROCESS, "", "2a02:1::5");
	put_entry(file, USER_PROCESS, "198.51.100.3", NULL);
	put_entry(file, USER_PROCESS, "2a02:1::7", NULL);
	put_entry(file, USER_PROCESS, "198.51.100.5:S.0", NULL);
	put_entry(file, USER_PROCESS, "mosh [123]", NULL);
	put_entry(file, USER_PROCESS, ":0", "0.0.0.0");
	put_entry(file, USER_PROCESS, "", "::ffff:198.51.100.8");
	put_entry(file, DEAD_PROCESS, "198.51.100.4", "198.51.100.4");
	fclose(file);
	utmpxname(path);
	{
		_cleanup_(cleanup_set) struct protected_set set = load(&config);

		unlink(path);
		expect_why(&set, "198.51.100.1", "198.51.100.1 is where a login session");
		expect_why(&set, "2a02:1::/64", "2a02:1::5");
		expect_why(&set, "198.51.100.3", "login");
		expect_why(&set, "2a02:1::7", "login");
		expect_why(&set, "198.51.100.5", "login");
		expect_why(&set, "198.51.100.8", "login");
		expect_none(&set, "198.51.100.4");
		expect_none(&set, "198.51.100.2");
		assert_int_equal(set.count, 4 + 6);
	}
}

static void what_cannot_be_known_is_a_fault_and_not_an_empty_set(void **state)
{
	struct config config = { 0 };
	struct protected_set set;
	struct fault fault;

	(void)state;
	netlink_fails = true;
	assert_int_equal(protected_load(&config, &set, &fault), -EIO);
	assert_non_null(strstr(fault.text, "netlink says no"));
}

#define TEST(name) cmocka_unit_test_setup(name, without_sessions)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(own_addresses_are_refused_from_inside_and_outside),
		TEST(a_prefix_that_shuts_out_everybody_is_called_that),
		TEST(loopback_and_what_nobody_comes_from_are_refused),
		TEST(private_addresses_can_be_banned_unless_they_are_our_own),
		TEST(never_ban_of_the_configuration_holds),
		TEST(the_administrators_own_session_is_protected),
		TEST(peers_of_login_sessions_are_protected),
		TEST(what_cannot_be_known_is_a_fault_and_not_an_empty_set),
	};

	return cmocka_run_group_tests_name("protected", tests, NULL, NULL);
}
