// SPDX-License-Identifier: GPL-2.0-or-later
/* Logins by policy: typing errors, stale devices, old passwords and guesses told apart, strangers
 * refused after a leak, and that nobody can tell a right password from a wrong one then. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy_room.h"
#include "policy/secret.h"

#define WRONG "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER "ee112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void guess(char hash[65], unsigned number)
{
	snprintf(hash, 65, "%08x%s", 0xa0000000U + number, RIGHT + 8);
}

static void five_hundred_repeats_of_one_wrong_password_ban_nobody(void **state)
{
	struct office *office = office_open();

	(void)state;
	owner_settles(office);
	assert_int_equal(tries(office, STRANGER, WRONG), JUDGE_PASSWORD_NEW);
	for (int i = 0; i < 500; i++) {
		office->now += S;
		assert_int_equal(tries(office, STRANGER, WRONG), JUDGE_PASSWORD_REPEATED);
		assert_false(office->report.counts);
	}
	assert_int_equal(office->room->bans, 0);
	office_close(office);
}

static void five_different_wrong_passwords_ban(void **state)
{
	struct office *office = office_open();
	char hash[65];

	(void)state;
	owner_settles(office);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(office->room->bans, 0);
		guess(hash, i);
		assert_int_equal(tries(office, STRANGER, hash), JUDGE_PASSWORD_NEW);
	}
	assert_true(banned(office->room, STRANGER "/32"));
	office_close(office);
}

static void nine_guesses_in_turn_count_again_and_eight_do_not(void **state)
{
	struct office *office = office_open();
	char hash[65];

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		guess(hash, i % 8);
		assert_int_equal(tries(office, STRANGER, hash),
				 i < 8 ? JUDGE_PASSWORD_NEW : JUDGE_PASSWORD_REPEATED);
		office->now += S;
	}
	for (unsigned i = 0; i < 18; i++) {
		guess(hash, 100 + i % 9);
		assert_int_equal(tries(office, STRANGER, hash), JUDGE_PASSWORD_NEW);
		office->now += S;
	}
	office_close(office);
}

static void without_a_password_every_try_counts(void **state)
{
	struct office *office = office_open();

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct policy_login login = login_of(office, STRANGER, i % 2 ? "" : WRONG);

		assert_int_equal(office->room->bans, 0);
		login.secret = i % 2 ? POLICY_SECRET_PASSWORD : POLICY_SECRET_NONE;
		office_report(office, &login);
		assert_int_equal(office->report.password, JUDGE_PASSWORD_NONE);
		assert_true(office->report.counts);
	}
	assert_int_equal(office->room->bans, 1);
	office_close(office);
}

/* By a mechanism that nobody names the digest is constant, too. */
static void unnamed_mechanisms_are_not_repeated_for_ever(void **state)
{
	struct office *office = office_open();
	struct policy_login login = login_of(office, STRANGER, WRONG);
	unsigned counted = 0;

	(void)state;
	login.secret = POLICY_SECRET_UNKNOWN;
	for (int i = 0; i < 1100; i++) {
		judge_report(office->judge, &login, &office->report);
		counted += office->report.counts;
		assert_true(counted <= 1 || i > 1000);
	}
	assert_int_equal(counted, 100);
	office_close(office);
}

static void password_changes(struct office *office)
{
	office->now += HOUR;
	succeeds(office, OWNER, OTHER);
	office->now += HOUR;
}

static void a_stale_device_does_not_count(void **state)
{
	struct office *office = office_open();

	(void)state;
	owner_settles(office);
	password_changes(office);
	for (int i = 0; i < 600; i++) {
		assert_int_equal(tries(office, OWNER, RIGHT), JUDGE_PASSWORD_STALE);
		assert_false(office->report.counts);
		/* Another address of the owner's provider. */
		assert_int_equal(tries(office, "100.64.9.9", RIGHT), JUDGE_PASSWORD_STALE);
	}
	assert_int_equal(office->room->count, 0);
	assert_non_null(strstr(office->report.text, "not up to date"));
	office_close(office);
}

static void an_old_password_of_a_stranger_alerts_and_of_two_bans_both(void **state)
{
	struct office *office = office_open();
	struct detect_look look;
	struct policy_login login;

	(void)state;
	owner_settles(office);
	password_changes(office);
	assert_int_equal(tries(office, STRANGER, RIGHT), JUDGE_PASSWORD_OLD);
	assert_int_equal(office->report.event.password, EVENT_PASSWORD_OLD);
	assert_int_equal(office->room->bans, 0);
	assert_int_equal(office->room->alerts, 1);
	assert_int_equal(last(office->room)->rule, RULE_ACCOUNT_OLD_PASSWORD);
	/* His mail program goes on. */
	assert_int_equal(tries(office, STRANGER, RIGHT), JUDGE_PASSWORD_REPEATED);
	/* Another address of the same provider proves nothing. */
	assert_int_equal(tries(office, "100.66.0.2", RIGHT), JUDGE_PASSWORD_OLD);
	assert_int_equal(office->room->bans, 0);
	login = login_of(office, OWNER, OTHER);
	detect_look(office->room->detect, ACCOUNT, &login.source, office->now, &look);
	assert_false(look.leaked);
	assert_int_equal(tries(office, "100.67.0.1", RIGHT), JUDGE_PASSWORD_OLD);
	assert_true(banned(office->room, STRANGER "/32"));
	assert_true(banned(office->room, "100.67.0.1/32"));
	detect_look(office->room->detect, ACCOUNT, &login.source, office->now, &look);
	assert_true(look.leaked);
	/* Nobody is told what the password was. */
	for (size_t i = 0; i < office->room->count; i++)
		assert_null(strstr(office->room->decisions[i].reason, RIGHT));
	office_close(office);
}

/* 12 bits, as Dovecot cuts to: a guess hits one of the old ones now and then. */
static void a_short_digest_proves_little(void **state)
{
	struct office *office = office_open();

	(void)state;
	office->now -= 14 * DAY;
	succeeds(office, OWNER, "0abc");
	office->now += 14 * DAY;
	succeeds(office, OWNER, "0abc");
	office->now += HOUR;
	succeeds(office, OWNER, "0def");
	office->now += HOUR;
	assert_int_equal(tries(office, STRANGER, "0abc"), JUDGE_PASSWORD_OLD);
	assert_int_equal(office->report.event.password, EVENT_PASSWORD_PERHAPS_OLD);
	assert_int_equal(office->room->alerts, 0);
	/* Many guess; one hits it, too. */
	for (unsigned i = 0; i < 40; i++) {
		char source[32], hash[8];

		snprintf(source, sizeof(source), "100.%u.1.1", 70 + i % 10);
		snprintf(hash, sizeof(hash), "0%03x", 0x100 + i);
		tries(office, source, hash);
	}
	tries(office, "100.68.0.1", "0abc");
	assert_int_equal(office->report.event.password, EVENT_PASSWORD_PERHAPS_OLD);
	/* Another one has it soon after. */
	tries(office, "100.69.0.1", "0abc");
	assert_int_equal(office->report.event.password, EVENT_PASSWORD_OLD);
	assert_true(banned(office->room, "100.69.0.1/32"));
	assert_true(banned(office->room, "100.68.0.1/32"));
	office_close(office);
}

/* Of two mail servers one cuts its digests short. */
static void a_short_digest_proves_little_beside_long_ones(void **state)
{
	struct office *office = office_open();

	(void)state;
	owner_settles(office);
	succeeds(office, OWNER, "0abc");
	office->now += HOUR;
	succeeds(office, OWNER, "0def");
	office->now += HOUR;
	succeeds(office, OWNER, RIGHT);
	office->now += HOUR;
	assert_int_equal(tries(office, STRANGER, "0abc"), JUDGE_PASSWORD_OLD);
	assert_int_equal(office->report.event.password, EVENT_PASSWORD_PERHAPS_OLD);
	assert_int_equal(office->room->alerts, 0);
	office_close(office);
}

/* A server that is ill refuses what is right. */
static void the_right_password_refused_is_no_old_one(void **state)
{
	struct office *office = office_open();
	struct policy_login login;

	(void)state;
	owner_settles(office);
	/* The owner's telephone, elsewhere: as one guess, so that nobody is told that it is none. */
	assert_int_equal(tries(office, STRANGER, RIGHT), JUDGE_PASSWORD_NEW);
	assert_true(office->report.counts);
	for (int i = 0; i < 600; i++) {
		assert_int_equal(tries(office, STRANGER, RIGHT), JUDGE_PASSWORD_REPEATED);
		assert_false(office->report.counts);
	}
	assert_int_equal(office->room->bans, 0);
	assert_int_equal(office->room->alerts, 0);
	/* Where nobody names the mechanism it may be the digest of one without a password. */
	login = login_of(office, STRANGER, RIGHT);
	login.secret = POLICY_SECRET_UNKNOWN;
	office_report(office, &login);
	assert_int_equal(office->report.password, JUDGE_PASSWORD_NONE);
	password_changes(office);
	login = login_of(office, STRANGER, RIGHT);
	for (int fail = POLICY_FAIL_DISABLED; fail <= POLICY_FAIL_INTERNAL; fail++) {
		login.fail = (enum policy_fail)fail;
		office_report(office, &login);
		assert_false(office->report.counts);
	}
	assert_int_equal(office->room->alerts, 0);
	office_close(office);
}

static void spread(struct office *office)
{
	for (unsigned i = 0; i < 10; i++) {
		char source[32];

		snprintf(source, sizeof(source), "100.%u.0.1", 65 + i);
		office->now += MINUTE;
		enters(office, source, RIGHT, RIGHT);
	}
	office->now += MINUTE;
}

/* What was right in a time to come does not make what is right now an old one. */
static void a_clock_that_is_set_back_leaks_nothing(void **state)
{
	struct office *office = office_open();
	int64_t now;

	(void)state;
	owner_settles(office);
	now = office->now;
	office->now += DAY;
	succeeds(office, OWNER, RIGHT);
	office->now = now + 10 * S;
	succeeds(office, OWNER, OTHER);
	office->now += S;
	assert_int_equal(tries(office, STRANGER, OTHER), JUDGE_PASSWORD_NEW);
	assert_int_equal(office->room->alerts, 0);
	office_close(office);
}

static void a_leak_ends_when_the_owner_changes_the_password(void **state)
{
	struct office *office = office_open();

	(void)state;
	owner_settles(office);
	spread(office);
	assert_false(enters(office, "100.90.0.1", RIGHT, RIGHT));
	assert_true(office->answer.refuse);
	/* The owner himself, another address of his provider, and his own network come in. */
	assert_true(enters(office, OWNER, RIGHT, RIGHT));
	assert_false(office->report.changed);
	assert_true(enters(office, "100.64.200.1", RIGHT, RIGHT));
	assert_true(enters(office, "192.168.1.5", RIGHT, RIGHT));
	succeeds(office, OWNER, OTHER);
	assert_true(office->report.changed);
	assert_true(enters(office, "100.91.0.1", OTHER, OTHER));
	office_close(office);
}

/* Whoever is let in once is not the owner, and tokens are others each hour. */
static void nobody_else_ends_a_leak(void **state)
{
	struct office *office = office_open();
	struct policy_login token;

	(void)state;
	owner_settles(office);
	spread(office);
	succeeds(office, "100.64.77.1", OTHER); /* seen, of the owner's provider */
	assert_false(office->report.changed);
	for (unsigned i = 0; i < 9; i++) {
		token = login_of(office, OWNER, "");
		guess(token.hash, i);
		token.secret = POLICY_SECRET_NONE;
		token.success = true;
		office_report(office, &token);
		assert_false(office->report.changed);
	}
	assert_false(enters(office, "100.90.0.1", RIGHT, RIGHT));
	office_close(office);
}

/* Each program has one of its own: that another comes is no change. */
static void several_right_passwords_end_no_leak(void **state)
{
	struct office *office = office_open();

	(void)state;
	owner_settles(office);
	for (unsigned i = 0; i < 4; i++) {
		office->now += HOUR;
		succeeds(office, OWNER, i % 2 ? RIGHT : OTHER);
	}
	spread(office);
	office->now += HOUR;
	succeeds(office, OWNER, WRONG);
	assert_false(office->report.changed);
	assert_false(enters(office, "100.90.0.1", RIGHT, RIGHT));
	office_close(office);
}

static void trust_by_hand_and_two_quiet_windows_end_it(void **state)
{
	struct office *office = office_open();

	(void)state;
	owner_settles(office);
	spread(office);
	assert_false(enters(office, "100.90.0.1", RIGHT, RIGHT));
	detect_trust_account(office->room->detect, ACCOUNT);
	assert_true(enters(office, "100.91.0.1", RIGHT, RIGHT));
	office_close(office);

	office = office_open();
	owner_settles(office);
	spread(office);
	office->now += 47 * HOUR;
	assert_false(enters(office, "100.90.0.1", RIGHT, RIGHT));
	office->now += 49 * HOUR;
	assert_true(enters(office, "100.91.0.1", RIGHT, RIGHT));
	office_close(office);
}

/* Networks that only guess never keep the owner out, wherever he is. */
static void a_siege_alone_refuses_nobody(void **state)
{
	struct office *office = office_open();
	char source[32], hash[65];

	(void)state;
	owner_settles(office);
	for (unsigned i = 0; i < 500; i++) {
		snprintf(source, sizeof(source), "100.%u.%u.1", 65 + i % 30, i / 30);
		guess(hash, i);
		assert_false(enters(office, source, hash, RIGHT));
		assert_false(office->answer.would);
	}
	assert_true(enters(office, "100.99.3.3", RIGHT, RIGHT));
	office_close(office);
}

static void monitor_refuses_nobody(void **state)
{
	struct office *office = office_open();

	(void)state;
	office->settings.monitor = true;
	judge_configure(office->judge, &office->settings);
	owner_settles(office);
	spread(office);
	assert_true(enters(office, "100.90.0.1", RIGHT, RIGHT));
	assert_true(office->answer.would);
	office_close(office);
}

/* What one of two strangers meets, attempt by attempt, with the right password and with wrong ones.
 */
struct met {
	struct judge_login answers[5];
	struct judge_report reports[5];
	bool let_in[5];
	unsigned banned_at;
};

static void attack(struct office *office, const char *source, bool right, struct met *met)
{
	*met = (struct met){ 0 };
	for (unsigned i = 0; i < 5; i++) {
		char hash[65];

		guess(hash, i);
		met->let_in[i] = enters(office, source, right ? RIGHT : hash, RIGHT);
		met->answers[i] = office->answer;
		met->reports[i] = office->report;
		if (!met->banned_at && last(office->room)->action == ACTION_BAN)
			met->banned_at = i + 1;
		office->now += S;
	}
}

static void after_a_leak_a_right_password_is_like_a_wrong_one(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) { /* five attempts each */
		struct office *offices[2] = { office_open(), office_open() };
		struct met met[2];
		char source[32];

		snprintf(source, sizeof(source), "100.%u.%u.%u", 76 + i % 27, i / 27, 1 + i);
		for (unsigned j = 0; j < 2; j++) {
			owner_settles(offices[j]);
			spread(offices[j]);
			room_event(offices[j]->room, EVENT_BOUNCE, NULL, NULL, offices[j]->now);
			attack(offices[j], source, j, &met[j]);
		}
		assert_int_equal(met[0].banned_at, 1);
		for (unsigned j = 0; j < 5; j++)
			assert_false(met[1].let_in[j]);
		assert_memory_equal(&met[0], &met[1], sizeof(met[0]));
		assert_int_equal(offices[0]->room->bans, offices[1]->room->bans);
		office_close(offices[0]);
		office_close(offices[1]);
	}
}

static void the_digest_is_an_hmac_and_depends_on_the_key(void **state)
{
	uint8_t key[JUDGE_KEY_SIZE], other[JUDGE_KEY_SIZE];

	(void)state;
	/* echo -n 0abc | openssl dgst -sha256 -mac HMAC -macopt hexkey:0b0b... */
	memset(key, 0x0b, sizeof(key));
	memset(other, 0x0c, sizeof(other));
	assert_int_equal(secret_digest(key, "0abc"), 0xf220d221);
	assert_int_not_equal(secret_digest(other, "0abc"), 0xf220d221);
}

static void the_key_is_made_once_and_read_only_when_it_is_a_secret(void **state)
{
	char folder[] = "/tmp/sekisho-judge-XXXXXX", path[64];
	uint8_t key[JUDGE_KEY_SIZE], again[JUDGE_KEY_SIZE];
	struct fault fault = { 0 };
	struct stat status;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/key", folder);
	assert_int_equal(judge_key_load(path, key, &fault), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(judge_key_load(path, again, &fault), 0);
	assert_memory_equal(key, again, sizeof(key));
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(judge_key_load(path, again, &fault), -EACCES);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 5), 0);
	assert_int_equal(judge_key_load(path, again, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "remove it"));
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_not_equal(judge_key_load(path, again, &fault), 0);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_hundred_repeats_of_one_wrong_password_ban_nobody),
		cmocka_unit_test(five_different_wrong_passwords_ban),
		cmocka_unit_test(nine_guesses_in_turn_count_again_and_eight_do_not),
		cmocka_unit_test(without_a_password_every_try_counts),
		cmocka_unit_test(unnamed_mechanisms_are_not_repeated_for_ever),
		cmocka_unit_test(a_stale_device_does_not_count),
		cmocka_unit_test(an_old_password_of_a_stranger_alerts_and_of_two_bans_both),
		cmocka_unit_test(a_short_digest_proves_little),
		cmocka_unit_test(a_short_digest_proves_little_beside_long_ones),
		cmocka_unit_test(the_right_password_refused_is_no_old_one),
		cmocka_unit_test(a_clock_that_is_set_back_leaks_nothing),
		cmocka_unit_test(a_leak_ends_when_the_owner_changes_the_password),
		cmocka_unit_test(nobody_else_ends_a_leak),
		cmocka_unit_test(several_right_passwords_end_no_leak),
		cmocka_unit_test(trust_by_hand_and_two_quiet_windows_end_it),
		cmocka_unit_test(a_siege_alone_refuses_nobody),
		cmocka_unit_test(monitor_refuses_nobody),
		cmocka_unit_test(after_a_leak_a_right_password_is_like_a_wrong_one),
		cmocka_unit_test(the_digest_is_an_hmac_and_depends_on_the_key),
		cmocka_unit_test(the_key_is_made_once_and_read_only_when_it_is_a_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
